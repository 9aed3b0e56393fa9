/** What feeds an inbox, and can be asked to wait. */
export interface Source {
  pause(): unknown;
  resume(): unknown;
}

// Enough for a burst; a sender that outruns its reader by more waits, and TCP's window with it.
const HIGH_WATER = 256;

/** A bounded queue between a stream's events and the one loop that reads its messages. */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #source: Source;
  #queue: T[] = [];
  #head = 0;
  #paused = false;
  #end: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => {};
  #limit: number;

  /** `first`: how many items are taken in before the reader has dealt with the first one. */
  constructor(source: Source, first: number = HIGH_WATER) {
    this.#source = source;
    this.#limit = first;
  }

  put(item: T): void {
    if (this.#end) return;
    this.#queue.push(item);
    if (this.#queue.length - this.#head >= this.#limit && !this.#paused) {
      this.#paused = true;
      this.#source.pause();
    }
    this.#wake();
  }

  /** Nothing more comes: the reader gets what is queued, then the error if there is one. Only the first call counts. */
  finish(error?: Error): void {
    this.#end ??= { error };
    this.#wake();
  }

  /** As `finish`, but what is queued is lost. */
  discard(): void {
    this.#queue = [];
    this.#head = 0;
    this.finish();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      if (this.#head < this.#queue.length) {
        yield this.#next();
        this.#limit = HIGH_WATER;
        this.#resume();
      } else if (this.#end?.error) throw this.#end.error;
      else if (this.#end) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #next(): T {
    // The caller has compared the head with the length.
    const item = this.#queue[this.#head++] as T;
    if (this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #resume(): void {
    if (!this.#paused || this.#queue.length - this.#head >= this.#limit / 2) return;
    this.#paused = false;
    this.#source.resume();
  }
}
