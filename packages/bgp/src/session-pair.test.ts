import type { Ipv4 } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { BgpMessage, ReceivedMessage } from "./message.ts";
import { CONFIG, type Happening } from "./session.test.fixture.ts";
import { stepSession } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import type { SessionEffect, SessionEvent } from "./session-event.ts";
import { initialSession, type SessionState, sessionName } from "./session-state.ts";

interface Wire {
  /** The connection's number on either side; 0 until it is known. */
  readonly ends: readonly [number, number];
  isCut: boolean;
}

/** Two sessions back to back, with a network in between that takes its time, on a clock of their own. */
class World {
  readonly #agenda: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  readonly sides: readonly [Side, Side];
  /** Nothing gets through, in silence. */
  isSilent = false;
  /** Connections that are tried are refused. */
  isRefusing = false;
  now = 0;
  #order = 0;
  #random: number;

  constructor(configs: readonly [SessionConfig, SessionConfig], seed = 1) {
    this.#random = seed;
    const ids = ["192.0.2.1", "192.0.2.2"] as readonly string[] as readonly [Ipv4, Ipv4];
    this.sides = [new Side(this, configs[0], ids[0]), new Side(this, configs[1], ids[1])];
    this.sides[0].other = this.sides[1];
    this.sides[1].other = this.sides[0];
  }

  /** A share of 1, reproducible. */
  random(): number {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 0x8000_0000;
    return this.#random / 0x8000_0000;
  }

  later(ms: number, act: () => void): { cancel(): void } {
    const item = { at: this.now + ms, order: this.#order++, act };
    this.#agenda.push(item);
    return {
      cancel: () => {
        const index = this.#agenda.indexOf(item);
        if (index >= 0) this.#agenda.splice(index, 1);
      },
    };
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      this.#agenda.sort((a, b) => a.at - b.at || a.order - b.order);
      const [next] = this.#agenda;
      if (!next || next.at > end) break;
      this.#agenda.shift();
      this.now = next.at;
      next.act();
    }
    this.now = end;
  }

  both(happening: Happening): void {
    for (const side of this.sides) side.happen(happening);
  }

  get names(): string[] {
    return this.sides.map(({ state }) => sessionName(state));
  }

  /** How many messages are on their way or timers running. */
  get pending(): number {
    return this.#agenda.length;
  }
}

class Side {
  readonly #world: World;
  readonly #config: SessionConfig;
  readonly #identifier: Ipv4;
  readonly #timers = new Map<string, { cancel(): void }>();
  readonly #wires = new Map<number, Wire>();
  #dialing: { cancel(): void } | undefined;
  #next = 1;
  other!: Side;
  state: SessionState = initialSession;
  readonly log: string[] = [];

  constructor(world: World, config: SessionConfig, identifier: Ipv4) {
    this.#world = world;
    this.#config = config;
    this.#identifier = identifier;
  }

  happen(happening: Happening): void {
    const { state, effects } = stepSession(
      this.state,
      { ...happening, now: this.#world.now } as SessionEvent,
      this.#config,
    );
    this.state = state;
    for (const effect of effects) this.#obey(effect);
  }

  /** The wires break, and both sides are told. */
  cut(): void {
    for (const [id, wire] of this.#wires) {
      if (wire.isCut) continue;
      wire.isCut = true;
      this.happen({ type: "closed", connection: id });
      this.other.happen({ type: "closed", connection: this.other.numberOf(wire) });
    }
  }

  numberOf(wire: Wire): number {
    for (const [id, other] of this.#wires) if (other === wire) return id;
    return 0;
  }

  #obey(effect: SessionEffect): void {
    const world = this.#world;
    switch (effect.type) {
      case "dial":
        this.#dialing = world.later(1 + 5 * world.random(), () => this.#connect());
        break;
      case "abandon":
        this.#dialing?.cancel();
        break;
      case "send":
        this.#send(effect.connection, effect.message);
        break;
      case "close":
        this.#close(effect.connection);
        break;
      case "arm": {
        const key = JSON.stringify(effect.timer);
        this.#timers.get(key)?.cancel();
        const ms = effect.ms * (1 - effect.jitter * world.random());
        this.#timers.set(
          key,
          world.later(ms, () => this.happen({ type: "expired", timer: effect.timer })),
        );
        break;
      }
      case "disarm":
        this.#timers.get(JSON.stringify(effect.timer))?.cancel();
        break;
      case "up":
        this.log.push("up");
        break;
      case "ended":
        if (effect.wasUp) this.log.push(`down: ${effect.end.reason}`);
        break;
      default:
    }
  }

