import { isDeepStrictEqual } from "node:util";
import { isServed } from "@heraldlb/config";
import {
  type Action,
  Allocator,
  type Change,
  type Explanation,
  type Freed,
  type Holding,
  type Refusal,
} from "@heraldlb/ipam";
import type { Family, Ip } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import { logAction } from "./address-log.ts";
import { type AddressMemory, Holders } from "./holders.ts";
import type { Entry, Notes, StatusRecord } from "./ledger.ts";
import { type Memory, parseAddresses, poolSet, serviceInput, writtenMemory } from "./translate.ts";
import { UsageCounter } from "./usage.ts";
import type { KnownService, World, WorldChanges } from "./world.ts";

/** What giving addresses depends on. */
export interface AddressesOptions {
  readonly world: World;
  readonly log: Logger;
  /** The class of the Services to serve; undefined: those without one. */
  readonly loadBalancerClass: string | undefined;
  readonly onStranded: "keep" | "reassign";
  /** Milliseconds since 1970: cool-downs outlive the process. */
  wallClock(): number;
  /** The Service's manifest, to be stored with its status. */
  manifest(known: KnownService): unknown;
  /** The allocator has decided something about a Service that had these addresses. */
  onAction(action: Action, former: readonly Ip[]): void;
}

/** What follows from a change. */
export interface AddressChanges {
  /** What to store. */
  readonly entries: readonly Entry[];
  /** Keys of Services that have their addresses from now on, or no longer. */
  readonly affected: readonly string[];
}

const NO_MEMORY: Memory = { addresses: [], pool: "" };

/**
 * Which Service has which addresses.
 *
 * A newly chosen address counts only once it is stored, and a lost one no longer from the moment of the decision.
 */
export class Addresses {
  readonly #options: AddressesOptions;
  readonly #allocator: Allocator;
  /** What the files say, or will once everything is stored. */
  readonly #records: Map<string, StatusRecord>;
  readonly #given = new Map<string, Holding>();
  readonly #usage = new UsageCounter();
  readonly #served = new Set<string>();
  /** Undefined: nobody needs to know. */
  readonly #holders: Holders | undefined;
  /** As they are stored, or will be. */
  readonly #notes: Notes & { freed: readonly Freed[]; pools?: Notes["pools"] };

  /** Begins with what is remembered; `begin` takes it up. */
  constructor({ statuses, freed, holders, ...noted }: AddressMemory, options: AddressesOptions) {
    this.#options = options;
    this.#allocator = new Allocator({ onStranded: options.onStranded });
    this.#records = new Map(statuses.map((record) => [keyOf(record), record]));
    this.#holders = holders && new Holders({ holders, ...noted }, this.#records);
    const { addresses = new Map(), stranded } = this.#holders ?? {};
    this.#notes = { freed, holders: addresses, stranded };
  }

  /** What the Service has: stored, and not taken away since. */
  given(service: string): Holding | undefined {
    return this.#given.get(service);
  }

  /** Why the Service waits. */
  refusal(service: string): Refusal | undefined {
    return this.#allocator.refusal(service);
  }

  /** Why each of the Services waits that do. */
  refusals(): Iterable<Refusal> {
    return this.#allocator.refusals();
  }

  /** How many distinct addresses of each pool are in use. */
  usage(): ReadonlyMap<string, Readonly<Record<Family, number>>> {
    return this.#usage.byPool((address) => this.#allocator.poolOf(address));
  }

  /** How many freed addresses rest, or have rested, of pools with a cool-down. */
  get freedCount(): number {
    return this.#notes.freed.length;
  }

  /** Why the Service has what it has, or nothing; undefined if it is not served. */
  explain(service: string): Explanation | undefined {
    return this.#allocator.explain(service);
  }

