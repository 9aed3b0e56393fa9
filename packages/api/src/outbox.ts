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
  #messages = 0;
  #bytes = 0;
  #closed = false;
  #waiting: (() => void)[] = [];

  constructor(sink: Sink<T>, size: (message: T) => number = () => 1) {
    this.#sink = sink;
    this.#size = size;
  }

  /** Bytes accepted by `send` that have not left yet. */
  get buffered(): number {
    return this.#bytes;
  }

  /** Hands a message to the stream; without effect once closed. */
  send(message: T): void {
    if (this.#closed) return;
    const size = this.#size(message);
    this.#messages++;
    this.#bytes += size;
    this.#sink.write(message, () => {
      this.#messages--;
      this.#bytes -= size;
      if (this.#messages === 0) this.#release();
    });
  }

  /** Resolves when everything sent so far, and while waiting, has left, or never will. */
  async flushed(): Promise<void> {
    if (this.#messages === 0 || this.#closed) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
