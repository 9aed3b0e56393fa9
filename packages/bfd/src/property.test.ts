import { DecodeError } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { BfdAuthentication } from "./authentication.ts";
import { type BfdControl, decodeControl, encodeControl } from "./control.ts";
import { decodeEcho, encodeEcho } from "./echo.ts";
import { PACKET } from "./packet.test.fixture.ts";
import { every, Pair, type Side } from "./pair.test.fixture.ts";
import { receptionProblem } from "./reception.ts";
import { type BfdEvent, stepBfd } from "./session.ts";
import { BFD_START, type BfdConfig } from "./state.ts";

const u32 = fc.nat(0xffff_ffff);
const bytes = (minLength: number, maxLength: number) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Uint8Array.from(array));

const authentication: fc.Arbitrary<BfdAuthentication> = fc.oneof(
  fc.record({ type: fc.constant("simplePassword"), keyId: fc.nat(255), password: bytes(1, 16) }),
  fc.record({
    type: fc.constantFrom("keyedMd5", "meticulousKeyedMd5"),
    keyId: fc.nat(255),
    sequence: u32,
    digest: bytes(16, 16),
  }),
  fc.record({
    type: fc.constantFrom("keyedSha1", "meticulousKeyedSha1"),
    keyId: fc.nat(255),
    sequence: u32,
    digest: bytes(20, 20),
  }),
  fc.record({ type: fc.constant("unknown"), code: fc.integer({ min: 6, max: 255 }), value: bytes(0, 200) }),
);

const states = fc.constantFrom("adminDown", "down", "init", "up");

const packet: fc.Arbitrary<BfdControl> = fc.record(
  {
    diagnostic: fc.nat(31),
    state: states,
    isPoll: fc.boolean(),
    isFinal: fc.boolean(),
    isControlPlaneIndependent: fc.boolean(),
    isDemand: fc.boolean(),
    isMultipoint: fc.boolean(),
    multiplier: fc.nat(255),
    myDiscriminator: u32,
    yourDiscriminator: u32,
    desiredMinTxUs: u32,
    requiredMinRxUs: u32,
    requiredMinEchoRxUs: u32,
    authentication,
  },
  { requiredKeys: Object.keys(PACKET) as (keyof typeof PACKET)[] },
) as fc.Arbitrary<BfdControl>;

test("every packet decodes to itself", () => {
  fc.assert(
    fc.property(packet, (value) => {
      expect(decodeControl(encodeControl(value))).toEqual(value);
    }),
  );
});

test("no bytes make a decoder throw anything but DecodeError", () => {
  const mutated = fc.tuple(packet, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const wire = encodeControl(value);
    return wire.with(at % wire.length, byte);
  });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (wire) => {
      try {
        const value = decodeControl(wire);
        receptionProblem(value);
        expect(decodeControl(encodeControl(value))).toEqual(value);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
      try {
        encodeEcho(decodeEcho(wire));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
    { numRuns: 1_000 },
  );
});

const settings: fc.Arbitrary<Partial<BfdConfig>> = fc.record({
  multiplier: fc.integer({ min: 2, max: 5 }),
  desiredMinTxUs: fc.integer({ min: 10, max: 2_000 }).map((ms) => ms * 1_000),
  requiredMinRxUs: fc.integer({ min: 10, max: 2_000 }).map((ms) => ms * 1_000),
});

/** Drawn numbers between 0 and 1, over and over. */
const draws = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 50 }).map((numbers) => {
  let at = 0;
  return () => numbers[at++ % numbers.length] as number;
});

// 10 ms is the shortest interval (7.5 ms with jitter, so packets can overtake), and 20 ms the shortest detection time.
const MOST_DELAY_MS = 9;

/** Delays that let no packet overtake another. */
function inOrder(random: () => number): (from: Side, atMs: number) => number {
  const arrived = { a: 0, b: 0 };
  return (from, atMs) => {
    arrived[from] = Math.max(arrived[from], atMs + random() * MOST_DELAY_MS);
    return arrived[from] - atMs;
  };
}

test("without loss a session never flaps, whatever the intervals, jitter and delay, and however they change", () => {
  fc.assert(
    fc.property(
      settings,
      settings,
      draws,
      fc.array(fc.tuple(fc.constantFrom<Side>("a", "b"), settings), { maxLength: 5 }),
      (a, b, random, changes) => {
        const both = new Pair({
          a: every(100, a),
          b: every(100, { ...b, localDiscriminator: 2 }),
          delayMs: inOrder(random),
          random,
        });
        both.untilUp();
        for (const [side, { multiplier: _, ...intervals }] of changes) {
          both.run(random() * 5_000);
          both.configure(side, intervals);
        }
        both.run(20_000);
        expect(both.changes.filter(({ name }) => name === "down")).toEqual([]);
        expect([both.state("a").poll, both.state("b").poll]).toEqual(["idle", "idle"]);
      },
    ),
    { numRuns: 100 },
  );
});

