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
// More `first` items than that in so short a time are a rush: thousands may be on their way.
const RUSH = { items: 32, ms: 50 } as const;

/**
 * Spreads work evenly, so that neither a switch nor the answering is swamped when thousands of addresses are
 * announced at once.
 *
 * An item that finds nothing queued and the pace not used up is performed before `put` returns. In a rush of `first`
 * items those that are `later` wait for its end, whatever the pace: they would slow down what is still to come.
 */
export class Pacer<T> {
  readonly #clock: Clock;
  readonly #options: PacerOptions;
  readonly #perform: (item: T) => void;
  readonly #queues: Readonly<Record<Priority, Queue<T>>> = { first: new Queue(), later: new Queue() };
  #credit: number;
  #at: number;
  #timer: Disposable | undefined;
  #isRunning = false;
  /** The `first` items since then. */
  #recent = { since: Number.NEGATIVE_INFINITY, items: 0 };
  #rushUntil = Number.NEGATIVE_INFINITY;

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

  /** Whether there is a rush of `first` items. */
  get isRushed(): boolean {
    return this.#clock.now() < this.#rushUntil;
  }

  /** Adds an item. */
  put(item: T, priority: Priority): void {
    if (priority === "first") this.#noteRush();
    this.#queues[priority].push(item);
    if (this.#isRunning) return;
    // The timer may be set for the end of a rush only.
    if (!this.#timer || (priority === "first" && this.#queues.first.length === 1)) this.#run();
  }

  /** Drops everything that waits. */
  clear(): void {
    this.#queues.first.clear();
    this.#queues.later.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #run(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#refill();
    const { first, later } = this.#queues;
    this.#isRunning = true;
    while (this.#credit >= 1 && (first.length > 0 || (later.length > 0 && !this.isRushed))) {
      this.#credit--;
      this.#perform((first.length > 0 ? first : later).shift());
    }
    this.#isRunning = false;
    if (this.waiting === 0) return;
    const delay = first.length > 0 ? SLICE_MS : Math.max(SLICE_MS, this.#rushUntil - this.#clock.now());
    this.#timer = this.#clock.timer(delay, () => this.#run());
  }

  #noteRush(): void {
    const now = this.#clock.now();
    if (now - this.#recent.since > RUSH.ms) this.#recent = { since: now, items: 0 };
    if (++this.#recent.items > RUSH.items) this.#rushUntil = now + RUSH.ms;
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
