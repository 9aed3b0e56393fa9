import { type Ip, ipFromBigInt } from "@heraldlb/net";
import { FreeTree } from "./free-tree.ts";
import { type Block, comparePlaces, type Place, sizeOf } from "./pool-space.ts";
import { formatPort, type SharingTerms } from "./sharing.ts";
import { Tenants } from "./tenants.ts";

/** Which addresses of a block are held on some terms, and with which ports. */
interface Occupancy {
  /** Free: held on these terms. */
  readonly members: FreeTree;
  /** By port. Taken: somebody listens on it there. */
  readonly ports: Map<string, FreeTree>;
}

/** What is held on the same terms, ports aside. */
interface Group {
  readonly holders: Tenants<SharingTerms>;
  /** Only of a large group, and only once somebody asked. */
  occupancies: Map<Block, Occupancy> | undefined;
}

// Up to here it is cheaper to look at each address.
const SMALL = 32;

/** Addresses that are held on terms that allow sharing, by these terms. */
export class ShareIndex {
  readonly #placeOf: (address: Ip) => Place | undefined;
  readonly #groups = new Map<string, Group>();

  constructor(placeOf: (address: Ip) => Place | undefined) {
    this.#placeOf = placeOf;
  }

  add(terms: SharingTerms, address: Ip): void {
    if (!terms.sharingKey) return;
    const key = keyOf(terms);
    const group = this.#groups.get(key) ?? { holders: new Tenants(), occupancies: undefined };
    this.#groups.set(key, group);
    group.holders.add(address, terms);
    if (group.occupancies) this.#occupy(group.occupancies, terms, address);
  }

  delete(terms: SharingTerms, address: Ip): void {
    if (!terms.sharingKey) return;
    const key = keyOf(terms);
    const group = this.#groups.get(key);
    if (!group) return;
    const isLast = group.holders.delete(address, terms);
    if (group.holders.size === 0) this.#groups.delete(key);
    const place = group.occupancies && this.#placeOf(address);
    const occupancy = place && group.occupancies?.get(place.block);
    if (!place || !occupancy) return;
    for (const port of terms.ports) occupancy.ports.get(formatPort(port))?.free(place.offset);
    if (isLast) occupancy.members.take(place.offset);
  }

  /** Blocks have changed. */
  forgetPlaces(): void {
    for (const group of this.#groups.values()) group.occupancies = undefined;
  }

  /** Addresses of these blocks, in their order, that are held on these terms without their ports: the last word is the caller's. */
  *candidates(terms: SharingTerms, blocks: readonly Block[]): Iterable<Place> {
    const group = terms.sharingKey ? this.#groups.get(keyOf(terms)) : undefined;
    if (!group) return;
    if (group.holders.size <= SMALL) {
      const places = Array.from(group.holders.addresses(), (address) => this.#placeOf(address));
      const inside = places.filter((place) => place !== undefined && blocks.includes(place.block));
      yield* (inside as Place[]).toSorted(comparePlaces);
      return;
    }
    group.occupancies ??= this.#survey(group);
    for (const block of blocks) {
      const occupancy = group.occupancies.get(block);
      if (occupancy) yield* vacancies(block, occupancy, terms);
    }
  }

  #survey(group: Group): Map<Block, Occupancy> {
    const occupancies = new Map<Block, Occupancy>();
    for (const address of group.holders.addresses()) {
      for (const terms of group.holders.of(address)) this.#occupy(occupancies, terms, address);
    }
    return occupancies;
  }

  #occupy(occupancies: Map<Block, Occupancy>, terms: SharingTerms, address: Ip): void {
    const place = this.#placeOf(address);
    if (!place) return;
    const { block, offset } = place;
    const occupancy = occupancies.get(block) ?? { members: FreeTree.full(sizeOf(block)), ports: new Map() };
    occupancies.set(block, occupancy);
    occupancy.members.free(offset);
    for (const port of terms.ports) {
      const name = formatPort(port);
      const tree = occupancy.ports.get(name) ?? new FreeTree(sizeOf(block));
      occupancy.ports.set(name, tree);
      tree.take(offset);
    }
  }
}

/** Leaps from what one tree has to what the next one has, until all agree. */
function* vacancies(block: Block, { members, ports }: Occupancy, terms: SharingTerms): Iterable<Place> {
  const trees = [
    members,
    ...terms.ports.map((port) => ports.get(formatPort(port))).filter((tree) => tree !== undefined),
  ];
  for (let at = 0n; ; ) {
    const start = at;
    for (const tree of trees) {
      const next = tree.firstFree(at);
      if (next === undefined) return;
      at = next;
    }
    if (at !== start) continue;
    yield { address: ipFromBigInt(block.family, block.first + at), block, offset: at };
    at += 1n;
  }
}

/** The length tells where the first text ends, whatever is in it. */
function keyOf({ sharingKey, backendKey }: SharingTerms): string {
  return `${sharingKey.length} ${sharingKey}${backendKey}`;
}