test("packets that overtake others do no harm to a session that is up", () => {
  fc.assert(
    fc.property(settings, settings, draws, (a, b, random) => {
      let mayOvertake = false;
      const both = new Pair({
        a: every(100, a),
        b: every(100, { ...b, localDiscriminator: 2 }),
        delayMs: () => (mayOvertake ? random() * MOST_DELAY_MS : 1),
        random,
      });
      both.untilUp();
      both.run(10_000);
      mayOvertake = true;
      both.run(20_000);
      expect(both.changes.filter(({ name }) => name === "down")).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("with one packet in three lost, twice in a row at most, a multiplier of 4 never flaps", () => {
  fc.assert(
    fc.property(draws, draws, (random, luck) => {
      const lost = { a: 0, b: 0 };
      const both = new Pair({
        a: every(100, { multiplier: 4 }),
        b: every(100, { multiplier: 4, localDiscriminator: 2 }),
        delayMs: (from) => {
          lost[from] = lost[from] < 2 && luck() < 1 / 3 ? lost[from] + 1 : 0;
          return lost[from] > 0 ? undefined : 1;
        },
        random,
      });
      both.run(10_000);
      const from = both.changes.findLastIndex(({ name }) => name === "up");
      both.run(60_000);
      expect(both.changes.slice(from + 1)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("silence is always detected within the detection time", () => {
  fc.assert(
    fc.property(settings, settings, draws, (a, b, random) => {
      const both = new Pair({
        a: every(100, a),
        b: every(100, { ...b, localDiscriminator: 2 }),
        delayMs: inOrder(random),
        random,
      });
      both.untilUp();
      both.run(15_000);
      const { heardAtMs, timers } = both.state("a");
      const detectionMs = timers.detection?.intervalMs ?? Number.NaN;
      const sendMs = both.state("b").timers.transmit?.intervalMs ?? Number.NaN;
      expect(detectionMs).toBe((both.state("b").sent?.multiplier ?? 0) * sendMs);
      both.kill("b");
      both.run(MOST_DELAY_MS + detectionMs + 1);
      expect(both.state("a").name).toBe("down");
      expect(both.changes.at(-1)?.atMs).toBeGreaterThanOrEqual(heardAtMs + detectionMs);
    }),
    { numRuns: 100 },
  );
});

const anyEvent: fc.Arbitrary<(atMs: number) => BfdEvent> = fc.oneof(
  fc.constant((atMs: number): BfdEvent => ({ type: "configured", atMs })),
  packet
    .filter((value) => receptionProblem(value) === undefined)
    .map(
      (value) =>
        (atMs: number): BfdEvent => ({ type: "received", packet: value, atMs }),
    ),
  u32.map(
    (sequence) =>
      (atMs: number): BfdEvent => ({ type: "echoed", sequence, atMs }),
  ),
  fc.constantFrom("transmit", "detection", "echo", "echoDetection").map(
    (timer) =>
      (atMs: number): BfdEvent => ({ type: "expired", timer, atMs }),
  ),
);

test("whatever happens, what is sent is valid, what is armed is what the state says, and no poll is also an answer", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), fc.boolean(), fc.boolean(), (events, isPassive, hasEcho) => {
      const config = every(100, { isPassive, echoIntervalUs: hasEcho ? 50_000 : undefined });
      const armed = new Map<string, number>();
      let state = BFD_START;
      for (const [i, event] of events.entries()) {
        const happened = event(i * 40);
        if (happened.type === "expired") armed.delete(happened.timer);
        const step = stepBfd(state, happened, config);
        state = step.state;
        for (const effect of step.effects) {
          if (effect.type === "arm") armed.set(effect.timer, effect.intervalMs);
          else if (effect.type === "disarm") armed.delete(effect.timer);
          else if (effect.type === "send") {
            expect(receptionProblem(decodeControl(encodeControl(effect.packet)))).toBeUndefined();
            expect(effect.packet.isPoll && effect.packet.isFinal).toBe(false);
          }
        }
        for (const [timer, wait] of Object.entries(state.timers)) expect(armed.get(timer)).toBe(wait?.intervalMs);
      }
    }),
    { numRuns: 500 },
  );
});
