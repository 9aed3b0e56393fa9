import { describe, expect, test } from "vitest";
import type { BfdControl, BfdStateName } from "./control.ts";
import { DIAGNOSTIC, diagnosticName } from "./diagnostic.ts";
import { PACKET } from "./packet.test.fixture.ts";
import { every } from "./pair.test.fixture.ts";
import { type BfdEffect, type BfdEvent, type BfdStep, stepBfd } from "./session.ts";
import { BFD_START, type BfdConfig, type BfdState } from "./state.ts";

const config = every(100);
const peer: BfdControl = { ...PACKET, myDiscriminator: 9, desiredMinTxUs: 100_000, requiredMinRxUs: 100_000 };
const heard = (fields: Partial<BfdControl>, atMs = 10): BfdEvent => ({
  type: "received",
  packet: { ...peer, yourDiscriminator: 1, ...fields },
  atMs,
});
const configured = (atMs = 0): BfdEvent => ({ type: "configured", atMs });
const expired = (timer: "transmit" | "detection", atMs = 1_000): BfdEvent => ({ type: "expired", timer, atMs });

/** Runs events from the start; the last step. */
function play(events: readonly BfdEvent[], with_: BfdConfig = config): BfdStep {
  let step: BfdStep = { state: BFD_START, effects: [] };
  for (const event of events) step = stepBfd(step.state, event, with_);
  return step;
}

function inState(name: BfdStateName): BfdState {
  switch (name) {
    case "down":
      return play([configured()]).state;
    case "init":
      return play([configured(), heard({ state: "down" })]).state;
    case "up":
      return play([configured(), heard({ state: "init" })]).state;
    case "adminDown":
      return play([configured()], { ...config, isAdminDown: true }).state;
  }
}

const packets = (effects: readonly BfdEffect[]) =>
  effects.flatMap((effect) => (effect.type === "send" ? effect.packet : []));
const arms = (effects: readonly BfdEffect[], timer: string) =>
  effects.find((effect) => effect.type === "arm" && effect.timer === timer);

describe("the state table of RFC 5880 section 6.8.6", () => {
  const { neighborSignaledSessionDown, none, administrativelyDown } = DIAGNOSTIC;

  test.each<[BfdStateName, BfdStateName, BfdStateName, number]>([
    ["down", "adminDown", "down", none],
    ["down", "down", "init", none],
    ["down", "init", "up", none],
    ["down", "up", "down", none],
    ["init", "adminDown", "down", neighborSignaledSessionDown],
    ["init", "down", "init", none],
    ["init", "init", "up", none],
    ["init", "up", "up", none],
    ["up", "adminDown", "down", neighborSignaledSessionDown],
    ["up", "down", "down", neighborSignaledSessionDown],
    ["up", "init", "up", none],
    ["up", "up", "up", none],
    ["adminDown", "adminDown", "adminDown", administrativelyDown],
    ["adminDown", "down", "adminDown", administrativelyDown],
    ["adminDown", "init", "adminDown", administrativelyDown],
    ["adminDown", "up", "adminDown", administrativelyDown],
  ])("%s, on hearing %s, becomes %s", (before, said, after, diagnostic) => {
    const isAdminDown = before === "adminDown";
    const { state } = stepBfd(inState(before), heard({ state: said }, 20), { ...config, isAdminDown });
    expect([state.name, diagnosticName(state.diagnostic)]).toEqual([after, diagnosticName(diagnostic)]);
  });
});

describe("silence for the detection time", () => {
  test.each<[BfdStateName, BfdStateName, number]>([
    ["down", "down", DIAGNOSTIC.none],
    ["init", "down", DIAGNOSTIC.controlDetectionTimeExpired],
    ["up", "down", DIAGNOSTIC.controlDetectionTimeExpired],
    ["adminDown", "adminDown", DIAGNOSTIC.administrativelyDown],
  ])("makes %s %s, and forgets the other side (section 6.8.1)", (before, after, diagnostic) => {
    const isAdminDown = before === "adminDown";
    const { state, effects } = stepBfd(inState(before), expired("detection"), { ...config, isAdminDown });
    expect(state).toMatchObject({ name: after, diagnostic, remote: undefined });
    expect(arms(effects, "detection")).toBeUndefined();
  });

  test("is told at once, to nobody in particular", () => {
    const { effects } = stepBfd(inState("up"), expired("detection"), config);
    expect(packets(effects)).toEqual([
      expect.objectContaining({ state: "down", diagnostic: 1, yourDiscriminator: 0, desiredMinTxUs: 1_000_000 }),
    ]);
  });
});

describe("what a packet says", () => {
  test("at the start: down, slow, with what we want to receive and whether we loop echo packets", () => {
    const { effects } = play([configured()], { ...config, echoIntervalUs: 50_000 });
    expect(packets(effects)).toEqual([
      {
        ...PACKET,
        myDiscriminator: 1,
        desiredMinTxUs: 1_000_000,
        requiredMinRxUs: 100_000,
        requiredMinEchoRxUs: 50_000,
      },
    ]);
  });

  test("every change of state is sent at once", () => {
    const said = packets([
      ...play([configured(), heard({ state: "down" })]).effects,
      ...stepBfd(inState("init"), heard({ state: "up" }, 20), config).effects,
      ...stepBfd(inState("up"), heard({ state: "down" }, 20), config).effects,
    ]).map(({ state, yourDiscriminator }) => [state, yourDiscriminator]);
    expect(said).toEqual([
      ["init", 9],
      ["up", 9],
      ["down", 9],
    ]);
  });

  test("nothing new is sent before its time", () => {
    const up = play([configured(), heard({ state: "init" }), heard({ state: "up", isFinal: true }, 20)]).state;
    expect(packets(stepBfd(up, heard({ state: "up" }, 30), config).effects)).toEqual([]);
  });
});

