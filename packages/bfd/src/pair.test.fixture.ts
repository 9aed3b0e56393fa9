import type { BfdControl, BfdStateName } from "./control.ts";
import { type BfdEvent, stepBfd } from "./session.ts";
import { BFD_START, type BfdConfig, type BfdState, type BfdTimer } from "./state.ts";

export type Side = "a" | "b";

/** Two sessions joined by a wire, on a virtual clock. */
export interface PairOptions {
  readonly a: BfdConfig;
  readonly b: BfdConfig;
  /** How long a packet of that side takes; `undefined` loses it. */
  readonly delayMs?: (from: Side, atMs: number) => number | undefined;
  /** How long an echo packet of that side takes there and back. */
  readonly echoMs?: (from: Side, atMs: number) => number | undefined;
  /** From 0 to 1, for jitter. */
  readonly random?: () => number;
  /** When a side starts. */
  readonly startMs?: Readonly<Record<Side, number>>;
}

export interface Change {
  readonly side: Side;
  readonly name: BfdStateName;
  readonly diagnostic: number;
  readonly atMs: number;
}

interface Due {
  readonly atMs: number;
  readonly side: Side;
  readonly event: (atMs: number) => BfdEvent;
  readonly isTimer: boolean;
  /** What an arm has replaced must not fire. */
  readonly isCurrent: () => boolean;
}

export class Pair {
  readonly changes: Change[] = [];
  readonly sent: { readonly side: Side; readonly packet: BfdControl; readonly atMs: number }[] = [];
  readonly echoes: { readonly side: Side; readonly atMs: number }[] = [];
  readonly #states: Record<Side, BfdState> = { a: BFD_START, b: BFD_START };
  readonly #configs: Record<Side, BfdConfig>;
  readonly #armed: Record<Side, Map<BfdTimer, number>> = { a: new Map(), b: new Map() };
  readonly #options: PairOptions;
  readonly #due: Due[] = [];
  #now = 0;
  #serial = 0;

  constructor(options: PairOptions) {
    this.#options = options;
    this.#configs = { a: options.a, b: options.b };
    for (const side of ["a", "b"] as const) {
      const atMs = options.startMs?.[side] ?? 0;
      this.#due.push({ atMs, side, event: configured, isTimer: false, isCurrent: () => true });
    }
  }

  get now(): number {
    return this.#now;
  }

  state(side: Side): BfdState {
    return this.#states[side];
  }

  configure(side: Side, fields: Partial<BfdConfig>): void {
    this.#configs[side] = { ...this.#configs[side], ...fields };
    this.#step(side, configured(this.#now));
  }

  /** An echo packet comes back to a side. */
  echoReturns(side: Side, sequence: number): BfdState["echo"] {
    this.#step(side, { type: "echoed", sequence, atMs: this.#now });
    return this.state(side).echo;
  }

  /** A side forgets everything, and will not move again. */
  kill(side: Side): void {
    this.#armed[side].clear();
    this.#states[side] = BFD_START;
    for (let i = this.#due.length - 1; i >= 0; i--) if (this.#due[i]?.side === side) this.#due.splice(i, 1);
    this.#dead.add(side);
  }

  readonly #dead = new Set<Side>();

  run(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#takeUntil(end);
      if (!next) break;
      this.#now = Math.max(this.#now, next.atMs);
      if (next.isCurrent()) this.#step(next.side, next.event(this.#now));
    }
    this.#now = end;
  }

  /** Runs until both are up; throws after a minute of virtual time. */
  untilUp(): void {
    for (let i = 0; i < 6_000; i++) {
      if (this.state("a").name === "up" && this.state("b").name === "up") return;
      this.run(10);
    }
    throw new Error("not up after a minute");
  }

  #takeUntil(end: number): Due | undefined {
    const next = this.#due.reduce<Due | undefined>(
      (best, due) => (best && !isBefore(due, best) ? best : due),
      undefined,
    );
    if (!next || next.atMs > end) return undefined;
    this.#due.splice(this.#due.indexOf(next), 1);
    return next;
  }

  #step(side: Side, event: BfdEvent): void {
    const before = this.#states[side];
    const { state, effects } = stepBfd(before, event, this.#configs[side]);
    this.#states[side] = state;
    if (state.name !== before.name) {
      this.changes.push({ side, name: state.name, diagnostic: state.diagnostic, atMs: this.#now });
    }
    const { delayMs = () => 1, echoMs = () => undefined, random = () => 1 } = this.#options;
    const armed = this.#armed[side];
    if (event.type === "expired") armed.delete(event.timer);
    for (const effect of effects) {
      switch (effect.type) {
        case "send": {
          this.sent.push({ side, packet: effect.packet, atMs: this.#now });
          const to = side === "a" ? "b" : "a";
          if (this.#dead.has(to)) break;
          this.#deliver(to, delayMs(side, this.#now), (atMs) => ({ type: "received", packet: effect.packet, atMs }));
          break;
        }
        case "sendEcho":
          this.echoes.push({ side, atMs: this.#now });
          this.#deliver(side, echoMs(side, this.#now), (atMs) => ({ type: "echoed", sequence: effect.sequence, atMs }));
          break;
        case "disarm":
          armed.delete(effect.timer);
          break;
        case "arm": {
          const { timer, sinceMs, intervalMs, jitter } = effect;
          this.#serial += 1;
          const serial = this.#serial;
          armed.set(timer, serial);
          const atMs = Math.max(this.#now, sinceMs + intervalMs * (jitter[0] + random() * (jitter[1] - jitter[0])));
          const expired = (atMs: number): BfdEvent => ({ type: "expired", timer, atMs });
          this.#due.push({ atMs, side, event: expired, isTimer: true, isCurrent: () => armed.get(timer) === serial });
        }
      }
    }
  }

  #deliver(side: Side, delayMs: number | undefined, event: Due["event"]): void {
    if (delayMs === undefined) return;
    this.#due.push({ atMs: this.#now + delayMs, side, event, isTimer: false, isCurrent: () => true });
  }
}

/** Of those due at once packets come first, as a socket is read before a session is declared down. */
function isBefore(due: Due, other: Due): boolean {
  return due.atMs === other.atMs ? other.isTimer && !due.isTimer : due.atMs < other.atMs;
}

const configured = (atMs: number): BfdEvent => ({ type: "configured", atMs });

/** A configuration of `ms` both ways, times 3. */
export function every(ms: number, fields: Partial<BfdConfig> = {}): BfdConfig {
  return {
    localDiscriminator: 1,
    multiplier: 3,
    desiredMinTxUs: ms * 1_000,
    requiredMinRxUs: ms * 1_000,
    echoIntervalUs: undefined,
    isPassive: false,
    isAdminDown: false,
    ...fields,
  };
}
