import { expect, test } from "vitest";
import { FakeClock } from "./fake-clock.ts";

test("time passes only in advance", async () => {
  const clock = new FakeClock(1_000);
  expect(clock.now()).toBe(1_000);
  await clock.advance(50);
  expect(clock.now()).toBe(1_050);
});

test("due timers fire in order of time, then of start, each at its own time", async () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const note = (name: string) => () => void fired.push(`${name}@${clock.now()}`);
  clock.timer(30, note("c"));
  clock.timer(10, note("a"));
  clock.timer(30, note("d"));
  clock.timer(20, note("b"));
  clock.timer(31, note("later"));
  await clock.advance(30);
  expect(fired).toEqual(["a@10", "b@20", "c@30", "d@30"]);
  expect(clock.pending).toBe(1);
});

test("a timer started by a timer fires in the same advance if it is due", async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  clock.timer(10, () => clock.timer(10, () => fired.push(clock.now())));
  await clock.advance(25);
  expect(fired).toEqual([20]);
});

test("a timer disposed of by an earlier one does not fire", async () => {
  const clock = new FakeClock();
  const late = clock.timer(20, () => expect.unreachable());
  clock.timer(10, () => late[Symbol.dispose]());
  await clock.advance(100);
  expect(clock.pending).toBe(0);
});

test("promises settle before the first timer and between timers", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const chain = async (name: string) => {
    for (let i = 0; i < 50; i++) await undefined;
    seen.push(name);
  };
  void chain("before");
  clock.timer(1, () => {
    seen.push("first");
    void chain("between");
  });
  clock.timer(2, () => seen.push("second"));
  await clock.advance(2);
  expect(seen).toEqual(["before", "first", "between", "second"]);
});

test("a loop that sleeps runs as often as there is time for", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const times: number[] = [];
  const loop = (async () => {
    while (true) {
      await clock.sleep(10, stop.signal);
      times.push(clock.now());
    }
  })();
  await clock.advance(35);
  stop.abort("over");
  await expect(loop).rejects.toBe("over");
  expect(times).toEqual([10, 20, 30]);
  expect(clock.pending).toBe(0);
});

test("a negative delay is none, and NaN a bug", async () => {
  const clock = new FakeClock(5);
  const fired: number[] = [];
  clock.timer(-3, () => fired.push(clock.now()));
  await clock.advance(0);
  expect(fired).toEqual([5]);
  expect(() => clock.timer(Number.NaN, () => {})).toThrow(RangeError);
});
