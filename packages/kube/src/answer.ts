import type { Dispatcher } from "undici";

/** A reader that is slower than the server holds it up when so much waits. */
const WAITING_BYTES = 1024 * 1024;

/** What a server answers: its head, and its body as it comes. */
export class Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly #controller: Dispatcher.DispatchController;
  #chunks: Uint8Array[] = [];
  #waitingBytes = 0;
  #isComplete = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(controller: Dispatcher.DispatchController, status: number, headers: Answer["headers"]) {
    this.#controller = controller;
    this.status = status;
    this.headers = headers;
  }

  /** More of the body has come. */
  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes > WAITING_BYTES) this.#controller.pause();
    this.#wake?.();
  }

  /** The body is complete, or, with an error, will never be. */
  end(failure?: Error): void {
    this.#isComplete = failure === undefined;
    this.#failure = failure;
    this.#wake?.();
  }

  /** Nobody reads on: the connection closes if there would be more. */
  destroy(): void {
    if (!this.#isComplete && !this.#failure) this.#controller.abort(new Error("no more of it is wanted"));
  }

  /** The body; pieces that have come together, together. Throws what broke it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Uint8Array[]> {
    for (;;) {
      const chunks = this.#chunks;
      if (chunks.length > 0) {
        this.#chunks = [];
        this.#waitingBytes = 0;
        this.#controller.resume();
        yield chunks;
      } else if (this.#failure) {
        throw this.#failure;
      } else if (this.#isComplete) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
