import { expect, test } from "vitest";
import { afterBursts } from "./after-bursts.ts";
import { FakeClock } from "./fake-clock.ts";

function watched() {
  const clock = new FakeClock();
  const counted = { acts: 0 };
  const note = afterBursts(clock, () => counted.acts++);
  return { clock, counted, note };
}

test("it acts once after the start", async () => {
  const { clock, counted } = watched();
  await clock.advance(4_999);
  expect(counted.acts).toBe(0);
  await clock.advance(1);
  expect(counted.acts).toBe(1);
  await clock.advance(60_000);
  expect(counted.acts).toBe(1);
});

test("it does not act while a burst lasts, and once after it", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  for (let i = 0; i < 10; i++) {
    note(500);
    await clock.advance(2_500);
  }
  expect(counted.acts).toBe(1);
  await clock.advance(60_000);
  expect(counted.acts).toBe(2);
});

test("single things add up to a burst in the end", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  for (let i = 0; i < 999; i++) {
    note(1);
    if (i % 50 === 0) await clock.advance(5_000);
  }
  expect(counted.acts).toBe(1);
  note(1);
  await clock.advance(5_000);
  expect(counted.acts).toBe(2);
});

test("a few things between bursts start no timer", async () => {
  const { clock, counted, note } = watched();
  await clock.advance(5_000);
  note(999);
  await clock.advance(60_000);
  expect(counted.acts).toBe(1);
});
