import type { Clock } from "@heraldlb/runtime";

/** What {@link AbsentNodes} works with. */
export interface AbsentNodesOptions {
  readonly clock: Clock;
  /** How long a node may be away before it counts as gone. */
  readonly limitMs: number;
  /** These nodes are gone now; `all`: every node that is not back is. */
  onGone(nodes: readonly string[] | "all"): void;
}

/** Nodes of which nothing is known: for a while they may return, then they are gone. One timer serves them all. */
export class AbsentNodes {
  readonly #options: AbsentNodesOptions;
  /** Since when each is away that is not gone yet. */
  readonly #since = new Map<string, number>();
  #begun = 0;
  /** Nodes that were not noted since are waited for, too. */
  #isBeginning = false;
  #timer: Disposable | undefined;

  constructor(options: AbsentNodesOptions) {
    this.#options = options;
  }

  /** Every node may return within the limit, from now on. */
  begin(): void {
    this.#since.clear();
    this.#begun = this.#options.clock.now();
    this.#isBeginning = true;
    this.#arm();
  }

  /** Nobody is waited for any more. */
  end(): void {
    this.#since.clear();
    this.#isBeginning = false;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** Nothing is known of the node, from now on. */
  away(node: string): void {
    if (this.#since.has(node)) return;
    this.#since.set(node, this.#options.clock.now());
    this.#arm();
  }

  /** The node has told everything. */
  back(node: string): void {
    this.#since.delete(node);
  }

  /** Whether a node that is not back has been away for too long. */
  isGone(node: string): boolean {
    return this.#isOver(this.#since.get(node) ?? this.#begun);
  }

  #isOver(since: number): boolean {
    const { clock, limitMs } = this.#options;
    return clock.now() - since >= limitMs;
  }

  /** Waits for the one that went last: those before it can wait as long. */
  #arm(): void {
    if (this.#timer || (this.#since.size === 0 && !this.#isBeginning)) return;
    const { clock, limitMs } = this.#options;
    const last = Math.max(this.#isBeginning ? this.#begun : 0, ...this.#since.values());
    this.#timer = clock.timer(last + limitMs - clock.now(), () => {
      this.#timer = undefined;
      this.#tell();
      this.#arm();
    });
  }

  #tell(): void {
    const gone = [...this.#since].flatMap(([node, since]) => (this.#isOver(since) ? node : []));
    // All others have been waited for since longer ago.
    for (const node of gone) this.#since.delete(node);
    const isAll = this.#isBeginning && this.#isOver(this.#begun);
    if (isAll) this.#isBeginning = false;
    if (isAll) this.#options.onGone("all");
    else if (gone.length > 0) this.#options.onGone(gone);
  }
}
