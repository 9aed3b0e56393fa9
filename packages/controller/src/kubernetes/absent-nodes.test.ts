import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { AbsentNodes } from "./absent-nodes.ts";

function start() {
  const clock = new FakeClock();
  const told: (readonly string[] | "all")[] = [];
  const nodes = new AbsentNodes({ clock, limitMs: 3_000, onGone: (gone) => void told.push(gone) });
  return { clock, nodes, told };
}

test("at the beginning every node may return for a while", async () => {
  const { clock, nodes, told } = start();
  await clock.advance(10_000);
  nodes.begin();
  await clock.advance(2_999);
  expect([nodes.isGone("n1"), told]).toEqual([false, []]);
  await clock.advance(1);
  expect([nodes.isGone("n1"), told, clock.pending]).toEqual([true, ["all"], 0]);
});

test("nodes that go away have one timer, and are gone when each has been away for long enough", async () => {
  const { clock, nodes, told } = start();
  nodes.begin();
  await clock.advance(5_000);
  told.length = 0;
  for (let i = 0; i < 100; i++) nodes.away(`n${i}`);
  expect(clock.pending).toBe(1);
  await clock.advance(1_000);
  nodes.away("late");
  nodes.away("n0");
  nodes.back("n1");
  expect([clock.pending, nodes.isGone("n0")]).toEqual([1, false]);
  await clock.advance(2_000);
  expect(told).toEqual([["n0", ...Array.from({ length: 98 }, (_, i) => `n${i + 2}`)]]);
  expect([nodes.isGone("n0"), nodes.isGone("late")]).toEqual([true, false]);
  await clock.advance(1_000);
  expect([told[1], nodes.isGone("late"), clock.pending]).toEqual([["late"], true, 0]);
});

test("a node that is back in time is not told of", async () => {
  const { clock, nodes, told } = start();
  nodes.away("n1");
  nodes.back("n1");
  await clock.advance(5_000);
  expect([told, clock.pending]).toEqual([[], 0]);
});

test("who goes away soon after the beginning is waited for as long as everybody", async () => {
  const { clock, nodes, told } = start();
  nodes.begin();
  await clock.advance(1_000);
  nodes.away("n1");
  await clock.advance(2_000);
  expect([told, nodes.isGone("n1"), nodes.isGone("n2")]).toEqual([["all"], false, true]);
  await clock.advance(1_000);
  expect([told, nodes.isGone("n1")]).toEqual([["all", ["n1"]], true]);
});

test("at the end nobody is waited for", async () => {
  const { clock, nodes, told } = start();
  nodes.begin();
  nodes.away("n1");
  nodes.end();
  await clock.advance(5_000);
  expect([told, clock.pending]).toEqual([[], 0]);
});
