import type { Configuration, Resource } from "@heraldlb/config";
import type { Ip } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import { Addresses } from "./addresses.ts";
import { BgpPlan } from "./bgp-plan.ts";
import { bgpAdvertisementsOf, bgpManifests } from "./bgp-world.ts";
import { Catalog } from "./catalog.ts";
import type { ClusterObserver } from "./cluster-observer.ts";
import type { Definitions } from "./definitions.ts";
import { formerly } from "./former-advertisements.ts";
import type { AddressMemory } from "./holders.ts";
import type { Entry, StatusRecord } from "./ledger.ts";
import { PeerPasswords } from "./peer-passwords.ts";
import { Placement } from "./placement.ts";
import { Plan, type PlanChanges } from "./plan.ts";
import type { AnnouncedBy } from "./reports-services.ts";
import type { SourceChange, SourceObject, SourceReading } from "./source-object.ts";
import { advertisementManifests, advertisementsOf } from "./translate.ts";
import { type Silence, Unannounced } from "./unannounced.ts";
import { World, type WorldChanges } from "./world.ts";

/** How addresses are given and announced. */
export interface ClusterOptions {
  /** Only `metallb.io` objects of this namespace act; undefined: of any. */
  readonly namespace: string | undefined;
  readonly loadBalancerClass: string | undefined;
  readonly ignoreExcludeLabel: boolean;
  readonly onStranded: "keep" | "reassign";
  /** The source lists all nodes there are: a speaker alone makes none. */
  readonly listsNodes: boolean;
}

/** What a cluster needs. */
export interface ClusterDependencies {
  readonly log: Logger;
  readonly definitions: Definitions;
  /** Milliseconds since 1970: cool-downs outlive the process. */
  wallClock(): number;
  /** Stores what was decided, in this order; each record comes back by `confirm`. */
  store(entries: readonly Entry[]): void;
  readonly observer: ClusterObserver;
  /** Of groups that become one, the id of the one whose owner was decided last. */
  newest(groups: readonly string[]): string | undefined;
}

/** What is remembered from earlier leaders. */
export interface Remembered extends AddressMemory {
  /** Names of speakers. */
  readonly speakers: readonly string[];
  /** Services as they were stored; needed only for those of which `isMissing` says so. */
  readonly manifests: readonly SourceObject[];
}

/** What one leader works with; a standby has none of it. */
interface Work {
  readonly addresses: Addresses;
  readonly placement: Placement;
  readonly plan: Plan;
  readonly bgp: BgpPlan;
  readonly unannounced: Unannounced;
}

// Some 10 ms of work: heartbeats are answered in between.
const GROUPS_AT_A_TIME = 500;
const SERVICES_AT_A_TIME = 500;
const NO_CHANGES: PlanChanges = { specs: [], removed: [] };