  #connect(): void {
    if (this.#world.isSilent) return;
    const { dial } = this.other.state;
    if (this.#world.isRefusing || dial === "stopped") {
      this.happen({ type: "dialFailed" });
      return;
    }
    const wire: Wire = { ends: [0, 0], isCut: false };
    const [mine, theirs] = [this.#next++, this.other.#next++];
    this.#wires.set(mine, wire);
    this.other.#wires.set(theirs, wire);
    this.happen({ type: "connected", connection: mine, isIncoming: false, identifier: this.#identifier });
    const identifier = this.other.#identifier;
    this.other.happen({ type: "connected", connection: theirs, isIncoming: true, identifier });
  }

  /** All bytes of a wire take the same time, so they arrive in order. */
  #deliver(wire: Wire, happen: (connection: number) => Happening): void {
    const { other } = this;
    this.#world.later(1, () => {
      const connection = other.numberOf(wire);
      if (!this.#world.isSilent && !wire.isCut) other.happen(happen(connection));
    });
  }

  #send(connection: number, message: BgpMessage): void {
    const wire = this.#wires.get(connection);
    if (!wire) return;
    const received: ReceivedMessage = message.type === "update" ? { ...message, errors: [] } : message;
    this.#deliver(wire, (number) => ({ type: "received", connection: number, message: received }));
  }

  #close(connection: number): void {
    for (const name of ["hold", "keepalive"]) this.#timers.get(JSON.stringify({ name, connection }))?.cancel();
    const wire = this.#wires.get(connection);
    if (wire) this.#deliver(wire, (number) => ({ type: "closed", connection: number }));
  }
}

const PEER: SessionConfig = { ...CONFIG, asn: 64513, peerAsn: 64512 };
const UP = ["established", "established"];

function up(configs: readonly [SessionConfig, SessionConfig] = [CONFIG, PEER], seed = 1): World {
  const world = new World(configs, seed);
  world.both({ type: "start" });
  world.run(30_000);
  expect(world.names).toEqual(UP);
  return world;
}

test("two sides that both call each other end up with one session, whatever the network's timing", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { sides } = up([CONFIG, PEER], seed);
      expect(sides.map(({ state }) => state.connections.length)).toEqual([1, 1]);
    }),
  );
});

test.each([
  ["active", "passive", CONFIG, { ...PEER, isPassive: true }],
  ["passive", "active", { ...CONFIG, isPassive: true }, PEER],
  ["without a hold time", "with one", { ...CONFIG, holdSeconds: 0 }, PEER],
  ["external", "any other", { ...CONFIG, peerAsn: "external" }, { ...PEER, peerAsn: "external" }],
  ["internal", "internal", { ...CONFIG, peerAsn: "internal" }, { ...PEER, asn: 64512, peerAsn: "internal" }],
] as const)("%s and %s come together", (_own, _peer, own, peer) => {
  up([own, peer]);
});

test("KEEPALIVEs keep a session up for days", () => {
  const world = up();
  world.run(2 * 86_400_000);
  expect(world.sides.map(({ log }) => log)).toEqual([["up"], ["up"]]);
});

test("silence ends a session after the hold time, and it comes back", () => {
  const world = up();
  world.isSilent = true;
  world.run(95_000);
  for (const side of world.sides) expect(side.log).toEqual(["up", "down: sent"]);
  world.isSilent = false;
  world.run(60_000);
  expect(world.names).toEqual(UP);
});

test("a lost connection is back within a few seconds", () => {
  const world = up();
  world.sides[0].cut();
  world.run(3_000);
  expect(world.names).toEqual(UP);
});

test("a peer that was away for an hour is back within 5 s of its return", () => {
  const world = up();
  world.isRefusing = true;
  world.sides[0].cut();
  world.run(3_600_000);
  expect(world.names).not.toEqual(UP);
  world.isRefusing = false;
  world.run(5_100);
  expect(world.names).toEqual(UP);
});

test("sides that disagree try again for ever, but slowly", () => {
  const world = new World([CONFIG, { ...PEER, asn: 64999 }]);
  world.both({ type: "start" });
  world.run(3_600_000);
  expect(world.names).not.toContain("established");
  // Each side numbers its connections: one takes 5 s at least, after the first few.
  for (const { state } of world.sides) expect(state.failures).toBeGreaterThan(300);
  for (const { state } of world.sides) expect(state.failures).toBeLessThan(1_500);
});

test("a session stopped on one side stays down, without anything left behind", () => {
  const world = up();
  world.both({ type: "stop", notification: undefined, routes: "keep" });
  world.run(1_000);
  expect([world.names, world.pending]).toEqual([["idle", "idle"], 0]);
});

const trouble = fc.oneof(
  fc.constant((world: World) => world.sides[0].cut()),
  fc.integer({ min: 1, max: 200_000 }).map((ms) => (world: World) => {
    world.isSilent = true;
    world.run(ms);
    world.isSilent = false;
  }),
  fc.integer({ min: 1, max: 60_000 }).map((ms) => (world: World) => {
    world.isRefusing = true;
    world.run(ms);
    world.isRefusing = false;
  }),
  fc.constantFrom(0, 1).map((side) => (world: World) => {
    world.sides[side as 0]?.happen({ type: "stop", notification: undefined, routes: "keep" });
    world.run(500);
    world.sides[side as 0]?.happen({ type: "start" });
  }),
  fc.integer({ min: 1, max: 20_000 }).map((ms) => (world: World) => world.run(ms)),
);

test("after any trouble the session is up again in the end", () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(trouble, { maxLength: 8 }), (seed, troubles) => {
      const world = new World([CONFIG, PEER], seed);
      world.both({ type: "start" });
      for (const happens of troubles) happens(world);
      // A connection that died in silence is found out by the OPEN's hold time.
      world.run(300_000);
      expect(world.names).toEqual(UP);
    }),
  );
});
