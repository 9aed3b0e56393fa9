import { type IpAddressPool, poolRanges } from "@heraldlb/config";
import type { Holding } from "@heraldlb/ipam";
import {
  type Family,
  familyOf,
  type Ip,
  type IpRange,
  ipToBigInt,
  rangeFirst,
  rangeLast,
  rangeSize,
} from "@heraldlb/net";
import type { Cluster } from "./cluster.ts";

/** How many addresses a pool has, and how many of them are in use, by family. */
export interface PoolUsage {
  readonly pool: string;
  readonly total: Readonly<Record<Family, bigint>>;
  readonly used: Readonly<Record<Family, number>>;
}

/** The usage of all pools in force; none is known of where nobody decides. Sharers of an address count once. */
export function poolUsage({ addresses, world }: Cluster): PoolUsage[] {
  if (!addresses) return [];
  const used = addresses.usage();
  return [...world.pools].map((pool) => {
    const { name } = pool.metadata;
    return { pool: name, total: capacity(pool), used: used.get(name) ?? NOTHING };
  });
}

const NOTHING = { ipv4: 0, ipv6: 0 };

/** Counts the addresses that are in use, pool by pool, as they come and go. */
export class UsageCounter {
  readonly #shares = new Map<string, number>();
  readonly #used = new Map<string, Record<Family, number>>();
  /** Stranded addresses are of another pool, or of none, whenever pools change. */
  readonly #stranded = new Set<Holding>();

  /** A Service has these addresses. */
  add(holding: Holding): void {
    const { pool, addresses, stranded } = holding;
    if (stranded) {
      this.#stranded.add(holding);
      return;
    }
    for (const address of addresses) {
      const key = `${pool} ${address}`;
      const shares = this.#shares.get(key) ?? 0;
      this.#shares.set(key, shares + 1);
      if (shares === 0) this.#count(pool, familyOf(address), 1);
    }
  }

  /** A Service has them no longer; the same object as it was added. */
  delete(holding: Holding): void {
    if (this.#stranded.delete(holding)) return;
    const { pool, addresses } = holding;
    for (const address of addresses) {
      const key = `${pool} ${address}`;
      const shares = (this.#shares.get(key) ?? 0) - 1;
      if (shares > 0) {
        this.#shares.set(key, shares);
        continue;
      }
      this.#shares.delete(key);
      this.#count(pool, familyOf(address), -1);
    }
  }

  /** How many distinct addresses of each pool are in use, given which pool would give an address out. */
  byPool(poolOf: (address: Ip) => string | undefined): ReadonlyMap<string, Readonly<Record<Family, number>>> {
    if (this.#stranded.size === 0) return this.#used;
    const used = new Map(this.#used);
    for (const address of new Set(this.#stranded.values().flatMap(({ addresses }) => addresses))) {
      const pool = poolOf(address);
      if (pool === undefined || this.#shares.has(`${pool} ${address}`)) continue;
      const before = used.get(pool) ?? NOTHING;
      used.set(pool, { ...before, [familyOf(address)]: before[familyOf(address)] + 1 });
    }
    return used;
  }

  #count(pool: string, family: Family, by: 1 | -1): void {
    const before = this.#used.get(pool) ?? NOTHING;
    const now = { ...before, [family]: before[family] + by };
    if (now.ipv4 + now.ipv6 > 0) this.#used.set(pool, now);
    else this.#used.delete(pool);
  }
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
