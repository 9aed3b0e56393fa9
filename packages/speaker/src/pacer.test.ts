import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Pacer } from "./pacer.ts";

const PACE = { perSecond: 10_000, burst: 100 };

function start() {
  const clock = new FakeClock();
  const at: number[] = [];
  const items: number[] = [];
  const pacer = new Pacer<number>(clock, PACE, (item) => {
    at.push(clock.now());
    items.push(item);
  });
  return { clock, at, items, pacer };
}

test("a single item goes out before put returns", () => {
  const { pacer, items } = start();
  pacer.put(1, "first");
  expect(items).toEqual([1]);
});

test("5,000 items go out within a second, never more than a burst in a millisecond", async () => {
  const { pacer, clock, at } = start();
  for (let i = 0; i < 5_000; i++) pacer.put(i, "first");
  await clock.advance(500);
  expect(at).toHaveLength(5_000);
  const perMs = Map.groupBy(at, (ms) => Math.floor(ms));
  expect(Math.max(...[...perMs.values()].map(({ length }) => length))).toBeLessThanOrEqual(PACE.burst);
  const second = at.filter((ms) => ms >= 100 && ms < 200).length;
  expect(second).toBeGreaterThan(900);
  expect(second).toBeLessThan(1_100);
});

test("what is first overtakes what is later, and each keeps its order", async () => {
  const { pacer, clock, items } = start();
  for (let i = 0; i < 150; i++) pacer.put(i, "later");
  for (let i = 1000; i < 1050; i++) pacer.put(i, "first");
  await clock.advance(100);
  const rest = items.slice(100);
  expect(rest.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, i) => 1000 + i));
  expect(rest.slice(50)).toEqual(Array.from({ length: 50 }, (_, i) => 100 + i));
});

test("in a rush of what is first, what is later waits for its end", async () => {
  const { pacer, clock, items } = start();
  for (let ms = 0; ms < 100; ms++) {
    pacer.put(2 * ms, "first");
    pacer.put(2 * ms + 1, "later");
    await clock.advance(1);
  }
  expect(items.filter((item) => item % 2 === 0)).toHaveLength(100);
  expect(pacer.waiting).toBeGreaterThan(10);
  await clock.advance(60);
  expect(items).toHaveLength(200);
});

test("a single item that is first does not wait for the end of a rush", async () => {
  const { pacer, clock, items } = start();
  for (let i = 0; i < 40; i++) pacer.put(i, "first");
  pacer.put(100, "later");
  await clock.advance(5);
  pacer.put(40, "first");
  expect(items.at(-1)).toBe(40);
});

test("time without work does not add up to more than a burst", async () => {
  const { pacer, clock, at } = start();
  await clock.advance(10_000);
  for (let i = 0; i < 1_000; i++) pacer.put(i, "first");
  expect(at).toHaveLength(PACE.burst);
});

test("a cleared pacer performs nothing more", async () => {
  const { pacer, clock, items } = start();
  for (let i = 0; i < 500; i++) pacer.put(i, "first");
  pacer.clear();
  await clock.advance(1_000);
  expect(items).toHaveLength(PACE.burst);
  expect(pacer.waiting).toBe(0);
});

test("an item may put another", async () => {
  const clock = new FakeClock();
  const items: number[] = [];
  const pacer: Pacer<number> = new Pacer<number>(clock, PACE, (item) => {
    items.push(item);
    if (item < 300) pacer.put(item + 1, "first");
  });
  pacer.put(0, "first");
  await clock.advance(1_000);
  expect(items).toEqual(Array.from({ length: 301 }, (_, i) => i));
});
