import { type Clock, sleepOn } from "./clock.ts";

interface Timer {
  readonly due: number;
  readonly onExpiry: () => void;
}

/** Virtual time that passes only in `advance`. */
export class FakeClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  /** Starts at `now` milliseconds. */
  constructor(now = 0) {
    this.#now = now;
  }

  /** How many timers are running, sleepers included. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  timer(ms: number, onExpiry: () => void): Disposable {
    if (Number.isNaN(ms)) throw new RangeError("a timer of NaN ms");
    const timer = { due: this.#now + Math.max(ms, 0), onExpiry };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  /** Lets `ms` pass: fires due timers in order, and lets promises settle before and between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = timer.due;
      timer.onExpiry();
      await settle();
    }
    this.#now = end;
  }

  /** Of timers due at once the first one started; a Set keeps that order. */
  #next(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (!next || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** All promises that can settle without I/O or time have settled before an immediate runs. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
