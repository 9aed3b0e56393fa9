import type { BfdConfig } from "@heraldlb/bfd";
import { type Clock, systemClock } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { SessionRunner } from "./session-runner.ts";

const config: BfdConfig = {
  localDiscriminator: 1,
  multiplier: 3,
  desiredMinTxUs: 100_000,
  requiredMinRxUs: 100_000,
  echoIntervalUs: undefined,
  isPassive: false,
  isAdminDown: false,
};

const hello = {
  diagnostic: 0,
  state: "init",
  isPoll: false,
  isFinal: false,
  isControlPlaneIndependent: false,
  isDemand: false,
  isMultipoint: false,
  multiplier: 3,
  myDiscriminator: 9,
  yourDiscriminator: 1,
  desiredMinTxUs: 100_000,
  requiredMinRxUs: 100_000,
  requiredMinEchoRxUs: 0,
} as const;

/** A runner, and the waits that it asked the clock for. */
function run(clock: FakeClock) {
  const asked: number[] = [];
  const watched: Clock = {
    now: () => clock.now(),
    sleep: systemClock.sleep,
    timer: (ms, onExpiry) => {
      asked.push(ms);
      return clock.timer(ms, onExpiry);
    },
  };
  const runner = new SessionRunner(config, {
    clock: watched,
    random: () => 1,
    drained: () => Promise.resolve(),
    send: () => {},
    sendEcho: () => {},
    onState: () => {},
  });
  return { runner, asked };
}

test("each packet begins the detection time anew, without a new timer", async () => {
  const clock = new FakeClock();
  const { runner, asked } = run(clock);
  runner.receive(hello);
  const before = asked.length;
  for (let i = 0; i < 29; i++) {
    await clock.advance(10);
    runner.receive({ ...hello, state: "up", isFinal: true });
  }
  // The transmission timer's, every 100 ms.
  expect(asked.length - before).toBeLessThanOrEqual(4);
  await clock.advance(299);
  expect(runner.state.name).toBe("up");
  await clock.advance(1);
  expect(runner.state.name).toBe("down");
});

test("a wait that was over before it began ends at once; the clock is never asked for less than nothing", async () => {
  const clock = new FakeClock();
  const { runner, asked } = run(clock);
  runner.receive({ ...hello, requiredMinRxUs: 10_000_000 });
  await clock.advance(250);
  runner.receive({ ...hello, state: "up" });
  expect(Math.min(...asked)).toBe(0);
});

test("a runner that was stopped is silent for ever", async () => {
  const clock = new FakeClock();
  const { runner } = run(clock);
  runner.receive(hello);
  runner.stop();
  expect(clock.pending).toBe(0);
});
