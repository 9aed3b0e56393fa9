import { type Mac, ZERO_MAC } from "@heraldlb/net";
import type { Clock } from "@heraldlb/runtime";

/** What {@link Peers} needs of its surroundings. */
export interface PeersDependencies {
  readonly clock: Clock;
  /** The MAC addresses of all known nodes; undefined while another controller tells them. */
  macs(): Iterable<Mac> | undefined;
  /** Tells every speaker that does not know it yet. */
  tell(macs: readonly Mac[]): void;
}

// At the start of a thousand speakers each one is news to all the others.
const SETTLE_MS = 1_000;

/** Tells speakers the MAC addresses of all nodes, whenever these have changed or a speaker is new, but not each time. */
export class Peers {
  readonly #dependencies: PeersDependencies;
  #timer: Disposable | undefined;

  constructor(dependencies: PeersDependencies) {
    this.#dependencies = dependencies;
  }

  /** A speaker is new, or its interfaces have changed. */
  note(): void {
    this.#timer ??= this.#dependencies.clock.timer(SETTLE_MS, () => this.#tell());
  }

  /** Tells nothing any more. */
  end(): void {
    this.#timer?.[Symbol.dispose]();
  }

  #tell(): void {
    this.#timer = undefined;
    const macs = this.#dependencies.macs();
    if (macs) this.#dependencies.tell([...new Set(macs)].filter((mac) => mac !== ZERO_MAC).sort());
  }
}
