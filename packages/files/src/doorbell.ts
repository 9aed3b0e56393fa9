/** Remembers that somebody rang until somebody looks. */
export class Doorbell {
  #rung = false;
  #wake: () => void = () => {};

  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Whether it rang since the last time that this was asked. */
  answer(): boolean {
    const rung = this.#rung;
    this.#rung = false;
    return rung;
  }

  /** Resolves when it has rung, or the signal has aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#rung || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const wake = () => resolve();
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
  }
}
