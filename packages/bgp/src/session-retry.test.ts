import { expect, test } from "vitest";
import { notification } from "./notification.ts";
import {
  accepted,
  after,
  CONFIG,
  closed,
  dialled,
  ESTABLISHED,
  type Happening,
  OPEN_SENT,
  peerOpen,
  RETRY,
  received,
  START,
} from "./session.test.fixture.ts";
import { stepSession } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import { initialSession } from "./session-state.ts";

const failed: Happening = { type: "dialFailed" };

/** The waits that the retry timer is armed for after each failure. */
function waits(round: readonly Happening[], rounds: number, config: SessionConfig): number[] {
  let state = stepSession(initialSession, { type: "start", now: 0 }, config).state;
  const found: number[] = [];
  for (let i = 0; i < rounds; i++) {
    for (const event of round) {
      const step = stepSession(state, { ...event, now: 0 } as Parameters<typeof stepSession>[1], config);
      state = step.state;
      if (state.dial === "dialing") continue;
      for (const effect of step.effects)
        if (effect.type === "arm" && effect.timer.name === "retry") found.push(effect.ms);
    }
  }
  return found;
}

test.each([
  ["a failed connection", [failed, RETRY], {}, [500, 1000, 2000, 4000, 5000, 5000]],
  ["a failed connection, with a time set", [failed, RETRY], { connectRetrySeconds: 30 }, [30_000, 30_000]],
  ["an error", [dialled(), received(peerOpen({ asn: 1 })), RETRY], {}, [1000, 2000, 4000, 8000, 10_000, 10_000]],
  [
    "an error, with a time set",
    [dialled(), received(peerOpen({ asn: 1 })), RETRY],
    { connectRetrySeconds: 30 },
    [1000, 2000, 4000],
  ],
  ["a connection that is lost at once", [dialled(), closed(), RETRY], {}, [500, 1000, 2000]],
] as const)("waits longer and longer after %s", (_, round, change, expected) => {
  expect(waits(round, expected.length, { ...CONFIG, ...change })).toEqual(expected);
});

test("an attempt takes ten seconds at most, or what was set", () => {
  expect(after([START]).effects).toContainEqual({ type: "arm", timer: { name: "retry" }, ms: 10_000, jitter: 0.25 });
  expect(after([START], { ...CONFIG, connectRetrySeconds: 60 }).effects).toContainEqual(
    expect.objectContaining({ ms: 60_000 }),
  );
});

test("a session that was up for a while makes up for earlier failures, a short one does not", () => {
  const failures = [START, failed, RETRY, failed, RETRY];
  const up = [...failures, ...ESTABLISHED.slice(1)];
  expect(after([...up, { ...closed(), now: 29_000 }]).state.failures).toBe(3);
  expect(after([...up, { ...closed(), now: 30_000 }]).state.failures).toBe(1);
});

test("starting anew forgets earlier failures", () => {
  const { state } = after([START, failed, RETRY, failed, { type: "stop", notification: undefined, routes: "keep" }]);
  expect(state.failures).toBe(0);
});

test("an error on one connection does not hold back another", () => {
  const junk: Happening = { type: "malformed", connection: 2, notification: notification("badMessageType") };
  const { state, effects } = after([...OPEN_SENT, accepted(), junk]);
  expect(state.connections.map(({ id }) => id)).toEqual([1]);
  expect(effects.map(({ type }) => type)).toEqual(["send", "close", "ended"]);
});

test("while the peer's connection is not confirmed, one of our own is tried", () => {
  const { state, effects } = after([START, failed, accepted(), RETRY]);
  expect([state.dial, state.connections.length]).toEqual(["dialing", 1]);
  expect(effects.map(({ type }) => type)).toEqual(["dial", "arm"]);
  // And the other way round: ours is lost, theirs is still there.
  expect(after([...OPEN_SENT, accepted(), closed(1)]).state.dial).toBe("waiting");
  expect(after([...OPEN_SENT, accepted(), closed(2)]).state.dial).toBe("idle");
});

test("once the peer's connection is confirmed, no other is tried", () => {
  const confirmed = received(peerOpen(), 2);
  expect(after([START, accepted(), confirmed]).effects[0]).toEqual({ type: "abandon" });
  expect(after([START, failed, accepted(), confirmed]).effects[0]).toEqual({
    type: "disarm",
    timer: { name: "retry" },
  });
  expect(after([START, accepted(), confirmed, dialled(3)]).effects).toEqual([{ type: "close", connection: 3 }]);
});

test("nothing to fail is nothing to wait for", () => {
  const { state, effects } = after([START, { type: "fail", notification: notification("bfdDown") }]);
  expect([state.dial, effects]).toEqual(["dialing", []]);
});
