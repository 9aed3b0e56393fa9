/** Whoever waits for a server to accept something. An outage may last for days, and many begin to wait and give up. */
export class Successes {
  readonly #waiting = new Set<() => void>();

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves with the next one; never, once the signal has aborted. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return;
      this.#waiting.add(resolve);
      signal?.addEventListener("abort", () => this.#waiting.delete(resolve), { once: true });
    });
  }

  /** Something was accepted. */
  tell(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
