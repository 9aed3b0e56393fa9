import { isServed } from "@heraldlb/config";
import { type Action, Allocator, type Change, type Holding, type Refusal } from "@heraldlb/ipam";
import { type Ip, parseIp } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import type { Entry, StatusRecord } from "./ledger.ts";
import { type Memory, poolSet, serviceInput, writtenMemory } from "./translate.ts";
import type { KnownService, World, WorldChanges } from "./world.ts";

/** What giving addresses depends on. */
export interface AddressesOptions {
  readonly world: World;
  readonly log: Logger;
  /** The class of the Services to serve; undefined: those without one. */
  readonly loadBalancerClass: string | undefined;
  readonly onStranded: "keep" | "reassign";
  /** The Service's manifest, to be stored with its status. */
  manifest(known: KnownService): unknown;
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
  readonly #served = new Set<string>();
  readonly #refusals = new Map<string, Refusal>();

  /** Begins with what is remembered of all Services; `begin` takes it up. */
  constructor(records: readonly StatusRecord[], options: AddressesOptions) {
    this.#options = options;
    this.#allocator = new Allocator({ onStranded: options.onStranded });
    this.#records = new Map(records.map((record) => [keyOf(record), record]));
  }

  /** What the Service has: stored, and not taken away since. */
  given(service: string): Holding | undefined {
    return this.#given.get(service);
  }

  /** Why the Service waits. */
  refusal(service: string): Refusal | undefined {
    return this.#refusals.get(service);
  }

  /** How many Services wait for addresses, by reason. */
  refusals(): Iterable<Refusal> {
    return this.#refusals.values();
  }

  /** All Services that have addresses. */
  allGiven(): Iterable<[string, Holding]> {
    return this.#given.entries();
  }

  /** Takes in all Services at once: what they had before anything new. */
  begin(): AddressChanges {
    const { world } = this.#options;
    const keys = [...world.serviceKeys];
    const changes = this.#apply(keys, true);
    // A file goes with its Service.
    const orphans = [...this.#records.values()].filter((record) => !this.#served.has(keyOf(record)));
    for (const record of orphans) this.#records.delete(keyOf(record));
    return { ...changes, entries: [...orphans.map(forget), ...changes.entries] };
  }

  /** Takes in what became different. */
  update({ services, pools }: WorldChanges): AddressChanges {
    if (services.size === 0 && !pools) return { entries: [], affected: [] };
    return this.#apply(services, pools);
  }

  /** The Service's record is stored. True if that gave it addresses that it did not have. */
  confirm(record: StatusRecord): boolean {
    const key = keyOf(record);
    const holding = this.#allocator.holding(key);
    if (!holding || this.#records.get(key) !== record) return false;
    const before = this.#given.get(key);
    this.#given.set(key, holding);
    return !before || !isSame(before.addresses, holding.addresses) || before.pool !== holding.pool;
  }

  #apply(services: Iterable<string>, pools: boolean): AddressChanges {
    const { world } = this.#options;
    const changes: Change[] = pools ? [{ type: "pools", set: poolSet(world) }] : [];
    const rewritten: Entry[] = [];
    for (const key of services) {
      const known = world.service(key);
      if (known && isServed(known.service, this.#options.loadBalancerClass)) {
        changes.push({ type: "service", service: serviceInput(known, this.#memory(key, known)) });
        const record = this.#given.has(key) && this.#served.has(key) && this.#records.get(key);
        if (record) rewritten.push({ type: "store", manifest: this.#options.manifest(known), record });
        this.#served.add(key);
      } else if (this.#served.delete(key)) {
        changes.push({ type: "serviceRemoved", key });
        this.#refusals.delete(key);
      }
    }
    const actions = this.#allocator.apply(changes);
    const acted = actions.map((action) => this.#act(action));
    const decided = acted.flatMap(({ entry }) => entry ?? []);
    const stored = new Set(decided.filter(isStore).map(({ record }) => keyOf(record)));
    return {
      // The file shows the manifest too: it is written again unless that happens anyhow, or the Service lost all.
      entries: [
        ...decided,
        ...rewritten
          .filter(isStore)
          .filter(({ record }) => this.#given.has(keyOf(record)) && !stored.has(keyOf(record))),
      ],
      affected: acted.flatMap(({ affected }) => affected ?? []),
    };
  }

  #memory(key: string, known: KnownService): Memory {
    const holding = this.#allocator.holding(key);
    if (holding) return holding;
    const record = this.#records.get(key);
    if (record) return { addresses: parseAll(record.addresses), pool: record.pool };
    // What the manifest says counts once: later on it is the past.
    return this.#served.has(key) ? NO_MEMORY : writtenMemory(known);
  }

  #act(action: Action): { readonly entry?: Entry; readonly affected?: string } {
    const { log } = this.#options;
    const { service } = action;
    switch (action.type) {
      case "assign": {
        this.#refusals.delete(service);
        const { addresses, pool, cause, stranded } = action;
        const fields = { service, addresses, pool, reason: cause, stranded };
        if (cause === "restored") log.debug("addresses kept", fields);
        else log.info("addresses given", fields);
        return this.#assign(service, action);
      }
      case "release": {
        const { addresses, reason, message } = action;
        log.info("addresses taken away", { service, addresses, reason, detail: message });
        this.#given.delete(service);
        const record = this.#records.get(service);
        this.#records.delete(service);
        return record ? { entry: forget(record), affected: service } : { affected: service };
      }
      case "refuse": {
        const { reason, message } = action;
        const before = this.#refusals.get(service);
        this.#refusals.set(service, { reason, message });
        if (before?.reason !== reason || before.message !== message) {
          log.info("no addresses given", { service, reason, detail: message });
        }
        return {};
      }
    }
  }

  #assign(service: string, { addresses, pool, stranded, cause }: Extract<Action, { type: "assign" }>) {
    const before = this.#records.get(service);
    const [namespace = "", name = ""] = service.split("/");
    const record: StatusRecord = { namespace, name, addresses, pool };
    const isStored = before && isSame(before.addresses, addresses) && before.pool === pool;
    // What was given before this process counts already, wherever it is written; so does what only changed its pool.
    const counts = cause === "restored" || cause === "poolChanged";
    if (counts) this.#given.set(service, { addresses, pool, stranded });
    const affected = counts ? { affected: service } : {};
    if (isStored) return affected;
    this.#records.set(service, record);
    const known = this.#options.world.service(service);
    if (!known) return affected;
    return { ...affected, entry: { type: "store", manifest: this.#options.manifest(known), record } as const };
  }
}

const keyOf = ({ namespace, name }: StatusRecord): string => `${namespace}/${name}`;

const forget = ({ namespace, name }: StatusRecord): Entry => ({ type: "forget", namespace, name });

const isStore = (entry: Entry): entry is Extract<Entry, { type: "store" }> => entry.type === "store";

const parseAll = (addresses: readonly string[]): Ip[] => addresses.map(parseIp).filter((ip) => ip !== undefined);

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