/**
 * What should be: from readings of the source to addresses, groups and the nodes that may announce them.
 *
 * Only what a change touches is worked out again. Nothing is given or placed before `begin`.
 */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #dependencies: ClusterDependencies;
  readonly #catalog: Catalog;
  readonly #world: World;
  readonly #passwords = new PeerPasswords();
  #work: Work | undefined;
  #isRead = false;
  /** As the observer was told of. */
  #problems: Configuration["problems"] = [];

  constructor(options: ClusterOptions, dependencies: ClusterDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#world = new World(options);
    this.#catalog = new Catalog({ log: dependencies.log, namespace: options.namespace });
  }

  /** The source was read completely, once at least. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Something is not in force as it is written. */
  get isStale(): boolean {
    return this.#catalog.isStale;
  }

  get world(): World {
    return this.#world;
  }

  /** What is in force, and what is wrong. */
  get configuration(): Configuration {
    return this.#catalog.configuration;
  }

  /** What an object of the source is, if it is valid by itself. */
  understand(object: SourceObject): Resource | undefined {
    return this.#catalog.understand(object);
  }

  /** Undefined before `begin`. */
  get addresses(): Addresses | undefined {
    return this.#work?.addresses;
  }

  /** Names of the nodes that a speaker can be expected on: those that had one, if any had; else all. */
  get nodes(): readonly string[] {
    const names = this.#world.nodes().map(({ name }) => name);
    const heard = names.filter((name) => this.#world.speakers.has(name));
    return this.#options.listsNodes && heard.length > 0 ? heard : names;
  }

  /** Names of speakers to be remembered: of nodes that are there, if these are listed. */
  get speakers(): readonly string[] {
    const heard = [...this.#world.speakers];
    return this.#options.listsNodes ? heard.filter((name) => this.#world.hasNode(name)) : heard;
  }

  /** Does what takes long of taking a reading in, and calls `rest` often, so that others have their turn. */
  async prepare(objects: readonly SourceObject[], rest: () => Promise<void>): Promise<void> {
    await this.#catalog.prepare(objects, rest);
  }

  /** Takes a reading in. An incomplete one changes nothing. */
  take(reading: SourceReading): PlanChanges {
    return this.#catalog.take(reading) ? this.#takeIn() : NO_CHANGES;
  }

  /** Takes in what became different; the first time that is everything. */
  change(change: SourceChange): PlanChanges {
    this.#catalog.change(change);
    return this.#takeIn();
  }

  #takeIn(): PlanChanges {
    this.#isRead = true;
    const changes = this.#world.apply(this.#catalog.configuration);
    if (!this.#work && changes.bgp) this.#passwords.noteAll(this.#world.inForce);
    if (!this.#work) return NO_CHANGES;
    const isAsBefore = isSameList(this.#problems, this.#catalog.configuration.problems);
    if (!isAsBefore || changes.layer2 || changes.bgp) this.#dependencies.observer.onChange({ configuration: true });
    this.#problems = this.#catalog.configuration.problems;
    return this.#update(this.#work, changes);
  }

  /** Decides nothing any more: another process does. What is in force is kept up to date for the next `begin`. */
  rest(): void {
    this.#work = undefined;
  }

  /** Whether no right form of the Service is in force, though it may only be wrong and not gone. */
  isMissing({ namespace, name }: StatusRecord): boolean {
    const known = this.#world.service(`${namespace}/${name}`);
    return this.#catalog.hasErrors && (!known || known.unclear !== undefined);
  }

  /** From now on this process gives addresses, beginning with what is remembered. */
  begin({ speakers, manifests, ...memory }: Remembered): PlanChanges {
    this.#catalog.remember(manifests);
    this.#world.apply(this.#catalog.configuration);
    const { log, definitions, wallClock, newest, observer } = this.#dependencies;
    const { loadBalancerClass, onStranded, ignoreExcludeLabel } = this.#options;
    for (const name of speakers) this.#world.hear(name);
    const [world, passwords] = [this.#world, this.#passwords];
    const { statuses } = memory;
    const addresses = new Addresses(memory, {
      ...{ world, log, loadBalancerClass, onStranded, wallClock },
      onAction: (action, former) => observer.onAction(action, former),
      manifest: ({ service }) => this.#catalog.manifest(service),
    });
    const holdingOf = (service: string) => addresses.given(service);
    const unannounced = new Unannounced(log, (service) => observer.onChange({ services: [service] }));
    const announcing = { world, log, ignoreExcludeLabel, unannounced, holdingOf };
    const placement = new Placement({ ...announcing, former: formerly(statuses, advertisementsOf) });
    const addressesOf = (service: string): readonly Ip[] => addresses.given(service)?.addresses ?? [];
    const plan = new Plan({ placement, definitions, addressesOf, newest });
    const bgp = new BgpPlan({ ...announcing, definitions, passwords, former: formerly(statuses, bgpAdvertisementsOf) });
    this.#work = { addresses, placement, plan, bgp, unannounced };
    const { entries, affected } = addresses.begin();
    this.#dependencies.store(entries);
    bgp.update(affected);
    return plan.update(affected, { fresh: false });
  }

  /** Stores once more what the Service has, for it is not what is shown. */
  reassert(service: string): void {
    if (this.#work) this.#dependencies.store(this.#work.addresses.reassert(service));
  }

  /** Time has passed: addresses may have rested enough for who waits for them. */
  tick(): PlanChanges {
    if (!this.#work) return NO_CHANGES;
    const { addresses, plan, bgp } = this.#work;
    const { entries, affected } = addresses.tick();
    if (entries.length === 0 && affected.length === 0) return NO_CHANGES;
    this.#dependencies.store(entries);
    this.#dependencies.observer.onChange({ services: affected, pools: true });
    bgp.update(affected);
    return plan.update(affected, { fresh: false });
  }

  /** A node's speaker was heard. */
  hear(name: string): PlanChanges {
    if (!this.#world.speakers.has(name)) this.#dependencies.observer.onChange({ configuration: true });
    if (!this.#world.hear(name) || !this.#work) return NO_CHANGES;
    this.#work.bgp.refresh();
    return this.#expire(this.#work);
  }

  /** Something is still to be planned again, after nodes or advertisements have changed. */
  get isPlanStale(): boolean {
    return this.#work !== undefined && (this.#work.plan.staleGroups > 0 || this.#work.bgp.staleServices > 0);
  }

  /** An event was followed to its end: once all is planned, what nobody announces is said. */
  endTurn(): void {
    if (this.#work) this.#storeFormer(this.#work);
    if (!this.isPlanStale) this.#work?.unannounced.tell();
  }

  /** Plans some of what is to be planned again. */
  proceed(): PlanChanges {
    this.#work?.bgp.proceed(SERVICES_AT_A_TIME);
    return this.#work?.plan.proceed(GROUPS_AT_A_TIME) ?? NO_CHANGES;
  }

  /** Why nobody announces the Service; none of it while it is announced, or nothing is decided. */
  silences(service: string): readonly Silence[] {
    return this.#work?.unannounced.of(service) ?? [];
  }

  /** By what the Services are announced; undefined while nothing is decided. */
  get announcedBy(): AnnouncedBy | undefined {
    return this.#work && { layer2: this.#work.plan, bgp: this.#work.bgp };
  }

  /** A Service's record is stored. */
  confirm(record: StatusRecord): PlanChanges {
    const service = `${record.namespace}/${record.name}`;
    const { observer } = this.#dependencies;
    const isNew = this.#work?.addresses.confirm(record) ?? false;
    observer.onStored(service);
    if (!this.#work || !isNew) return NO_CHANGES;
    observer.onChange({ services: [service], pools: true });
    this.#work.bgp.update([service]);
    return this.#work.plan.update([service], { fresh: true });
  }

  /** By what a stranded address is announced is stored with it, for the next process. */
  #storeFormer({ addresses, placement, bgp }: Work): void {
    const entries = [
      ...Array.from(placement.takeNews(), ([service, last]) =>
        addresses.announce(service, "L2Advertisement", advertisementManifests(last)),
      ),
      ...Array.from(bgp.takeNews(), ([service, last]) =>
        addresses.announce(service, "BGPAdvertisement", bgpManifests(last)),
      ),
    ];
    this.#dependencies.store(entries.flat());
  }

  #update({ addresses, placement, plan, bgp }: Work, changes: WorldChanges): PlanChanges {
    const { entries, affected } = addresses.update(changes);
    this.#dependencies.store(entries);
    if (changes.layer2) placement.refresh();
    if (changes.bgp) bgp.refresh();
    const services = new Set([...changes.services, ...changes.endpoints, ...affected]);
    const mayCount = changes.pools || entries.length > 0 || affected.length > 0;
    this.#dependencies.observer.onChange({ services, ...(mayCount && { pools: true }) });
    bgp.update(services);
    if (changes.bgp) bgp.proceed(SERVICES_AT_A_TIME);
    const { specs, removed } = plan.update(services, { fresh: false });
    if (!changes.layer2) return { specs, removed };
    const { specs: more } = this.#expire({ placement, plan });
    return { specs: [...specs, ...more], removed };
  }

  #expire({ placement, plan }: Pick<Work, "placement" | "plan">): PlanChanges {
    placement.refresh();
    plan.expire();
    return plan.proceed(GROUPS_AT_A_TIME);
  }
}

const isSameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
