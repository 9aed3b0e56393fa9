import type { Clock } from "@heraldlb/runtime";

/** Named timers, one of each name at a time. */
export class NamedTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Disposable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a timer of that name is running. */
  has(name: string): boolean {
    return this.#timers.has(name);
  }

  /** Starts a timer, in the place of one of the same name that is running. */
  start(name: string, ms: number, onExpiry: () => void): void {
    this.stop(name);
    const timer = this.#clock.timer(ms, () => {
      this.#timers.delete(name);
      onExpiry();
    });
    this.#timers.set(name, timer);
  }

  /** Stops a timer, if it is running. */
  stop(name: string): void {
    this.#timers.get(name)?.[Symbol.dispose]();
    this.#timers.delete(name);
  }
}
