import type { Ip } from "@heraldlb/net";
import type { Held } from "./ledger.ts";

/** By address, how many of a namespace's Services share it. */
type Shares = Map<Ip, number>;

/** How many addresses of each pool with a quota each namespace has. */
export class NamespaceCounts {
  readonly #shares = new Map<string, Map<string, Shares>>();

  /** Counts for these pools from now on, and for no others. Returns those that are new: whoever holds from them is to be added. */
  watch(pools: ReadonlySet<string>): readonly string[] {
    for (const pool of this.#shares.keys()) if (!pools.has(pool)) this.#shares.delete(pool);
    const fresh = Array.from(pools).filter((pool) => !this.#shares.has(pool));
    for (const pool of fresh) this.#shares.set(pool, new Map());
    return fresh;
  }

  add({ pool, namespace, addresses }: Held): void {
    const namespaces = this.#shares.get(pool);
    if (!namespaces) return;
    const shares: Shares = namespaces.get(namespace) ?? new Map();
    namespaces.set(namespace, shares);
    for (const address of addresses) shares.set(address, (shares.get(address) ?? 0) + 1);
  }

  delete({ pool, namespace, addresses }: Held): void {
    const namespaces = this.#shares.get(pool);
    const shares = namespaces?.get(namespace);
    if (!namespaces || !shares) return;
    for (const address of addresses) {
      const left = (shares.get(address) ?? 0) - 1;
      if (left > 0) shares.set(address, left);
      else shares.delete(address);
    }
    if (shares.size === 0) namespaces.delete(namespace);
  }

  /** How many distinct addresses of the pool the namespace has; 0 for a pool without a quota. */
  count(pool: string, namespace: string): number {
    return this.#shares.get(pool)?.get(namespace)?.size ?? 0;
  }

  /** Whether the namespace has this address of the pool. */
  has(pool: string, namespace: string, address: Ip): boolean {
    return this.#shares.get(pool)?.get(namespace)?.has(address) ?? false;
  }
}
