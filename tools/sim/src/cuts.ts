/** Which way of a cut or of a repair: what leaves, what comes in, or both. */
export type Ways = "both" | "out" | "in";

/** The directed links of one network that carry nothing. */
export class Cuts {
  readonly #links = new Set<string>();

  get isEmpty(): boolean {
    return this.#links.size === 0;
  }

  has(from: string, to: string): boolean {
    return this.#links.size > 0 && this.#links.has(`${from}>${to}`);
  }

  /** Cuts or mends what leads from `a` to `b` (`out`), from `b` to `a` (`in`), or both. */
  set(a: string, b: string, isCut: boolean, ways: Ways = "both"): void {
    if (ways !== "in") this.#change(`${a}>${b}`, isCut);
    if (ways !== "out") this.#change(`${b}>${a}`, isCut);
  }

  clear(): void {
    this.#links.clear();
  }

  #change(link: string, isCut: boolean): void {
    if (isCut) this.#links.add(link);
    else this.#links.delete(link);
  }
}
