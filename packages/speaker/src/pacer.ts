import type { Clock } from "@heraldlb/runtime";

/** How fast a {@link Pacer} lets things out. */
export interface PacerOptions {
  /** Items a second, spread evenly. */
  readonly perSecond: number;
  /** Items that may go out at once when nothing went out before; also the most in one turn of the event loop. */
  readonly burst: number;
}

/** `first` is served before `later`, in order of arrival in each. */
export type Priority = "first" | "later";

// Short enough that whatever else the thread has to do, such as answering, comes between two slices.
const SLICE_MS = 1;

/**
 * Spreads work evenly, so that neither a switch nor the answering is swamped when thousands of addresses are
 * announced at once.
 *
 * An item that finds nothing queued and the pace not used up is performed before `put` returns.
 */
export class Pacer<T> {
  readonly #clock: Clock;
  readonly #options: PacerOptions;
  readonly #perform: (item: T) => void;
  readonly #queues: Readonly<Record<Priority, Queue<T>>> = { first: new Queue(), later: new Queue() };
  #credit: number;
  #at: number;
  #timer: Disposable | undefined;

  constructor(clock: Clock, options: PacerOptions, perform: (item: T) => void) {
    this.#clock = clock;
    this.#options = options;
    this.#perform = perform;
    this.#credit = options.burst;
    this.#at = clock.now();
  }

  /** How many items wait. */
  get waiting(): number {
    return this.#queues.first.length + this.#queues.later.length;
  }

  /** Adds an item. */
  put(item: T, priority: Priority): void {
    this.#queues[priority].push(item);
    if (!this.#timer) this.#run();
  }

  /** Drops everything that waits. */
  clear(): void {
    this.#queues.first.clear();
    this.#queues.later.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer = undefined;
    this.#refill();
    while (this.#credit >= 1 && this.waiting > 0) {
      this.#credit--;
      const queue = this.#queues.first.length > 0 ? this.#queues.first : this.#queues.later;
      this.#perform(queue.shift());
    }
    if (this.waiting > 0 && !this.#timer) this.#timer = this.#clock.timer(SLICE_MS, () => this.#run());
  }

  #refill(): void {
    const now = this.#clock.now();
    const earned = ((now - this.#at) / 1000) * this.#options.perSecond;
    this.#credit = Math.min(this.#options.burst, this.#credit + earned);
    this.#at = now;
  }
}

/** First in, first out; taking one does not move the others. */
class Queue<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item; there must be one. */
  shift(): T {
    const item = this.#items[this.#head++] as T;
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
