import { isDeepStrictEqual } from "node:util";
import type { PoolSet } from "@heraldlb/ipam";
import type { IpRange } from "@heraldlb/net";
import type { Notes, StatusRecord } from "./ledger.ts";

/** What is remembered from earlier leaders. */
export interface AddressMemory extends Omit<Notes, "holders"> {
  readonly statuses: readonly StatusRecord[];
  /**
   * As in {@link Notes}; undefined: statuses outlive their Services and are Herald's own, and nobody needs to note who
   * has what.
   */
  readonly holders: Notes["holders"] | undefined;
}

/** Addresses by key of the Service that has them. */
type ByService = ReadonlyMap<string, readonly string[]>;

/**
 * What is to be noted where statuses go with their Services, and others may write into these: which Services have which
 * addresses of pools with a cool-down, so that these rest though the Service goes while nobody looks; and which ranges
 * pools have, and what is remembered of stranded addresses, so that nobody needs to believe a Service.
 */
export class Holders {
  readonly #addresses: Map<string, readonly string[]>;
  /** Names of pools with a cool-down. */
  #pools: ReadonlySet<string>;
  #ranges: Notes["pools"];
  readonly #stranded: Map<string, StatusRecord>;
  #hasNews = false;

  /** Begins with what was noted, and with the records of the Services that are there. */
  constructor({ holders, pools, stranded }: Omit<Notes, "freed">, records: ReadonlyMap<string, StatusRecord>) {
    this.#addresses = new Map(holders);
    this.#pools = new Set([...holders.keys()].flatMap((service) => records.get(service)?.pool ?? []));
    this.#ranges = pools;
    this.#stranded = new Map([...(stranded ?? [])].filter(([service]) => records.has(service)));
  }

  /** What is to be noted; it follows what becomes different. */
  get addresses(): ByService {
    return this.#addresses;
  }

  /** As in {@link Notes}. */
  get ranges(): Notes["pools"] {
    return this.#ranges;
  }

  /** As in {@link Notes}; it follows what becomes different. */
  get stranded(): ReadonlyMap<string, StatusRecord> {
    return this.#stranded;
  }

  /** What was noted and is not in the records: nobody knows since when. */
  *missing(
    records: ReadonlyMap<string, StatusRecord>,
  ): Iterable<readonly [service: string, addresses: readonly string[]]> {
    for (const [service, addresses] of this.#addresses) {
      const shown = records.get(service)?.addresses ?? [];
      yield [service, addresses.filter((address) => !shown.includes(address))];
    }
  }

  /** Other pools are in force. Of one that is set aside nobody knows better than before. */
  setPools({ pools, setAside }: PoolSet, records: ReadonlyMap<string, StatusRecord>): void {
    const resting = pools.filter(({ coolDownMs }) => coolDownMs !== undefined).map(({ name }) => name);
    const names = new Set(pools.map(({ name }) => name));
    this.#pools = new Set([...resting, ...(setAside ? this.#pools.difference(names) : [])]);
    const former = setAside ? [...(this.#ranges ?? [])].filter(([name]) => !names.has(name)) : [];
    const ranges: [string, readonly IpRange[]][] = pools.map((pool) => [pool.name, pool.ranges]);
    const all = new Map([...former, ...ranges]);
    if (!isDeepStrictEqual(all, this.#ranges)) this.#hasNews = true;
    this.#ranges = all;
    if (this.#pools.size === 0 && this.#addresses.size === 0) return;
    for (const service of new Set([...this.#addresses.keys(), ...records.keys()])) {
      this.note(service, records.get(service));
    }
  }

  /** A Service has another record, or none. */
  note(service: string, record: StatusRecord | undefined): void {
    const stranded = record?.stranded === undefined ? undefined : record;
    if (!isDeepStrictEqual(this.#stranded.get(service), stranded)) {
      if (stranded) this.#stranded.set(service, stranded);
      else this.#stranded.delete(service);
      this.#hasNews = true;
    }
    const addresses = record && this.#pools.has(record.pool) ? record.addresses : undefined;
    if (isDeepStrictEqual(this.#addresses.get(service), addresses)) return;
    if (addresses) this.#addresses.set(service, addresses);
    else this.#addresses.delete(service);
    this.#hasNews = true;
  }

  /** Whether anything is to be noted that was not when this was asked last. */
  takeNews(): boolean {
    const hasNews = this.#hasNews;
    this.#hasNews = false;
    return hasNews;
  }
}
