/** What a process says of its readiness. */
export class Health {
  readonly #missing = new Map<string, string>();

  /** Says that something is not there yet, or no longer, and why. One name for each thing. */
  unready(what: string, reason: string): void {
    this.#missing.set(what, reason);
  }

  /** Says that it is there. */
  ready(what: string): void {
    this.#missing.delete(what);
  }

  /** What is missing, by name; empty: the process is ready. */
  get missing(): ReadonlyMap<string, string> {
    return this.#missing;
  }
}
