import { FakeClock } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import type { Kube } from "./kube.ts";
import { pause } from "./pause.ts";
import { Successes } from "./successes.ts";

const LENGTH = { leastMs: 250, mostMs: 10_000 };

function begin(kube: Pick<Kube, "nextSuccess">) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const made = { clock, stop, result: undefined as unknown, endedAt: undefined as number | undefined };
  const end = (result: unknown) => {
    made.result = result;
    made.endedAt = clock.now();
  };
  pause(LENGTH, { kube, clock, signal: stop.signal }).then(end, end);
  return made;
}

describe("a pause", () => {
  test.each([
    ["nothing is accepted", { nextSuccess: () => new Promise<void>(() => {}) }],
    ["nobody knows", {}],
  ])("is as long as it may be where %s", async (_, kube) => {
    const made = begin(kube);
    await made.clock.advance(9_999);
    expect(made.endedAt).toBeUndefined();
    await made.clock.advance(1);
    expect([made.result, made.endedAt]).toEqual([false, 10_000]);
  });

  test.each([
    { acceptedAt: 0, endsAt: 250 },
    { acceptedAt: 249, endsAt: 250 },
    { acceptedAt: 5_000, endsAt: 5_000 },
  ])("ends at $endsAt ms if something is accepted at $acceptedAt ms", async ({ acceptedAt, endsAt }) => {
    const success = Promise.withResolvers<void>();
    const made = begin({ nextSuccess: () => success.promise });
    await made.clock.advance(acceptedAt);
    success.resolve();
    await made.clock.advance(20_000);
    expect([made.result, made.endedAt]).toEqual([true, endsAt]);
    expect(made.clock.pending).toBe(0);
  });

  test.each([{ isAccepted: true }, { isAccepted: false }])(
    "ends with the signal, and leaves no timer ($isAccepted)",
    async ({ isAccepted }) => {
      const made = begin({ nextSuccess: () => (isAccepted ? Promise.resolve() : new Promise<void>(() => {})) });
      await made.clock.advance(1);
      made.stop.abort(new Error("stop"));
      await made.clock.advance(0);
      expect(made.result).toEqual(new Error("stop"));
      expect(made.clock.pending).toBe(0);
    },
  );

  test("leaves nobody waiting for a server that accepts nothing", async () => {
    const successes = new Successes();
    const made = begin({ nextSuccess: (signal) => successes.next(signal) });
    await made.clock.advance(1);
    expect(successes.waiting).toBe(1);
    await made.clock.advance(9_999);
    expect([made.result, successes.waiting]).toEqual([false, 0]);
  });
});
