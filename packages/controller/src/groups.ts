import { compareIps, type Ip } from "@heraldlb/net";

/** Addresses that must have one layer-2 owner: both families of a Service, and all Services that share an address. */
export interface AddressGroup {
  /** Canonical text of the first address, IPv4 first; unchanged while that address stays in the group. */
  readonly id: string;
  /** In order, IPv4 first. */
  readonly addresses: readonly Ip[];
  /** Keys (`namespace/name`) of the Services that hold one of the addresses, in order. */
  readonly services: readonly string[];
}

/** What one Service's change of addresses did to the groups. */
export interface GroupChanges {
  readonly changed: readonly AddressGroup[];
  /** Ids of groups that are no more, whoever has their addresses now. */
  readonly removed: readonly string[];
}

/**
 * Which addresses are tied together, kept up to date Service by Service.
 *
 * A change costs work in proportion to the groups it touches, never to all of them.
 */
export class Groups {
  readonly #addressesOf = new Map<string, readonly Ip[]>();
  readonly #servicesOf = new Map<Ip, Set<string>>();
  readonly #groupOf = new Map<Ip, AddressGroup>();
  readonly #groups = new Map<string, AddressGroup>();
  readonly #newest: (ids: readonly string[]) => string | undefined;

  /** `newest`: of groups that become one, the id of the one whose owner was decided last, if there is any. */
  constructor(newest: (ids: readonly string[]) => string | undefined = () => undefined) {
    this.#newest = newest;
  }

  /** The group with this id. */
  get(id: string): AddressGroup | undefined {
    return this.#groups.get(id);
  }

  /** The group that the Service's addresses belong to. */
  of(service: string): AddressGroup | undefined {
    const first = this.#addressesOf.get(service)?.[0];
    return first && this.#groupOf.get(first);
  }

  /** Keys of the Services that hold an address, in order. */
  holdersOf(address: Ip): readonly string[] {
    return [...(this.#servicesOf.get(address) ?? [])].sort();
  }

  /** All groups, in no order. */
  all(): Iterable<AddressGroup> {
    return this.#groups.values();
  }

  get size(): number {
    return this.#groups.size;
  }

  /** The Service now holds exactly these addresses; none ends its part in any group. */
  set(service: string, addresses: readonly Ip[]): GroupChanges {
    const before = this.#addressesOf.get(service) ?? [];
    if (sameItems(before, addresses)) return { changed: [], removed: [] };
    const touched = new Set<AddressGroup>();
    for (const address of [...before, ...addresses]) {
      const group = this.#groupOf.get(address);
      if (group) touched.add(group);
    }
    this.#hold(service, before, addresses);
    const pool = new Set([...[...touched].flatMap((group) => group.addresses), ...addresses]);
    for (const address of pool) this.#groupOf.delete(address);
    for (const group of touched) this.#groups.delete(group.id);
    const rebuilt = this.#components(pool).map((addresses) => this.#rebuild(addresses, touched));
    return this.#differences(touched, rebuilt);
  }

  #hold(service: string, before: readonly Ip[], addresses: readonly Ip[]): void {
    for (const address of before) {
      const holders = this.#servicesOf.get(address);
      holders?.delete(service);
      if (holders?.size === 0) this.#servicesOf.delete(address);
    }
    for (const address of addresses) {
      const holders = this.#servicesOf.get(address);
      if (holders) holders.add(service);
      else this.#servicesOf.set(address, new Set([service]));
    }
    if (addresses.length === 0) this.#addressesOf.delete(service);
    else this.#addressesOf.set(service, addresses);
  }

  /** The connected parts of these addresses that any Service holds. */
  #components(pool: ReadonlySet<Ip>): Ip[][] {
    const seen = new Set<Ip>();
    const parts: Ip[][] = [];
    for (const start of pool) {
      if (seen.has(start) || !this.#servicesOf.has(start)) continue;
      const part = [start];
      seen.add(start);
      for (const address of part) {
        for (const service of this.#servicesOf.get(address) ?? []) {
          for (const tied of this.#addressesOf.get(service) ?? []) {
            if (seen.has(tied)) continue;
            seen.add(tied);
            part.push(tied);
          }
        }
      }
      parts.push(part.sort(compareIps));
    }
    return parts;
  }

  #rebuild(addresses: readonly Ip[], touched: ReadonlySet<AddressGroup>): AddressGroup {
    const members = new Set<string>(addresses);
    const kept = [...touched].map((group) => group.id).filter((id) => members.has(id));
    const id = (kept.length > 1 ? this.#newest(kept) : kept[0]) ?? kept.sort(compareIds)[0] ?? (addresses[0] as Ip);
    const services = new Set(addresses.flatMap((address) => [...(this.#servicesOf.get(address) ?? [])]));
    const group: AddressGroup = { id, addresses, services: [...services].sort() };
    for (const address of addresses) this.#groupOf.set(address, group);
    this.#groups.set(id, group);
    return group;
  }

  #differences(before: ReadonlySet<AddressGroup>, after: readonly AddressGroup[]): GroupChanges {
    const old = new Map([...before].map((group) => [group.id, group]));
    const changed = after.filter((group) => {
      const was = old.get(group.id);
      return !was || !sameItems(was.addresses, group.addresses) || !sameItems(was.services, group.services);
    });
    const removed = [...before].map(({ id }) => id).filter((id) => !this.#groups.has(id));
    return { changed, removed };
  }
}

// An id is the text of an address.
const compareIds = (a: string, b: string): number => compareIps(a as Ip, b as Ip);

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