describe("a poll of the other side's", () => {
  test.each<BfdStateName>(["down", "init", "up"])("is answered at once, and without a poll, when %s", (name) => {
    const [answer] = packets(stepBfd(inState(name), heard({ state: "up", isPoll: true }, 20), config).effects);
    expect(answer).toMatchObject({ isFinal: true, isPoll: false });
  });

  test("is not answered while held down", () => {
    const step = stepBfd(inState("adminDown"), heard({ isPoll: true }), { ...config, isAdminDown: true });
    expect(packets(step.effects).filter(({ isFinal }) => isFinal)).toEqual([]);
  });

  test("does not move the transmission timer", () => {
    const { state, effects } = stepBfd(inState("up"), heard({ state: "up", isPoll: true }, 20), config);
    expect(packets(effects)).toHaveLength(1);
    expect(arms(effects, "transmit")).toBeUndefined();
    expect(state.sentAtMs).toBe(10);
  });

  test("that brings us up is answered first, and then we poll", () => {
    const { effects } = stepBfd(inState("init"), heard({ state: "up", isPoll: true }, 20), config);
    expect(packets(effects).map(({ isPoll, isFinal }) => [isPoll, isFinal])).toEqual([
      [false, true],
      [true, false],
    ]);
  });
});

describe("the passive role (section 6.1)", () => {
  const passive = { ...config, isPassive: true };

  test("says nothing before the other side has spoken", () => {
    expect(play([configured()], passive).effects).toEqual([]);
  });

  test("answers the first packet", () => {
    const { effects } = play([configured(), heard({ state: "down" })], passive);
    expect(packets(effects)).toEqual([expect.objectContaining({ state: "init", yourDiscriminator: 9 })]);
    expect(arms(effects, "transmit")).toMatchObject({ intervalMs: 1_000 });
  });

  test("falls silent again with the other side", () => {
    const { state, effects } = play([configured(), heard({ state: "init" }), expired("detection")], passive);
    expect(state.name).toBe("down");
    expect(packets(effects)).toEqual([]);
    expect(effects).toContainEqual({ type: "disarm", timer: "transmit" });
  });
});

describe("held down on purpose (section 6.8.16)", () => {
  const held = { ...config, isAdminDown: true };

  test("an up session says so at once, and goes on saying it slowly", () => {
    const { state, effects } = stepBfd(inState("up"), configured(50), held);
    expect(state).toMatchObject({ name: "adminDown", diagnostic: DIAGNOSTIC.administrativelyDown });
    expect(packets(effects)).toEqual([
      expect.objectContaining({ state: "adminDown", diagnostic: 7, desiredMinTxUs: 1_000_000, isPoll: false }),
    ]);
    expect(arms(effects, "transmit")).toMatchObject({ sinceMs: 50, intervalMs: 1_000 });
  });

  test("let go, it starts from down", () => {
    const { state, effects } = stepBfd(stepBfd(inState("up"), configured(50), held).state, configured(60), config);
    expect(state).toMatchObject({ name: "down", diagnostic: DIAGNOSTIC.none });
    expect(packets(effects)).toEqual([expect.objectContaining({ state: "down" })]);
  });
});

describe("a peer in demand mode (section 6.6)", () => {
  const demanding = heard({ state: "up", isDemand: true, isFinal: true }, 20);

  test("gets no periodic packets once both are up and no poll is under way", () => {
    expect(stepBfd(inState("up"), demanding, config).effects).toContainEqual({ type: "disarm", timer: "transmit" });
  });

  test("gets them while we poll, and while it is not up", () => {
    for (const said of [{ isFinal: false }, { state: "init" } as const]) {
      const step = stepBfd(inState("up"), heard({ state: "up", isDemand: true, isFinal: true, ...said }, 20), config);
      expect(step.state.timers.transmit).toBeDefined();
    }
  });

  test("is told when we go down", () => {
    const quiet = stepBfd(inState("up"), demanding, config).state;
    expect(packets(stepBfd(quiet, expired("detection"), config).effects)).toEqual([
      expect.objectContaining({ state: "down" }),
    ]);
  });
});

test("a peer that requires no packets gets none but news and answers (section 6.8.7)", () => {
  const { state, effects } = stepBfd(inState("up"), heard({ state: "up", requiredMinRxUs: 0 }, 20), config);
  expect(effects).toContainEqual({ type: "disarm", timer: "transmit" });
  const step = stepBfd(state, heard({ state: "up", requiredMinRxUs: 0, isPoll: true }, 30), config);
  expect(packets(step.effects)).toEqual([expect.objectContaining({ isFinal: true })]);
});

test("diagnostics have names, reserved ones too", () => {
  expect([diagnosticName(0), diagnosticName(7), diagnosticName(31)]).toEqual([
    "none",
    "administrativelyDown",
    "reserved31",
  ]);
});