  /** Takes in all Services at once: what they had before anything new. */
  begin(): AddressChanges {
    const { world, wallClock } = this.#options;
    const keys = [...world.serviceKeys];
    // A file goes with its Service, and what it had rests from now on: nobody knows since when.
    const orphans = [...this.#records.values()].filter((record) => !this.#isServed(world.service(keyOf(record))));
    for (const record of orphans) this.#records.delete(keyOf(record));
    const left = [
      ...orphans.map((record) => [keyOf(record), record.addresses] as const),
      ...(this.#holders?.missing(this.#records) ?? []),
    ].flatMap(([by, texts]) => parseAddresses(texts).map((address): Freed => ({ address, at: wallClock(), by })));
    const changes = this.#apply(keys, { pools: true, freed: [...this.#notes.freed, ...left] });
    return { ...changes, entries: [...changes.entries, ...orphans.map(forget)] };
  }

  /** Takes in what became different. */
  update({ services, pools }: Pick<WorldChanges, "services" | "pools">): AddressChanges {
    if (services.size === 0 && !pools) return NO_CHANGES;
    return this.#apply(services, { pools, freed: [] });
  }

  /** Takes in that time has passed: cool-downs end. */
  tick(): AddressChanges {
    const { wakeAt } = this.#allocator;
    if (wakeAt === undefined || wakeAt > this.#options.wallClock()) return NO_CHANGES;
    return this.#apply([], { pools: false, freed: [] });
  }

  /** A stranded Service is announced by advertisements of a kind that are gone, these manifests; none: not any more. */
  announce(service: string, kind: AdvertisementKind, manifests: readonly unknown[]): readonly Entry[] {
    const before = this.#records.get(service);
    const known = this.#options.world.service(service);
    if (!before || !known) return [];
    const { announcedBy = [], ...rest } = before;
    const all = [...announcedBy.filter((manifest) => kindOf(manifest) !== kind), ...manifests];
    if (isDeepStrictEqual(announcedBy, all)) return [];
    const record = all.length > 0 ? { ...rest, announcedBy: all } : rest;
    this.#records.set(service, record);
    this.#holders?.note(service, record);
    return [...this.#note(), { type: "store", manifest: this.#options.manifest(known), record }];
  }

  /** What is to be stored once more for a Service whose status is not what was decided. */
  reassert(service: string): readonly Entry[] {
    const known = this.#options.world.service(service);
    if (!this.#isServed(known)) return [];
    const record = this.#records.get(service);
    if (!record) return [forget({ ...known.service.metadata, addresses: [] })];
    return [{ type: "store", manifest: this.#options.manifest(known), record }];
  }

  /** The Service's record is stored. True if that gave it addresses that it did not have. */
  confirm(record: StatusRecord): boolean {
    const key = keyOf(record);
    const holding = this.#allocator.holding(key);
    if (!holding || this.#records.get(key) !== record) return false;
    const before = this.#given.get(key);
    this.#give(key, holding);
    return !before || !isSame(before.addresses, holding.addresses) || before.pool !== holding.pool;
  }

  #apply(
    services: Iterable<string>,
    { pools, freed }: { readonly pools: boolean; readonly freed: readonly Freed[] },
  ): AddressChanges {
    const { world, wallClock, manifest, onAction } = this.#options;
    const changes: Change[] = [{ type: "freed", freed }];
    if (pools) {
      const set = poolSet(world);
      changes.push({ type: "pools", set });
      this.#holders?.setPools(set, this.#records);
    }
    const rewritten: (Entry & { type: "store" })[] = [];
    for (const key of services) {
      const known = world.service(key);
      if (this.#isServed(known)) {
        changes.push({ type: "service", service: serviceInput(known, this.#memory(key, known)) });
        const record = this.#given.has(key) && this.#served.has(key) && this.#records.get(key);
        if (record) rewritten.push({ type: "store", manifest: manifest(known), record });
        this.#served.add(key);
      } else if (this.#served.delete(key)) {
        changes.push({ type: "serviceRemoved", key });
      }
    }
    const acted = this.#allocator.apply(changes, wallClock()).map((action) => {
      onAction(action, this.#given.get(action.service)?.addresses ?? []);
      return this.#act(action);
    });
    const decided = acted.flatMap(({ entry }) => entry ?? []);
    const stored = new Set(decided.filter(isStore).map(({ record }) => keyOf(record)));
    // The file shows the manifest too: it is written again unless that happens anyhow, or the Service lost all.
    const again = rewritten.filter(({ record }) => this.#given.has(keyOf(record)) && !stored.has(keyOf(record)));
    return {
      entries: [...this.#note(), ...decided, ...again],
      affected: acted.flatMap(({ affected }) => affected ?? []),
    };
  }

  #memory(key: string, known: KnownService): Memory {
    const holding = this.#allocator.holding(key);
    if (holding) return holding;
    const record = this.#records.get(key);
    if (record) return { addresses: parseAddresses(record.addresses), pool: record.pool };
    // What the manifest says counts once: later on it is the past.
    if (this.#served.has(key)) return NO_MEMORY;
    const written = writtenMemory(known);
    // From which pool an address is, whoever may edit the Service may say.
    return this.#holders ? { ...written, pool: "" } : written;
  }

  #isServed(known: KnownService | undefined): known is KnownService {
    return known !== undefined && isServed(known.service, this.#options.loadBalancerClass);
  }

  #give(service: string, holding: Holding | undefined): void {
    const before = this.#given.get(service);
    if (before) this.#usage.delete(before);
    if (holding) this.#given.set(service, holding);
    else this.#given.delete(service);
    if (holding) this.#usage.add(holding);
  }

  #note(): Entry[] {
    const { freed } = this.#allocator;
    const before = this.#notes.freed;
    const isSame = freed === before || (freed.length === before.length && isDeepStrictEqual(freed, before));
    this.#notes.freed = freed;
    this.#notes.pools = this.#holders?.ranges;
    const hasNews = this.#holders?.takeNews() ?? false;
    return isSame && !hasNews ? [] : [{ type: "notes", notes: this.#notes }];
  }

  #act(action: Action): { readonly entry?: Entry | undefined; readonly affected?: string } {
    const { service } = action;
    logAction(this.#options.log, action, { holds: this.#allocator.holding(service) !== undefined });
    if (action.type === "assign") return this.#assign(service, action);
    // Nothing was given or taken, but why it waits is shown.
    if (action.type === "refuse") return { affected: service, entry: this.#undress(service) };
    this.#give(service, undefined);
    const record = this.#records.get(service);
    this.#records.delete(service);
    this.#holders?.note(service, undefined);
    return record ? { entry: forget(record), affected: service } : { affected: service };
  }

  /** For a Service without addresses that says from which pool they are, as one does that was copied. */
  #undress(service: string): Entry | undefined {
    const known = this.#options.world.service(service);
    const isWrong = known?.request.allocatedFromPool && !this.#records.has(service);
    return isWrong ? forget({ ...known.service.metadata, addresses: [] }) : undefined;
  }

  #assign(service: string, { addresses, pool, stranded, cause }: Assignment) {
    const before = this.#records.get(service);
    const [namespace = "", name = ""] = service.split("/");
    const announcedBy = stranded && before?.announcedBy;
    const record: StatusRecord = {
      ...{ namespace, name, addresses, pool },
      ...(stranded && { stranded }),
      ...(announcedBy && { announcedBy }),
    };
    const isStored = isDeepStrictEqual(before, record);
    this.#holders?.note(service, record);
    // What was given before this process counts already, wherever it is written; so does what only changed its pool.
    const counts = cause === "restored" || cause === "poolChanged";
    if (counts) this.#give(service, { addresses, pool, stranded });
    const affected = counts ? { affected: service } : {};
    if (isStored) return affected;
    this.#records.set(service, record);
    const known = this.#options.world.service(service);
    if (!known) return affected;
    return { ...affected, entry: { type: "store", manifest: this.#options.manifest(known), record } as const };
  }
}

/** What announces addresses. */
type AdvertisementKind = "L2Advertisement" | "BGPAdvertisement";

const kindOf = (manifest: unknown): unknown => (manifest as { readonly kind?: unknown } | null)?.kind;

type Assignment = Extract<Action, { type: "assign" }>;

const NO_CHANGES: AddressChanges = { entries: [], affected: [] };

const keyOf = ({ namespace, name }: StatusRecord): string => `${namespace}/${name}`;

const forget = ({ namespace, name, addresses }: Omit<StatusRecord, "pool">): Entry => ({
  ...{ type: "forget", namespace, name, addresses },
});

const isStore = (entry: Entry): entry is Extract<Entry, { type: "store" }> => entry.type === "store";

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
