import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

test("a burst goes at once, the rest at an even pace and in order", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, { qps: 10, burst: 3 });
  const turns: string[] = [];
  for (let i = 0; i < 6; i++) void bucket.take().then(() => turns.push(`${i}@${clock.now()}`));
  await clock.advance(1_000);
  expect(turns).toEqual(["0@0", "1@0", "2@0", "3@100", "4@200", "5@300"]);
});

test("a rest gives the burst back, and no more however long it is", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, { qps: 10, burst: 2 });
  await bucket.take();
  await bucket.take();
  await clock.advance(60_000);
  const turns: number[] = [];
  for (let i = 0; i < 4; i++) void bucket.take().then(() => turns.push(clock.now() - 60_000));
  await clock.advance(1_000);
  expect(turns).toEqual([0, 0, 100, 200]);
});

test("who no longer wants a turn does not wait for it", async () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(clock, { qps: 1, burst: 1 });
  await bucket.take();
  const stop = new AbortController();
  const turn = bucket.take(stop.signal);
  stop.abort("enough");
  await expect(turn).rejects.toBe("enough");
  await expect(bucket.take(stop.signal)).rejects.toBe("enough");
  expect(clock.pending).toBe(0);
});
