import { describe, expect, test } from "vitest";
import type { BfdControl } from "./control.ts";
import { PACKET } from "./packet.test.fixture.ts";
import { every } from "./pair.test.fixture.ts";
import { type BfdEffect, type BfdEvent, stepBfd } from "./session.ts";
import { BFD_START, type BfdConfig, type BfdState, type BfdTimer } from "./state.ts";

const peer: BfdControl = {
  ...PACKET,
  myDiscriminator: 9,
  yourDiscriminator: 1,
  state: "up",
  desiredMinTxUs: 100_000,
  requiredMinRxUs: 100_000,
};

/** A session under test, which remembers what its timers were last set to. */
class Subject {
  state: BfdState = BFD_START;
  config: BfdConfig;
  effects: readonly BfdEffect[] = [];

  constructor(config: BfdConfig) {
    this.config = config;
    this.#step({ type: "configured", atMs: 0 });
  }

  hears(fields: Partial<BfdControl>, atMs: number): this {
    return this.#step({ type: "received", packet: { ...peer, ...fields }, atMs });
  }

  becomes(fields: Partial<BfdConfig>, atMs: number): this {
    this.config = { ...this.config, ...fields };
    return this.#step({ type: "configured", atMs });
  }

  transmits(atMs: number): this {
    return this.#step({ type: "expired", timer: "transmit", atMs });
  }

  /** When the wait of a timer ends, without jitter, relative to when it began. */
  interval(timer: BfdTimer): number | undefined {
    return this.state.timers[timer]?.intervalMs;
  }

  get isPolling(): boolean {
    return this.effects.some((effect) => effect.type === "send" && effect.packet.isPoll);
  }

  #step(event: BfdEvent): this {
    const { state, effects } = stepBfd(this.state, event, this.config);
    this.state = state;
    this.effects = effects;
    return this;
  }
}

/** Up, with all polls acknowledged, at 30 ms. */
function up(config: BfdConfig): Subject {
  const subject = new Subject(config).hears({ state: "init", desiredMinTxUs: 1_000_000 }, 10);
  return subject.hears({ isFinal: true }, 30);
}

describe("while the session is not up", () => {
  test("packets are a second or more apart (section 6.8.3)", () => {
    expect(new Subject(every(100)).interval("transmit")).toBe(1_000);
    expect(new Subject(every(2_000)).interval("transmit")).toBe(2_000);
    expect(new Subject(every(100)).hears({ state: "down", requiredMinRxUs: 3_000_000 }, 5).interval("transmit")).toBe(
      3_000,
    );
  });

  test("no poll is sent: what differs is in every packet", () => {
    expect(new Subject(every(100)).becomes({ requiredMinRxUs: 50_000 }, 5).isPolling).toBe(false);
  });
});

describe("on becoming up", () => {
  const subject = new Subject(every(100)).hears({ state: "init", desiredMinTxUs: 1_000_000 }, 10);

  test("we poll, and send fast at once (sections 6.8.3 and 6.5)", () => {
    expect(subject.isPolling).toBe(true);
    expect(subject.interval("transmit")).toBe(100);
  });

  test("we still expect what the other side last said that it sends (section 6.8.4)", () => {
    expect(subject.interval("detection")).toBe(3_000);
  });

  test("the other side's new interval counts from its first packet", () => {
    expect(up(every(100)).interval("detection")).toBe(300);
  });
});

