/** The part of a gRPC call that an outbox needs. */
export interface Sink<T> {
  write(message: T, sent: () => void): unknown;
}

/**
 * Counts what was written to a call and has not yet left for the kernel.
 *
 * A call's stream is first in, first out, and takes whatever it is given into memory. Whoever has much to send waits for
 * `flushed` between pieces; what must leave at once then waits for one piece at most.
 */
export class Outbox<T> {
  readonly #sink: Sink<T>;
  readonly #size: (message: T) => number;
  #accepted = 0;
  #left = 0;
  #bytes = 0;
  #isClosed = false;
  #waiting: { readonly until: number; readonly resolve: () => void }[] = [];

  constructor(sink: Sink<T>, size: (message: T) => number) {
    this.#sink = sink;
    this.#size = size;
  }

  /** Bytes accepted by `send` that have not left yet. */
  get buffered(): number {
    return this.#bytes;
  }

  /** Hands a message to the stream; without effect once closed. */
  send(message: T): void {
    if (this.#isClosed) return;
    const size = this.#size(message);
    this.#accepted++;
    this.#bytes += size;
    this.#sink.write(message, () => {
      this.#left++;
      this.#bytes -= size;
      this.#release(this.#left);
    });
  }

  /** Resolves when everything sent so far has left, or never will. */
  async flushed(): Promise<void> {
    const until = this.#accepted;
    if (this.#left >= until || this.#isClosed) return;
    await new Promise<void>((resolve) => this.#waiting.push({ until, resolve }));
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#isClosed = true;
    this.#release(Number.POSITIVE_INFINITY);
  }

  #release(left: number): void {
    while (this.#waiting[0] && this.#waiting[0].until <= left) this.#waiting.shift()?.resolve();
  }
}
