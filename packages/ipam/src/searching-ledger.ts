import { type Family, type Ip, ipFromBigInt, ipToBigInt, rangeContains, rangeFirst, rangeSize } from "@heraldlb/net";
import {
  type Claim,
  type Claimant,
  type Conflict,
  type Held,
  type Lack,
  type Ledger,
  notShared,
  portTaken,
} from "./ledger.ts";
import type { World } from "./plan.ts";
import { allowsNamespace, comparePools, hasCoolDown, hasFamily, isForAll, type PoolInput, restMs } from "./pool.ts";
import { formatPort } from "./sharing.ts";

/** The ledger of the reference: it goes through everything at each question. */
export class SearchingLedger implements Ledger {
  readonly setAside: boolean;
  readonly pools: readonly PoolInput[];
  readonly openPools: readonly PoolInput[];
  readonly #world: World;
  readonly #held: Map<string, Held>;
  /** Who has left what, in this round. */
  readonly #left = new Map<Ip, Set<string>>();
  readonly #retaken = new Set<Ip>();

  constructor(world: World) {
    this.#world = world;
    this.#held = new Map(world.held);
    this.setAside = world.setAside;
    this.pools = world.pools.toSorted(comparePools);
    this.openPools = this.pools.filter(({ autoAssign, allocation }) => autoAssign && !allocation);
  }

  pinnedPools(namespace: string): readonly PoolInput[] {
    return this.pools.filter((pool) => pool.autoAssign && pool.allocation && allowsNamespace(pool, namespace));
  }

  pool(name: string): PoolInput | undefined {
    return this.pools.find((pool) => pool.name === name);
  }

  poolOf(addresses: readonly Ip[]): PoolInput | undefined {
    return this.pools.find(({ ranges }) =>
      addresses.every((address) => ranges.some((range) => rangeContains(range, address))),
    );
  }

  firstUsable(pool: PoolInput, family: Family, { claimant, mayGrow }: Claim): Ip | Lack {
    if (!hasFamily(pool, family)) return { family, reason: "familyNotInPool" };
    const { key, namespace } = claimant;
    const all = Array.from(addressesOf(pool, family));
    const isNew = (address: Ip) => this.#holders(address).length === 0;
    const former = all.find((address) => isNew(address) && this.#lastOf(address)?.by.has(key));
    const rests = hasCoolDown(pool) ? all.filter((address) => isNew(address) && this.#lastOf(address)) : [];
    if (mayGrow && former) return former;
    const first = all.find(
      (address) =>
        !rests.includes(address) &&
        (mayGrow || this.isCounted(pool, namespace, address)) &&
        !this.conflict(address, claimant),
    );
    if (first) return first;
    if (!mayGrow) return { family, reason: "quotaReached" };
    const rested = this.#world.freed.find(
      ({ address }) => rests.includes(address) && this.restsUntil(address, key) === undefined,
    );
    if (rested) return rested.address;
    const ends = rests.map((address) => this.restsUntil(address, key)).filter((end) => end !== undefined);
    if (ends.length === 0) return { family, reason: "poolExhausted" };
    return { family, reason: "coolingDown", until: Math.min(...ends) };
  }

  conflict(address: Ip, claimant: Claimant): Conflict | undefined {
    const others = this.#holders(address).filter((key) => key !== claimant.key);
    const terms = others.map((key) => (this.#held.get(key) as Held).terms);
    const unlike = notShared(claimant, others, terms);
    if (unlike) return unlike;
    const taken = terms.flatMap((theirs) => theirs.ports.map(formatPort));
    const port = claimant.ports.map(formatPort).find((port) => taken.includes(port));
    return port === undefined ? undefined : portTaken(port, address);
  }

  restsUntil(address: Ip, service: string): number | undefined {
    const { now } = this.#world;
    const pool = this.poolOf([address]);
    const last = this.#lastOf(address);
    if (!pool || !hasCoolDown(pool) || !last || last.by.has(service) || this.#holders(address).length > 0) {
      return undefined;
    }
    const end = last.at + restMs(pool);
    return end > now ? end : undefined;
  }

  count(pool: PoolInput, namespace: string): number {
    if (pool.quotaPerNamespace === undefined) return 0;
    return new Set(Array.from(this.#paidBy(pool, namespace)).flatMap(({ addresses }) => addresses)).size;
  }

  isCounted(pool: PoolInput, namespace: string, address: Ip): boolean {
    if (pool.quotaPerNamespace === undefined) return false;
    return this.#paidBy(pool, namespace).some(({ addresses }) => addresses.includes(address));
  }

  held(service: string): Held | undefined {
    return this.#held.get(service);
  }

  take(service: string, held: Held): void {
    this.drop(service);
    this.#held.set(service, held);
    for (const address of held.addresses) this.#retaken.add(address);
  }

  drop(service: string): void {
    for (const address of this.#held.get(service)?.addresses ?? []) {
      this.#left.set(address, (this.#left.get(address) ?? new Set()).add(service));
    }
    this.#held.delete(service);
  }

  #holders(address: Ip): readonly string[] {
    return Array.from(this.#held)
      .filter(([, { addresses }]) => addresses.includes(address))
      .map(([key]) => key);
  }

  /** When the address was freed, and who may have it back at once. */
  #lastOf(address: Ip): { readonly at: number; readonly by: ReadonlySet<string> } | undefined {
    const by = this.#left.get(address);
    if (by) return { at: this.#world.now, by };
    const pool = this.poolOf([address]);
    if (!pool || !hasCoolDown(pool) || this.#retaken.has(address)) return undefined;
    const freed = this.#world.freed.find((freed) => freed.address === address);
    return freed && { at: freed.at, by: new Set([freed.by]) };
  }

  #paidBy({ name }: PoolInput, namespace: string): IteratorObject<Held> {
    return this.#held.values().filter((held) => held.pool === name && held.namespace === namespace);
  }
}

/** What the pool gives without being asked for it. */
function* addressesOf(pool: PoolInput, family: Family): Iterable<Ip> {
  for (const range of pool.ranges.filter((range) => range.includes(":") === (family === "ipv6"))) {
    const first = ipToBigInt(rangeFirst(range));
    for (let i = 0n; i < rangeSize(range); i++) {
      const address = ipFromBigInt(family, first + i);
      if (isForAll(pool, address)) yield address;
    }
  }
}
