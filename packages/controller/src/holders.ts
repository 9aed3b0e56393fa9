import { isDeepStrictEqual } from "node:util";
import type { PoolSet } from "@heraldlb/ipam";
import type { StatusRecord } from "./ledger.ts";

/** Addresses by key of the Service that has them. */
type ByService = ReadonlyMap<string, readonly string[]>;

/**
 * Which Services have which addresses of pools with a cool-down, to be noted where statuses go with their Services:
 * should one of them go while nobody looks, its addresses rest all the same.
 */
export class Holders {
  readonly #addresses: Map<string, readonly string[]>;
  /** Names of pools with a cool-down. */
  #pools: ReadonlySet<string>;
  #hasNews = false;

  /** Begins with what was noted, and with the records of the Services that are there. */
  constructor(noted: ByService, records: ReadonlyMap<string, StatusRecord>) {
    this.#addresses = new Map(noted);
    this.#pools = new Set([...noted.keys()].flatMap((service) => records.get(service)?.pool ?? []));
  }

  /** What is to be noted; it follows what becomes different. */
  get addresses(): ByService {
    return this.#addresses;
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
    if (this.#pools.size === 0 && this.#addresses.size === 0) return;
    for (const service of new Set([...this.#addresses.keys(), ...records.keys()])) {
      this.note(service, records.get(service));
    }
  }

  /** A Service has another record, or none. */
  note(service: string, record: StatusRecord | undefined): void {
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
