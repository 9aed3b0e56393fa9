import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { releaseAfterBursts } from "./memory-release.ts";
import type { ToWorker } from "./worker-messages.ts";

const define = (groups: number): ToWorker => ({
  type: "define",
  changed: Array.from({ length: groups }, (_, i) => ({ id: `${i}`, addresses: [] })),
  removed: [],
});
const revoke: ToWorker = {
  type: "received",
  dial: 1,
  message: { type: "revoke", group: "1", epoch: { term: 1, counter: 1 } },
};

function watched() {
  const clock = new FakeClock();
  const counted = { releases: 0 };
  const note = releaseAfterBursts(clock, () => counted.releases++);
  return { clock, counted, note };
}

test("memory is given back once after the start", async () => {
  const { clock, counted } = watched();
  await clock.advance(4_999);
  expect(counted.releases).toBe(0);
  await clock.advance(1);
  expect(counted.releases).toBe(1);
  await clock.advance(60_000);
  expect(counted.releases).toBe(1);
});

test("while a burst lasts nothing is given back, and once after it", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  for (let i = 0; i < 10; i++) {
    note([define(500)]);
    await clock.advance(2_500);
  }
  expect(counted.releases).toBe(1);
  await clock.advance(60_000);
  expect(counted.releases).toBe(2);
});

test("single orders add up to a burst in the end", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  for (let i = 0; i < 999; i++) {
    note([revoke]);
    if (i % 50 === 0) await clock.advance(5_000);
  }
  expect(counted.releases).toBe(1);
  note([revoke]);
  await clock.advance(5_000);
  expect(counted.releases).toBe(2);
});

test("what leaves nothing behind is no burst, however often it comes", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  for (let i = 0; i < 2_000; i++) note([{ type: "connected", dial: i }]);
  await clock.advance(60_000);
  expect(counted.releases).toBe(1);
});
