import type { IpRange, Prefix } from "@heraldlb/net";
import type { Namespace } from "./cluster.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";

/** An entry of `spec.addresses`, understood. */
export interface PoolEntry {
  readonly range: IpRange;
  /** The range as the fewest CIDRs, ascending; MetalLB's messages name them. */
  readonly cidrs: readonly Prefix[];
}

/** One entry of `spec.addresses`, or why it is none in MetalLB's words. */
export function parsePoolEntry(text: string): PoolEntry | { readonly error: string } {
  return { error: text };
}

/** The address ranges of a valid pool, in the listed order. */
export function poolRanges(pool: IpAddressPool): readonly IpRange[] {
  void pool;
  return [];
}

/** The namespaces a pool is pinned to, selectors resolved; undefined: any. Empty: the selectors match none. */
export function poolNamespaces(pool: IpAddressPool, namespaces: Iterable<Namespace>): readonly string[] | undefined {
  void namespaces;
  return pool.spec.serviceAllocation?.namespaces;
}
