import type { Clock } from "@heraldlb/runtime";

/** Lets through `qps` a second, and `burst` at once after a rest, in the order of asking. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  /** When the last turn given falls due at an even pace. */
  #due = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, { qps, burst }: { readonly qps: number; readonly burst: number }) {
    this.#clock = clock;
    this.#intervalMs = 1_000 / qps;
    this.#burst = burst;
  }

  /**
   * Resolves when it is the caller's turn, which counts as that many; rejects with the signal's reason if that comes
   * first.
   */
  async take(signal?: AbortSignal, turns = 1): Promise<void> {
    signal?.throwIfAborted();
    const now = this.#clock.now();
    this.#due = Math.max(this.#due, now - this.#burst * this.#intervalMs) + turns * this.#intervalMs;
    if (this.#due > now) await this.#clock.sleep(this.#due - now, signal);
  }
}
