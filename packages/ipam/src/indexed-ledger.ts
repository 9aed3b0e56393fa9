import { type Family, type Ip, ipToBigInt } from "@heraldlb/net";
import { type Claimant, type Conflict, type Held, type Ledger, notShared, portTaken } from "./ledger.ts";
import { avoids, comparePools, type PoolInput, type PoolSet } from "./pool.ts";
import { type Block, BlockIndex, blocksOf, firstFree } from "./pool-space.ts";
import { formatPort, mayShare, type SharingTerms } from "./sharing.ts";

interface Space {
  readonly pool: PoolInput;
  readonly blocks: readonly Block[];
}

const NOBODY: ReadonlySet<string> = new Set();

/** A ledger that looks everything up, in time that grows with the logarithm of what is in it. */
export class IndexedLedger implements Ledger {
  readonly #held = new Map<string, Held>();
  readonly #holders = new Map<Ip, readonly string[]>();
  /** Addresses held on terms that allow sharing, by these terms. */
  readonly #shareable = new Map<string, Set<Ip>>();
  readonly #byPool = new Map<string, Set<string>>();
  readonly #stranded = new Set<string>();
  #spaces: ReadonlyMap<string, Space> = new Map();
  #index = new BlockIndex([]);
  #pools: readonly PoolInput[] = [];
  #setAside = false;

  get setAside(): boolean {
    return this.#setAside;
  }

  get pools(): readonly PoolInput[] {
    return this.#pools;
  }

  /** Puts these pools in force; returns the Services whose addresses that may concern. */
  setPools({ pools, setAside }: PoolSet): ReadonlySet<string> {
    const old = this.#spaces;
    const fresh = new Set<string>();
    const concerned = new Set<string>(this.#stranded);
    this.#spaces = new Map(
      pools.map((pool) => {
        const space = old.get(pool.name);
        if (!space || !samePool(space.pool, pool)) for (const key of this.#of(pool.name)) concerned.add(key);
        if (space && space.pool.ranges.join() === pool.ranges.join()) return [pool.name, { ...space, pool }];
        fresh.add(pool.name);
        return [pool.name, { pool, blocks: blocksOf(pool) }];
      }),
    );
    for (const name of old.keys()) {
      if (!this.#spaces.has(name)) for (const key of this.#of(name)) concerned.add(key);
    }
    this.#pools = pools.toSorted(comparePools);
    this.#setAside = setAside;
    this.#index = new BlockIndex(Array.from(this.#spaces.values()).flatMap(({ blocks }) => blocks));
    if (fresh.size > 0) this.#refill(fresh);
    return concerned;
  }

  pool(name: string): PoolInput | undefined {
    return this.#spaces.get(name)?.pool;
  }

  poolOf(addresses: readonly Ip[]): PoolInput | undefined {
    const names = new Set(addresses.map((address) => this.#index.find(address)?.pool));
    const [name] = names;
    return names.size === 1 && name !== undefined ? this.pool(name) : undefined;
  }

  firstUsable(pool: PoolInput, family: Family, claimant: Claimant): Ip | undefined {
    const blocks = this.#spaces.get(pool.name)?.blocks ?? [];
    const free = firstFree(pool, blocks, family);
    const shared = this.#firstShareable(pool, family, claimant);
    if (!free || !shared) return free?.address ?? shared?.address;
    return comparePlaces(free, shared) < 0 ? free.address : shared.address;
  }

  conflict(address: Ip, claimant: Claimant): Conflict | undefined {
    const others = this.holders(address).filter((key) => key !== claimant.key);
    if (others.length === 0) return undefined;
    const terms = others.map((key) => (this.#held.get(key) as Held).terms);
    if (!terms.every((theirs) => mayShare(theirs, claimant))) return notShared(claimant, others);
    const ports = new Set(claimant.ports.map(formatPort));
    const taken = new Set(terms.flatMap((theirs) => theirs.ports.map(formatPort).filter((port) => ports.has(port))));
    const port = claimant.ports.map(formatPort).find((port) => taken.has(port));
    return port === undefined ? undefined : portTaken(port, address);
  }

  held(service: string): Held | undefined {
    return this.#held.get(service);
  }

  /** Keys of the Services that have the address. */
  holders(address: Ip): readonly string[] {
    return this.#holders.get(address) ?? [];
  }

  take(service: string, held: Held): void {
    this.drop(service);
    this.#held.set(service, held);
    for (const address of held.addresses) {
      const holders = this.holders(address);
      this.#holders.set(address, [...holders, service]);
      if (holders.length === 0) this.#mark(address, "take");
      if (held.terms.sharingKey) add(this.#shareable, termsKey(held.terms), address);
    }
    add(this.#byPool, held.pool, service);
    if (held.stranded) this.#stranded.add(service);
  }

  drop(service: string): void {
    const held = this.#held.get(service);
    if (!held) return;
    this.#held.delete(service);
    for (const address of held.addresses) {
      const others = this.holders(address).filter((key) => key !== service);
      if (others.length > 0) {
        this.#holders.set(address, others);
        continue;
      }
      this.#holders.delete(address);
      this.#mark(address, "free");
      if (held.terms.sharingKey) remove(this.#shareable, termsKey(held.terms), address);
    }
    remove(this.#byPool, held.pool, service);
    this.#stranded.delete(service);
  }

  #of(pool: string): ReadonlySet<string> {
    return this.#byPool.get(pool) ?? NOBODY;
  }

  #mark(address: Ip, mark: "take" | "free"): void {
    const block = this.#index.find(address);
    block?.tree[mark](ipToBigInt(address) - block.first);
  }

  #refill(pools: ReadonlySet<string>): void {
    for (const address of this.#holders.keys()) {
      const block = this.#index.find(address);
      if (block && pools.has(block.pool)) block.tree.take(ipToBigInt(address) - block.first);
    }
  }

  #firstShareable(pool: PoolInput, family: Family, claimant: Claimant): Place | undefined {
    if (!claimant.sharingKey) return undefined;
    let first: Place | undefined;
    for (const address of this.#shareable.get(termsKey(claimant)) ?? []) {
      const block = this.#index.find(address);
      if (block?.pool !== pool.name || block.family !== family || avoids(pool, address)) continue;
      const place = { address, block };
      if (first && comparePlaces(first, place) < 0) continue;
      if (!this.conflict(address, claimant)) first = place;
    }
    return first;
  }
}

interface Place {
  readonly address: Ip;
  readonly block: Block;
}

function comparePlaces(a: Place, b: Place): number {
  return a.block.index - b.block.index || (ipToBigInt(a.address) < ipToBigInt(b.address) ? -1 : 1);
}

function samePool(a: PoolInput, b: PoolInput): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function termsKey({ sharingKey, backendKey }: SharingTerms): string {
  return JSON.stringify([sharingKey, backendKey]);
}

function add<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const set = sets.get(key);
  if (set) set.add(value);
  else sets.set(key, new Set([value]));
}

function remove<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
