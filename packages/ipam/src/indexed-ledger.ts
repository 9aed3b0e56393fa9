import type { Family, Ip } from "@heraldlb/net";
import type { Freed } from "./freed.ts";
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
import { NamespaceCounts } from "./namespace-counts.ts";
import {
  allowsNamespace,
  comparePools,
  hasCoolDown,
  hasFamily,
  isForAll,
  type PoolInput,
  type PoolSet,
  shapeOf,
} from "./pool.ts";
import { type Block, BlockIndex, blocksOf, comparePlaces, firstFree, type Place } from "./pool-space.ts";
import { Resting } from "./resting.ts";
import { ShareIndex } from "./share-index.ts";
import { portsOf } from "./sharing.ts";
import { Tenants } from "./tenants.ts";

interface Space {
  readonly pool: PoolInput;
  readonly blocks: readonly Block[];
}

/** A ledger that looks everything up, in time that grows with the logarithm of what is in it. */
export class IndexedLedger implements Ledger {
  readonly #held = new Map<string, Held>();
  readonly #holders = new Tenants<string>();
  readonly #stranded = new Set<string>();
  readonly #shares = new ShareIndex((address) => this.#place(address));
  readonly #counts = new NamespaceCounts();
  readonly #resting = new Resting({
    poolOf: (address) => this.#poolAt(address),
    isHeld: (address) => this.#holders.has(address),
    onForgotten: (address) => this.#free(address, { isRested: true }),
  });
  #spaces: ReadonlyMap<string, Space> = new Map();
  #index = new BlockIndex([]);
  #pools: readonly PoolInput[] = [];
  #openPools: readonly PoolInput[] = [];
  readonly #pinnedPools = new Map<string, readonly PoolInput[]>();
  #setAside = false;
  /** The last one that was found: its address mostly comes up again at once, and to read addresses is slow. */
  #found: Place | undefined;

  get setAside(): boolean {
    return this.#setAside;
  }

  get pools(): readonly PoolInput[] {
    return this.#pools;
  }

  get openPools(): readonly PoolInput[] {
    return this.#openPools;
  }

  /** Addresses of pools with a cool-down that were freed; the same array as long as nothing changes. */
  get freed(): readonly Freed[] {
    return this.#resting.freed;
  }

  /** Keys of the Services that had resting addresses last. */
  get formerHolders(): Iterable<string> {
    return this.#resting.formerHolders;
  }

  /** When the next cool-down is over, in ms since the epoch. */
  get nextRested(): number | undefined {
    return this.#resting.nextEnd;
  }

  /** Begins a round of changes, no earlier than the last one. True if a cool-down is over. */
  begin(now: number): boolean {
    return this.#resting.begin(now);
  }

  /** Ends a round: what was dropped and not taken again begins to rest. */
  end(): void {
    this.#resting.end();
  }

  /** Takes up what is remembered of freed addresses. */
  load(freed: readonly Freed[]): void {
    const unheld = freed.filter(({ address }) => !this.#holders.has(address));
    this.#resting.load(unheld, this.#setAside);
    for (const { address } of this.#resting.freed) this.#take(address);
  }

  /** Puts these pools in force; returns the Services whose addresses that may concern. */
  setPools({ pools, setAside }: PoolSet): ReadonlySet<string> {
    const old = this.#spaces;
    const fresh = new Set<string>();
    const edited = new Set<string>();
    this.#spaces = new Map(
      pools.map((pool) => {
        const space = old.get(pool.name);
        if (!space || !samePool(space.pool, pool)) edited.add(pool.name);
        if (space && shapeOf(space.pool) === shapeOf(pool)) return [pool.name, { ...space, pool }];
        fresh.add(pool.name);
        return [pool.name, { pool, blocks: blocksOf(pool) }];
      }),
    );
    for (const name of old.keys()) if (!this.#spaces.has(name)) edited.add(name);
    this.#setAside = setAside;
    this.#pools = pools.toSorted(comparePools);
    this.#openPools = this.#pools.filter(({ autoAssign, allocation }) => autoAssign && !allocation);
    this.#pinnedPools.clear();
    this.#index = new BlockIndex(Array.from(this.#spaces.values()).flatMap(({ blocks }) => blocks));
    this.#found = undefined;
    this.#shares.forgetPlaces();
    this.#resting.rebuild(setAside);
    if (fresh.size > 0) this.#refill(fresh);
    this.#recount();
    return new Set([...this.#stranded, ...this.#of(edited)]);
  }

  pinnedPools(namespace: string): readonly PoolInput[] {
    const known = this.#pinnedPools.get(namespace);
    if (known) return known;
    const pinned = this.#pools.filter((pool) => pool.autoAssign && pool.allocation && allowsNamespace(pool, namespace));
    this.#pinnedPools.set(namespace, pinned);
    return pinned;
  }

  pool(name: string): PoolInput | undefined {
    return this.#spaces.get(name)?.pool;
  }

  poolOf(addresses: readonly Ip[]): PoolInput | undefined {
    const [first, ...others] = addresses;
    const pool = first && this.#poolAt(first);
    return others.every((address) => this.#poolAt(address) === pool) ? pool : undefined;
  }

  firstUsable(pool: PoolInput, family: Family, { claimant, mayGrow }: Claim): Ip | Lack {
    if (!hasFamily(pool, family)) return { family, reason: "familyNotInPool" };
    const { key, namespace } = claimant;
    const unheld = Iterator.from(this.#resting.formerOf(key)).filter((address) => !this.#holders.has(address));
    const former = mayGrow ? this.#firstOf(unheld, pool, family) : undefined;
    if (former) return former.address;
    const { addresses: held = [] } = this.#held.get(key) ?? {};
    const affordable = held.filter((address) => mayGrow || this.isCounted(pool, namespace, address));
    const own = this.#firstOf(affordable, pool, family);
    const blocks = (this.#spaces.get(pool.name)?.blocks ?? []).filter((block) => block.family === family);
    const shared = this.#firstShareable(pool, blocks, { claimant, mayGrow });
    const free = mayGrow ? firstFree(pool, blocks) : undefined;
    if (free) this.#found = free;
    const first = lower(lower(free, shared), own)?.address ?? (mayGrow ? this.#resting.next(pool, family) : undefined);
    if (first) return first;
    if (!mayGrow) return { family, reason: "quotaReached" };
    const until = hasCoolDown(pool) ? this.#resting.nextEndIn(pool, family) : undefined;
    return until === undefined ? { family, reason: "poolExhausted" } : { family, reason: "coolingDown", until };
  }

  conflict(address: Ip, claimant: Claimant): Conflict | undefined {
    const others = this.holders(address).filter((key) => key !== claimant.key);
    if (others.length === 0) return undefined;
    const terms = others.map((key) => (this.#held.get(key) as Held).terms);
    const unlike = notShared(claimant, others, terms);
    if (unlike) return unlike;
    const taken = terms.map(portsOf);
    const port = portsOf(claimant)
      .values()
      .find((one) => taken.some((ports) => ports.has(one)));
    return port === undefined ? undefined : portTaken(port, address);
  }

  restsUntil(address: Ip, service: string): number | undefined {
    return this.#holders.has(address) ? undefined : this.#resting.until(address, service);
  }

  count({ name }: PoolInput, namespace: string): number {
    return this.#counts.count(name, namespace);
  }

  isCounted({ name }: PoolInput, namespace: string, address: Ip): boolean {
    return this.#counts.has(name, namespace, address);
  }

  held(service: string): Held | undefined {
    return this.#held.get(service);
  }

  /** Keys of the Services that have the address. */
  holders(address: Ip): readonly string[] {
    return this.#holders.of(address);
  }

  take(service: string, held: Held): void {
    this.drop(service);
    this.#held.set(service, held);
    for (const address of held.addresses) {
      if (this.#holders.add(address, service)) this.#take(address);
      this.#resting.take(address);
      this.#shares.add(held.terms, address);
    }
    this.#counts.add(held);
    if (held.stranded) this.#stranded.add(service);
  }

  drop(service: string): void {
    const held = this.#held.get(service);
    if (!held) return;
    this.#held.delete(service);
    for (const address of held.addresses) {
      this.#resting.leave(address, service);
      this.#shares.delete(held.terms, address);
      if (this.#holders.delete(address, service)) this.#free(address, { isRested: false });
    }
    this.#counts.delete(held);
    this.#stranded.delete(service);
  }

  /** Who has addresses of these pools. Pools change so seldom that no index is worth its room. */
  #of(pools: ReadonlySet<string>): string[] {
    if (pools.size === 0) return [];
    return Array.from(this.#held.keys()).filter((key) => pools.has((this.#held.get(key) as Held).pool));
  }

  #place(address: Ip): Place | undefined {
    if (this.#found?.address === address) return this.#found;
    const place = this.#index.find(address);
    if (place) this.#found = place;
    return place;
  }

  #poolAt(address: Ip): PoolInput | undefined {
    const place = this.#place(address);
    return place && this.pool(place.block.pool);
  }

  #take(address: Ip): void {
    const place = this.#place(address);
    place?.block.tree.take(place.offset);
  }

  /** What is only given on request stays taken, and what begins to rest. */
  #free(address: Ip, { isRested }: { readonly isRested: boolean }): void {
    const place = this.#place(address);
    const pool = this.#poolAt(address);
    if (!place || !pool || !isForAll(pool, address)) return;
    if (isRested || !hasCoolDown(pool)) place.block.tree.free(place.offset);
  }

  #refill(pools: ReadonlySet<string>): void {
    const take = (address: Ip, isConcerned: (pool: string) => boolean) => {
      const place = this.#index.find(address);
      if (place && pools.has(place.block.pool) && isConcerned(place.block.pool)) place.block.tree.take(place.offset);
    };
    for (const address of this.#holders.addresses()) take(address, () => true);
    for (const address of this.#resting.addresses()) take(address, (name) => hasCoolDown(this.pool(name) as PoolInput));
  }

  #recount(): void {
    const limited = this.#pools.filter(({ quotaPerNamespace }) => quotaPerNamespace !== undefined);
    const fresh = this.#counts.watch(new Set(limited.map(({ name }) => name)));
    for (const key of this.#of(new Set(fresh))) this.#counts.add(this.#held.get(key) as Held);
  }

  /** The first of the addresses that the pool gives without being asked for it. */
  #firstOf(addresses: Iterable<Ip>, pool: PoolInput, family: Family): Place | undefined {
    let first: Place | undefined;
    for (const address of addresses) {
      const place = this.#index.find(address);
      if (place?.block.pool !== pool.name || place.block.family !== family) continue;
      if (isForAll(pool, address)) first = lower(first, place);
    }
    return first;
  }

  #firstShareable(pool: PoolInput, blocks: readonly Block[], { claimant, mayGrow }: Claim): Place | undefined {
    if (!claimant.sharingKey) return undefined;
    for (const place of this.#shares.candidates(claimant, blocks)) {
      const { address } = place;
      const isGood = isForAll(pool, address) && (mayGrow || this.isCounted(pool, claimant.namespace, address));
      if (isGood && !this.conflict(address, claimant)) return place;
    }
    return undefined;
  }
}

function lower(a: Place | undefined, b?: Place | undefined): Place | undefined {
  if (!a || !b) return a ?? b;
  return comparePlaces(a, b) < 0 ? a : b;
}

function samePool(a: PoolInput, b: PoolInput): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
