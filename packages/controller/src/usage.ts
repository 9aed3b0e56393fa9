import { type IpAddressPool, poolRanges } from "@heraldlb/config";
import { type Family, familyOf, type IpRange, ipToBigInt, rangeFirst, rangeLast, rangeSize } from "@heraldlb/net";
import type { Cluster } from "./cluster.ts";

/** How many addresses a pool has, and how many of them are in use, by family. */
export interface PoolUsage {
  readonly pool: string;
  readonly total: Readonly<Record<Family, bigint>>;
  readonly used: Readonly<Record<Family, number>>;
}

/** The usage of all pools in force. Sharers of an address count once. */
export function poolUsage(cluster: Cluster): PoolUsage[] {
  const used = new Map<string, Set<string>>();
  for (const [, { pool, addresses }] of cluster.addresses?.allGiven() ?? []) {
    const set = used.get(pool) ?? new Set();
    for (const address of addresses) set.add(address);
    used.set(pool, set);
  }
  return [...cluster.world.pools].map((pool) => {
    const { name } = pool.metadata;
    const counts = { ipv4: 0, ipv6: 0 };
    for (const address of used.get(name) ?? []) counts[address.includes(":") ? "ipv6" : "ipv4"]++;
    return { pool: name, total: capacity(pool), used: counts };
  });
}

/** How many addresses can be given from a pool: those that it avoids do not count. */
export function capacity(pool: IpAddressPool): Record<Family, bigint> {
  const total = { ipv4: 0n, ipv6: 0n };
  for (const range of poolRanges(pool)) {
    const family = familyOf(rangeFirst(range));
    total[family] += rangeSize(range);
    if (family === "ipv4" && pool.spec.avoidBuggyIPs) total.ipv4 -= buggy(range);
  }
  return total;
}

/** Addresses that end in .0 or .255. */
function buggy(range: IpRange): bigint {
  const [first, last] = [ipToBigInt(rangeFirst(range)), ipToBigInt(rangeLast(range))];
  return endingIn(0n, first, last) + endingIn(255n, first, last);
}

/** How many numbers from `first` to `last` are `octet` modulo 256. */
function endingIn(octet: bigint, first: bigint, last: bigint): bigint {
  const upTo = (end: bigint) => (end < octet ? 0n : (end - octet) / 256n + 1n);
  return upTo(last) - (first === 0n ? 0n : upTo(first - 1n));
}
