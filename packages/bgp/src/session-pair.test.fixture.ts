import type { Ipv4 } from "@heraldlb/net";
import type { BgpMessage, ReceivedMessage } from "./message.ts";
import type { Happening } from "./session.test.fixture.ts";
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
export class World {
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
