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

test.each([
  ["a definition of a thousand groups", [define(1_000)]],
  ["a thousand orders about one group", Array<ToWorker>(1_000).fill(revoke)],
])("%s is a burst, after which memory is given back", async (_name, orders) => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  expect(counted.releases).toBe(1);
  note(orders);
  await clock.advance(10_000);
  expect(counted.releases).toBe(2);
});

test("what leaves nothing behind is no burst, however often it comes", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  for (let i = 0; i < 2_000; i++) note([{ type: "connected", dial: i }]);
  await clock.advance(60_000);
  expect(counted.releases).toBe(1);
});
