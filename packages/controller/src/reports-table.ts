/** What one node says of one thing on the wire. */
export interface Share {
  readonly node: string;
  /** In order, each once; at least one. */
  readonly names: readonly string[];
}

// Ten times what the largest node has to say. A node that says more is broken, or lies.
const MOST_OF_A_NODE = 16 * 1024 * 1024;
const ITEM_WEIGHT = 100;
// What many items say is kept once, if it is short; beyond so many different things it is not worth it.
const MOST_REMEMBERED = 10_000;
const LONGEST_REMEMBERED = 1_000;

/**
 * What nodes say of things that have names: for each the nodes that have a part in it, and which. A change costs work
 * in proportion to these nodes.
 */
export class ReportTable {
  readonly #shares = new Map<string, Share[]>();
  readonly #weights = new Map<string, number>();
  readonly #remembered = new Map<string, Share>();

  /** Names of the things that any node has a part in. */
  get size(): number {
    return this.#shares.size;
  }

  /** Who has a part in it. */
  of(id: string): readonly Share[] {
    return this.#shares.get(id) ?? [];
  }

  /**
   * The node's part in it is this one now; none: it has no part. Says what came of it: `refused` is what would be more
   * of one node than is kept.
   */
  set(node: string, id: string, names: readonly string[]): "changed" | "same" | "refused" {
    const shares = this.#shares.get(id);
    const at = shares?.findIndex((share) => share.node === node) ?? -1;
    const before = shares?.[at];
    if (names.length === 0) {
      if (!before) return "same";
      this.#remove(id, before);
      return "changed";
    }
    const share = this.#remember({ node, names: [...new Set(names)].sort() });
    if (before && isSame(before, share)) return "same";
    const weight = (this.#weights.get(node) ?? 0) + weightOf(id, share) - (before ? weightOf(id, before) : 0);
    if (weight > MOST_OF_A_NODE) return "refused";
    this.#weights.set(node, weight);
    if (!shares) this.#shares.set(id, [share]);
    else if (before) shares[at] = share;
    else shares.push(share);
    return "changed";
  }

  /** The node has no part in anything any more. Returns in what it had. */
  clear(node: string): readonly string[] {
    if (!this.#weights.has(node)) return [];
    const cleared: string[] = [];
    for (const [id, shares] of this.#shares) {
      const share = shares.find((each) => each.node === node);
      if (!share) continue;
      this.#remove(id, share);
      cleared.push(id);
    }
    this.#weights.delete(node);
    this.#remembered.clear();
    return cleared;
  }

  #remove(id: string, share: Share): void {
    const rest = this.of(id).filter((each) => each !== share);
    if (rest.length > 0) this.#shares.set(id, rest);
    else this.#shares.delete(id);
    this.#weights.set(share.node, (this.#weights.get(share.node) ?? 0) - weightOf(id, share));
  }

  #remember(share: Share): Share {
    const key = JSON.stringify(share);
    if (key.length > LONGEST_REMEMBERED) return share;
    const known = this.#remembered.get(key);
    if (known) return known;
    if (this.#remembered.size >= MOST_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, share);
    return share;
  }
}

const isSame = (a: Share, b: Share): boolean =>
  a === b || (a.names.length === b.names.length && a.names.every((name, i) => name === b.names[i]));

const weightOf = (id: string, { names }: Share): number =>
  names.reduce((sum, name) => sum + name.length, ITEM_WEIGHT + id.length);
