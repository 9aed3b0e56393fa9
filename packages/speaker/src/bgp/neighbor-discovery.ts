import type { Ipv6 } from "@heraldlb/net";
import { type NeighborEnvironment, NeighborSearch } from "./neighbor-search.ts";

/** Told when the neighbor on an interface is found, is another one, or has not been heard for long (undefined). */
export type OnNeighbor = (interfaceName: string, address: Ipv6 | undefined) => void;

/**
 * Finds the routers at the other end of interfaces, for BGP peers without an address ("unnumbered" ones), as FRR does:
 * by Router Advertisements. Sends its own, and solicitations, on those interfaces and on no others.
 *
 * That a neighbor is not heard any more does not mean that a session with it is dead.
 */
export class NeighborDiscovery {
  readonly #env: NeighborEnvironment;
  readonly #onNeighbor: OnNeighbor;
  readonly #searches = new Map<string, NeighborSearch>();

  constructor(env: NeighborEnvironment, onNeighbor: OnNeighbor) {
    this.#env = env;
    this.#onNeighbor = onNeighbor;
  }

  /** Takes the names of the interfaces that peers name. Those that it had already go on; a missing one is waited for. */
  apply(interfaceNames: Iterable<string>): void {
    const wanted = new Set(interfaceNames);
    for (const [name, search] of this.#searches) {
      if (wanted.has(name)) continue;
      search.close();
      this.#searches.delete(name);
    }
    for (const name of wanted) {
      if (this.#searches.has(name)) continue;
      const search = new NeighborSearch(name, this.#env, (address) => this.#onNeighbor(name, address));
      this.#searches.set(name, search);
    }
  }

  /** The node's interfaces or their addresses have changed. */
  interfacesChanged(): void {
    for (const search of this.#searches.values()) search.interfacesChanged();
  }

  /** Sends and reports nothing any more. */
  close(): void {
    this.apply([]);
  }
}
