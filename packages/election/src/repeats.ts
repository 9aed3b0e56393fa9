/** How often the same is logged while it goes on. */
const EVERY_MS = 1_000;

/** Which of many alike lines are worth logging: the first one, then one a second. */
export class Repeats {
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  /** Returns how many have not been logged since the last one that was; undefined if this one is not to be, either. */
  note(now: number): number | undefined {
    if (now - this.#loggedAt < EVERY_MS) {
      this.#unlogged++;
      return undefined;
    }
    const unlogged = this.#unlogged;
    this.#unlogged = 0;
    this.#loggedAt = now;
    return unlogged;
  }
}
