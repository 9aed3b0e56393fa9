import type { Ip } from "@heraldlb/net";
import type { Freed } from "./freed.ts";

// Of a large pool with much coming and going, those that rested longest count as never used some day.
const MOST_RESTED = 1 << 14;

/** Freed addresses of a pool with a cool-down, in the order in which they were freed. */
export class RestQueue {
  readonly #coolDownMs: number;
  readonly #cooling = new Map<Ip, Freed>();
  readonly #rested = new Map<Ip, Freed>();

  constructor(coolDownMs: number) {
    this.#coolDownMs = coolDownMs;
  }

  /** Adds one that was freed no earlier than those that are here. */
  add(freed: Freed): void {
    this.#cooling.set(freed.address, freed);
  }

  delete(address: Ip): void {
    this.#cooling.delete(address);
    this.#rested.delete(address);
  }

  /** The address that has rested longest, if it has rested enough. */
  next(): Ip | undefined {
    return this.#rested.keys().next().value;
  }

  /** When the next cool-down is over; undefined if nothing rests. */
  nextEnd(): number | undefined {
    const first = this.#cooling.values().next().value;
    return first && first.at + this.#coolDownMs;
  }

  /** Ends the cool-downs that are over now; tells how many, and what is too old to remember. */
  advance(now: number): { readonly ended: number; readonly forgotten: readonly Freed[] } {
    let ended = 0;
    for (const freed of this.#cooling.values()) {
      if (freed.at + this.#coolDownMs > now) break;
      this.#cooling.delete(freed.address);
      this.#rested.set(freed.address, freed);
      ended++;
    }
    const forgotten = this.#rested
      .values()
      .take(Math.max(0, this.#rested.size - MOST_RESTED))
      .toArray();
    for (const { address } of forgotten) this.#rested.delete(address);
    return { ended, forgotten };
  }
}
