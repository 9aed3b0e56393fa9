import type { BfdReport, BfdStatistics } from "./bfd/live-session.ts";
import type { NodeBgp, NodeChange } from "./bgp-definitions.ts";
import type { BgpFacts } from "./report.ts";

/** What the loader calls of BGP on a node. */
export interface LoadedBgp {
  /** What is on the wire. */
  readonly facts: BgpFacts;
  apply(changes: readonly NodeChange[]): void;
  bfdChanged(report: BfdReport): void;
  bfdCounted(statistics: readonly BfdStatistics[]): void;
  close(): Promise<void>;
}

/** Starts BGP when the first router is defined: a node without any needs neither its code nor its memory. */
export class BgpLoader {
  readonly #start: (all: NodeBgp) => Promise<LoadedBgp>;
  readonly #onBug: (error: unknown) => void;
  #loaded: LoadedBgp | undefined;
  #loading: Promise<void> | undefined;
  #waiting: (readonly NodeChange[])[] = [];

  constructor(start: (all: NodeBgp) => Promise<LoadedBgp>, onBug: (error: unknown) => void) {
    this.#start = start;
    this.#onBug = onBug;
  }

  /** Takes changes; `all` is what there is with them. */
  apply(changes: readonly NodeChange[], all: () => NodeBgp): void {
    if (this.#loaded) this.#loaded.apply(changes);
    else if (this.#loading !== undefined) this.#waiting.push(changes);
    else if (changes.some(({ type }) => type === "peer")) this.#load(all());
  }

  /** Undefined until BGP has started. */
  get loaded(): LoadedBgp | undefined {
    return this.#loaded;
  }

  /** Ends all sessions in good order. */
  async close(): Promise<void> {
    await this.#loading;
    await this.#loaded?.close();
  }

  #load(all: NodeBgp): void {
    this.#loading = this.#start(all).then(
      (loaded) => {
        this.#loaded = loaded;
        for (const changes of this.#waiting) loaded.apply(changes);
        this.#waiting = [];
      },
      (error: unknown) => this.#onBug(error),
    );
  }
}
