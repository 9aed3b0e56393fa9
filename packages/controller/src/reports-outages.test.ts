import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Outages } from "./reports-outages.ts";

function start() {
  const clock = new FakeClock();
  let told = 0;
  const outages = new Outages({ clock, limitMs: 20_000, onLasting: () => void told++ });
  return { clock, outages, told: () => told };
}

test("what is missing counts once it has lasted, and is told of once", async () => {
  const { clock, outages, told } = start();
  expect([outages.isSpeakerMissing("n1"), outages.isSessionMissing("n2", "r1")]).toEqual([false, false]);
  await clock.advance(19_999);
  expect([outages.isSpeakerMissing("n1"), outages.isSessionMissing("n2", "r1"), told()]).toEqual([false, false, 0]);
  await clock.advance(1);
  expect([outages.isSpeakerMissing("n1"), outages.isSessionMissing("n2", "r1"), told()]).toEqual([true, true, 1]);
  await clock.advance(100_000);
  expect([told(), clock.pending]).toEqual([1, 0]);
});

test("what begins later is told of later, with one timer for everything", async () => {
  const { clock, outages, told } = start();
  for (let i = 0; i < 100; i++) outages.isSessionMissing(`n${i}`, "r1");
  await clock.advance(5_000);
  outages.isSessionMissing("late", "r1");
  expect(clock.pending).toBe(1);
  await clock.advance(15_000);
  expect([told(), outages.isSessionMissing("n99", "r1"), outages.isSessionMissing("late", "r1")]).toEqual([
    1,
    true,
    false,
  ]);
  await clock.advance(5_000);
  expect([told(), outages.isSessionMissing("late", "r1"), clock.pending]).toEqual([2, true, 0]);
});

test("a speaker and a session that are there again for a moment have all the time anew", async () => {
  const { clock, outages } = start();
  const missing = () => [
    outages.isSpeakerMissing("n1"),
    outages.isSessionMissing("n2", "r1"),
    outages.isSessionMissing("n2", "r2"),
  ];
  missing();
  await clock.advance(20_000);
  outages.heard("n1", []);
  outages.heard("n2", ["r1"]);
  expect(missing()).toEqual([false, false, true]);
  await clock.advance(19_999);
  expect(missing()).toEqual([false, false, true]);
  await clock.advance(1);
  expect(missing()).toEqual([true, true, true]);
});

test("a speaker that was away has time for its sessions", async () => {
  const { clock, outages } = start();
  outages.isSessionMissing("n1", "r1");
  await clock.advance(20_000);
  outages.lost("n1");
  outages.heard("n1", []);
  expect(outages.isSessionMissing("n1", "r1")).toBe(false);
});

test("at the end nothing is waited for", async () => {
  const { clock, outages, told } = start();
  outages.isSpeakerMissing("n1");
  outages.isSessionMissing("n1", "r1");
  outages.clear();
  expect(clock.pending).toBe(0);
  await clock.advance(20_000);
  expect([told(), outages.isSpeakerMissing("n1"), outages.isSessionMissing("n1", "r1")]).toEqual([0, false, false]);
});
