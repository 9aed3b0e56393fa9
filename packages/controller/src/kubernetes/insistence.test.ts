import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Insistence } from "./insistence.ts";

function start() {
  const clock = new FakeClock();
  const acts: string[] = [];
  const insistence = new Insistence({ clock, act: (key) => void acts.push(`${key} at ${clock.now()}`) });
  return { clock, acts, insistence };
}

test("what is not right is put right at once, each thing by itself", () => {
  const { acts, insistence } = start();
  insistence.ask("a");
  insistence.ask("b");
  expect(acts).toEqual(["a at 0", "b at 0"]);
});

test("what does not stay right is put right ever more seldom, and not while it is right", async () => {
  const { clock, acts, insistence } = start();
  for (let ms = 0; ms < 10_000; ms += 100) {
    insistence.ask("a");
    await clock.advance(100);
  }
  await clock.advance(100_000);
  expect(acts).toEqual([0, 1_000, 3_000, 7_000, 15_000].map((ms) => `a at ${ms}`));
});

test("what stayed right for long enough is put right at once again", async () => {
  const { clock, acts, insistence } = start();
  insistence.ask("a");
  insistence.ask("a");
  await clock.advance(4_999);
  insistence.ask("a");
  await clock.advance(1);
  expect(acts).toEqual(["a at 0", "a at 1000", "a at 4999"]);
  insistence.ask("a");
  await clock.advance(20_000);
  insistence.ask("a");
  insistence.ask("a");
  await clock.advance(1_000);
  expect(acts.slice(3)).toEqual(["a at 8999", "a at 25000", "a at 26000"]);
});
