import type { Clock, Logger } from "@heraldlb/runtime";

/** What a warning is about. */
export interface Trouble {
  /** The other end's address. */
  readonly peer: string;
  readonly reason: string;
}

interface Told {
  readonly at: number;
  /** How often it has come since then. */
  count: number;
}

const EVERY_MS = 60_000;
// Whoever has that many addresses can fill a log, but not the memory.
const REMEMBERED = 1000;

/** A warning whose cause comes again and again: told at once, then once a minute with how often it came meanwhile. */
export class RepeatedWarning {
  readonly #message: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #told = new Map<string, Told>();

  constructor(message: string, { clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#message = message;
    this.#clock = clock;
    this.#log = log;
  }

  /** It has happened. */
  note({ peer, reason }: Trouble): void {
    const key = `${peer} ${reason}`;
    const told = this.#told.get(key);
    const now = this.#clock.now();
    if (told) {
      told.count++;
      if (now - told.at < EVERY_MS) return;
      this.#log.warn(this.#message, { peer, reason, count: told.count });
    } else {
      this.#log.warn(this.#message, { peer, reason });
    }
    // The one that was told longest ago is the first to be forgotten.
    this.#told.delete(key);
    this.#told.set(key, { at: now, count: 0 });
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= REMEMBERED) break;
      this.#told.delete(oldest);
    }
  }
}
