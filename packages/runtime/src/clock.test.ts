import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

// The platform's timers, and the clock behind them, stand still until a test moves them.
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("now is milliseconds and does not go back", () => {
  const before = systemClock.now();
  vi.advanceTimersByTime(250);
  expect(systemClock.now() - before).toBe(250);
});

test("a timer expires once, after its time", () => {
  const fired: number[] = [];
  const start = systemClock.now();
  systemClock.timer(100, () => fired.push(systemClock.now() - start));
  vi.advanceTimersByTime(99);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(fired).toEqual([100]);
});

test("a timer that was disposed of does not expire", () => {
  const timer = systemClock.timer(100, () => expect.unreachable());
  timer[Symbol.dispose]();
  vi.advanceTimersByTime(1_000);
});

test("a fraction of a millisecond is waited for too", () => {
  const fired: number[] = [];
  systemClock.timer(10.5, () => fired.push(0));
  vi.advanceTimersByTime(10);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual([0]);
});

test("a timer of more than the platform's 24 days takes its whole time, and can be disposed of on the way", () => {
  const days = 24 * 60 * 60 * 1_000;
  const fired: string[] = [];
  systemClock.timer(30 * days, () => fired.push("kept"));
  const disposed = systemClock.timer(30 * days, () => fired.push("disposed"));
  vi.advanceTimersByTime(29 * days);
  disposed[Symbol.dispose]();
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(days);
  expect(fired).toEqual(["kept"]);
});

test("a timer of NaN is a bug", () => {
  expect(() => systemClock.timer(Number.NaN, () => {})).toThrow(RangeError);
});

test("a timer that the platform fires early is armed again", () => {
  const fired: number[] = [];
  vi.useRealTimers();
  const early = vi.spyOn(performance, "now").mockReturnValueOnce(0).mockReturnValueOnce(4).mockReturnValue(5);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  systemClock.timer(5, () => fired.push(systemClock.now()));
  vi.advanceTimersByTime(5);
  expect(fired).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(fired).toEqual([5]);
  early.mockRestore();
});

test("sleep resolves after its time", async () => {
  const slept = systemClock.sleep(100);
  vi.advanceTimersByTime(100);
  await expect(slept).resolves.toBeUndefined();
});

test("sleep rejects with the signal's reason, and leaves no timer", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const slept = systemClock.sleep(100, controller.signal);
  controller.abort(reason);
  await expect(slept).rejects.toBe(reason);
  expect(vi.getTimerCount()).toBe(0);
});

test("sleep with a signal that has aborted already rejects at once", async () => {
  await expect(systemClock.sleep(100, AbortSignal.abort("done"))).rejects.toBe("done");
  expect(vi.getTimerCount()).toBe(0);
});