describe("the intervals in use", () => {
  test.each([
    ["theirs to send is longer", { desiredMinTxUs: 400_000 }, 100, 1_200],
    ["theirs to receive is longer", { requiredMinRxUs: 400_000 }, 400, 300],
    ["theirs are shorter", { desiredMinTxUs: 10_000, requiredMinRxUs: 10_000 }, 100, 300],
    ["their multiplier is another", { multiplier: 5 }, 100, 500],
  ])("when %s", (_name, said, transmit, detection) => {
    const subject = up(every(100)).hears(said, 40);
    expect([subject.interval("transmit"), subject.interval("detection")]).toEqual([transmit, detection]);
  });

  test("the detection time begins anew with each packet, and both timers are set anew when the other side's change", () => {
    const subject = up(every(100)).hears({ requiredMinRxUs: 400_000, desiredMinTxUs: 200_000 }, 70);
    expect(subject.effects).toEqual([
      expect.objectContaining({ type: "arm", timer: "transmit", sinceMs: 10, intervalMs: 400 }),
      expect.objectContaining({ type: "arm", timer: "detection", sinceMs: 70, intervalMs: 600 }),
    ]);
  });

  test("a packet that changes nothing leaves the transmission timer alone, or it might never expire", () => {
    const subject = up(every(100)).hears({}, 70);
    expect(subject.effects).toEqual([expect.objectContaining({ type: "arm", timer: "detection" })]);
  });
});

describe("a change of our own while up (section 6.8.3)", () => {
  test("to send less often waits for the end of the poll", () => {
    const subject = up(every(100)).becomes({ desiredMinTxUs: 500_000 }, 40);
    expect([subject.isPolling, subject.interval("transmit")]).toEqual([true, 100]);
    expect(subject.hears({}, 50).interval("transmit")).toBe(100);
    expect(subject.hears({ isFinal: true }, 60).interval("transmit")).toBe(500);
    expect(subject.transmits(600).isPolling).toBe(false);
  });

  test("to send more often counts at once", () => {
    const subject = up(every(100)).hears({ requiredMinRxUs: 10_000 }, 35).becomes({ desiredMinTxUs: 50_000 }, 40);
    expect([subject.isPolling, subject.interval("transmit")]).toEqual([true, 50]);
  });

  test("to receive more often waits for the end of the poll", () => {
    const subject = up(every(300)).becomes({ requiredMinRxUs: 100_000 }, 40);
    expect([subject.isPolling, subject.interval("detection")]).toEqual([true, 900]);
    expect(subject.hears({ isFinal: true }, 60).interval("detection")).toBe(300);
  });

  test("to receive less often counts at once", () => {
    const subject = up(every(100)).becomes({ requiredMinRxUs: 500_000 }, 40);
    expect([subject.isPolling, subject.interval("detection")]).toEqual([true, 1_500]);
  });

  test("during a poll leads to another, for the first answer may be to the earlier values (section 6.5)", () => {
    const subject = up(every(100)).becomes({ desiredMinTxUs: 500_000 }, 40).becomes({ desiredMinTxUs: 700_000 }, 41);
    expect(subject.hears({ isFinal: true }, 60).interval("transmit")).toBe(100);
    expect(subject.transmits(110).isPolling).toBe(true);
    expect(subject.hears({ isFinal: true }, 120).interval("transmit")).toBe(700);
  });

  test("does not change the state, and neither does another multiplier", () => {
    const subject = up(every(100)).becomes({ desiredMinTxUs: 50_000, requiredMinRxUs: 50_000, multiplier: 5 }, 40);
    expect(subject.state.name).toBe("up");
    expect(subject.effects).toContainEqual({ type: "send", packet: expect.objectContaining({ multiplier: 5 }) });
  });
});

test("an answer to no poll changes nothing", () => {
  const subject = up(every(100)).hears({ isFinal: true }, 40);
  expect(subject.state.poll).toBe("idle");
});

describe("jitter (section 6.8.7)", () => {
  test("takes up to a quarter off", () => {
    expect(up(every(100)).state.timers.transmit?.jitter).toEqual([0.75, 1]);
  });

  test("takes at least a tenth off when one lost packet is the end", () => {
    expect(up(every(100, { multiplier: 1 })).state.timers.transmit?.jitter).toEqual([0.75, 0.9]);
  });

  test("is not applied to the detection time", () => {
    expect(up(every(100)).state.timers.detection?.jitter).toEqual([1, 1]);
  });
});
