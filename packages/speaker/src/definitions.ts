import type { GroupAddress, GroupDefinition, GroupId, InterfaceSet, OrderErrorReason } from "@heraldlb/election";
import type { Ip } from "@heraldlb/net";
import { BgpDefinitions, changeLabel, type NodeBgp, type NodeChange } from "./bgp-definitions.ts";
import { type KnownServices, type RoutedChanges, type RoutedService, ServiceNames } from "./service-names.ts";

/** Why an item could not be applied. */
export interface ItemError {
  readonly group: GroupId;
  readonly reason: "invalidGroup" | OrderErrorReason;
  /** For people: one sentence. */
  readonly message: string;
}

/** A definition as received: understood, or not. */
export type ReceivedGroup =
  | {
      readonly type: "group";
      readonly group: GroupDefinition;
      /** For each of its addresses, the Services that have it; absent if none is named. */
      readonly services?: readonly (readonly string[])[] | undefined;
    }
  | { readonly type: "error"; readonly error: ItemError };

/** A part of all definitions. */
export interface DefinitionChunk {
  readonly revision: bigint;
  /** The controller process that numbers the revisions. */
  readonly holder: string;
  /** 0 begins a snapshot. */
  readonly index: number;
  /** Whether the snapshot is complete with this one. */
  readonly last: boolean;
  readonly groups: readonly ReceivedGroup[];
  /** Undefined: there is none in it. */
  readonly bgp?: ReceivedBgp<NodeBgp> | undefined;
  /** The Services that its routes are for. */
  readonly routed?: readonly RoutedService[] | undefined;
}

/** What of routers and routes could be understood, and what not. */
export interface ReceivedBgp<T> {
  readonly items: T;
  readonly errors: readonly ItemError[];
}

/** All that a snapshot says. */
export interface Snapshot {
  readonly groups: readonly ReceivedGroup[];
  readonly bgp?: ReceivedBgp<NodeBgp> | undefined;
  readonly routed?: readonly RoutedService[] | undefined;
}

/** What has changed in the definitions since a revision. */
export interface DefinitionDelta {
  readonly baseRevision: bigint;
  readonly revision: bigint;
  readonly changed: readonly ReceivedGroup[];
  readonly removed: readonly GroupId[];
  /** Undefined: nothing about BGP has changed. */
  readonly bgp?: ReceivedBgp<readonly NodeChange[]> | undefined;
  /** Undefined: routes are for the same Services. */
  readonly routed?: RoutedChanges | undefined;
}

/** How far definitions are applied, and by whose count; revision 0: not at all. */
export interface DefinitionPosition {
  readonly revision: bigint;
  readonly holder: string;
}

/** The difference that a snapshot or a delta makes. */
export interface DefinitionChange {
  readonly changed: readonly GroupDefinition[];
  readonly removed: readonly GroupId[];
  /** All that could not be applied by now, of this or an earlier change. */
  readonly errors: readonly ItemError[];
  /** Undefined: nothing about BGP has changed. */
  readonly bgp?: readonly NodeChange[] | undefined;
}

/** The definitions before any controller was heard: those of the state folder. */
export interface SavedDefinitions {
  readonly position: DefinitionPosition;
  readonly groups: readonly GroupDefinition[];
  readonly bgp?: NodeBgp | undefined;
  readonly services?: KnownServices | undefined;
}

/** All definitions that concern this node, brought up to date by snapshots and deltas. */
export class Definitions {
  readonly #groups = new Map<GroupId, GroupDefinition>();
  readonly #bgp: BgpDefinitions;
  /** Whose addresses they are about. */
  readonly services: ServiceNames;
  /** What could not be applied and was not replaced since, by what it is called. */
  readonly #failed = new Map<string, ItemError>();
  #position: DefinitionPosition = NOWHERE;

  constructor(saved?: SavedDefinitions) {
    this.#bgp = new BgpDefinitions(saved?.bgp);
    this.services = new ServiceNames(saved?.services);
    if (!saved) return;
    this.#position = saved.position;
    for (const group of saved.groups) this.#groups.set(group.id, group);
  }

  get position(): DefinitionPosition {
    return this.#position;
  }

  /** From where on a later process, which may understand more, is to be told: what failed is not applied. */
  get savedPosition(): DefinitionPosition {
    return this.#failed.size > 0 ? NOWHERE : this.#position;
  }

  get groups(): Iterable<GroupDefinition> {
    return this.#groups.values();
  }

  /** Routers and routes. */
  get bgp(): NodeBgp {
    return this.#bgp.all;
  }

  find(id: GroupId): GroupDefinition | undefined {
    return this.#groups.get(id);
  }

  get size(): number {
    return this.#groups.size;
  }

  /**
   * Replaces all definitions by a complete snapshot.
   *
   * A group whose new definition is not understood keeps the last one that was.
   */
  replace(position: DefinitionPosition, { groups, bgp = NO_BGP, routed = [] }: Snapshot): DefinitionChange {
    this.services.replaceRouted(routed);
    this.#failed.clear();
    const named = new Set(groups.map(idOf));
    const removed = [...this.#groups.keys()].filter((id) => !named.has(id));
    const change = this.#apply(position, groups, removed);
    return this.#withBgp(change, this.#bgp.replace(bgp.items), bgp.errors);
  }

  /** Forgets how far definitions are applied, so that the next controller sends them all. */
  distrust(): void {
    this.#position = NOWHERE;
  }

  /**
   * Applies a delta; undefined if it does not follow on what is applied.
   *
   * Deltas come from the leader alone, and after a snapshot of its own unless it is the holder of what is applied.
   */
  update({ baseRevision, revision, changed, removed, bgp, routed }: DefinitionDelta): DefinitionChange | undefined {
    const { holder } = this.#position;
    if (this.#position.revision < baseRevision) return undefined;
    if (routed) this.services.changeRouted(routed);
    const items = [...removed, ...changed.map(idOf), ...(bgp?.items.map(changeLabel) ?? [])];
    for (const item of items) this.#failed.delete(item);
    const change = this.#apply({ revision, holder }, changed, removed);
    return bgp ? this.#withBgp(change, this.#bgp.update(bgp.items), bgp.errors) : change;
  }

  #apply(position: DefinitionPosition, received: readonly ReceivedGroup[], gone: readonly GroupId[]): DefinitionChange {
    this.#position = position;
    this.#name(received, gone);
    const removed = gone.filter((id) => this.#groups.delete(id));
    const changed: GroupDefinition[] = [];
    for (const item of received) {
      if (item.type === "error") this.#failed.set(item.error.group, item.error);
      else if (!sameGroup(this.#groups.get(item.group.id), item.group)) changed.push(item.group);
    }
    for (const group of changed) this.#groups.set(group.id, group);
    return { changed, removed, errors: [...this.#failed.values()] };
  }

  #withBgp(change: DefinitionChange, bgp: readonly NodeChange[], errors: readonly ItemError[]): DefinitionChange {
    if (bgp.length === 0 && errors.length === 0) return change;
    for (const error of errors) this.#failed.set(error.group, error);
    return { ...change, errors: [...this.#failed.values()], bgp };
  }

  /** Takes the names of Services. An address may move from one group to another, so all are forgotten first. */
  #name(received: readonly ReceivedGroup[], gone: readonly GroupId[]): void {
    const understood = received.filter((item) => item.type === "group");
    for (const id of [...gone, ...understood.map(idOf)]) this.services.forget(this.#groups.get(id)?.addresses ?? []);
    for (const { group, services = [] } of understood) {
      for (const [i, names] of services.entries())
        this.services.set((group.addresses[i] as GroupAddress).address, names);
    }
  }
}

const NOWHERE: DefinitionPosition = { revision: 0n, holder: "" };
const NO_BGP: ReceivedBgp<NodeBgp> = { items: { peers: [], routes: [] }, errors: [] };

/** The chunks of one stream's snapshot on their way to being complete. */
export class SnapshotAssembly {
  #groups: ReceivedGroup[] = [];
  #bgp: ReceivedBgp<NodeBgp> | undefined;
  #routed: RoutedService[] = [];
  #next = 0;

  /** Adds a chunk; returns the whole snapshot with the last one. Throws if a chunk is missing. */
  add({ index, last, groups, bgp, routed = [] }: DefinitionChunk): Snapshot | undefined {
    if (index === 0) this.#begin();
    else if (index !== this.#next) throw new Error(`chunk ${index} of a snapshot came instead of ${this.#next}`);
    this.#next = index + 1;
    for (const group of groups) this.#groups.push(group);
    if (bgp) this.#bgp = this.#bgp ? joined(this.#bgp, bgp) : bgp;
    for (const service of routed) this.#routed.push(service);
    if (!last) return undefined;
    const complete = { groups: this.#groups, bgp: this.#bgp, routed: this.#routed };
    this.#begin();
    return complete;
  }

  #begin(): void {
    [this.#groups, this.#bgp, this.#routed, this.#next] = [[], undefined, [], 0];
  }
}

const joined = (a: ReceivedBgp<NodeBgp>, b: ReceivedBgp<NodeBgp>): ReceivedBgp<NodeBgp> => ({
  items: { peers: [...a.items.peers, ...b.items.peers], routes: [...a.items.routes, ...b.items.routes] },
  errors: [...a.errors, ...b.errors],
});

const idOf = (item: ReceivedGroup): GroupId => (item.type === "group" ? item.group.id : item.error.group);

/**
 * The same definition in less memory, to be kept: each text once, since most groups are called as their only address and
 * what comes from a stream or another thread has a copy for each mention, and no list longer than it need be.
 */
export const compact = ({ id, addresses, refreshMs }: GroupDefinition): GroupDefinition => ({
  id,
  addresses: addresses.map(({ address, interfaces }) => ({
    // A text that equals an address is one.
    address: address === id ? (id as Ip) : address,
    interfaces: interfaces === "all" ? "all" : interfaces,
  })),
  ...(refreshMs !== undefined && { refreshMs }),
});

/** Whether two definitions of a group say the same. */
export const sameGroup = (a: GroupDefinition | undefined, b: GroupDefinition): boolean =>
  a !== undefined && a.refreshMs === b.refreshMs && sameAddresses(a.addresses, b.addresses);

/** Whether two groups have the same addresses, answered for on the same interfaces. */
export const sameAddresses = (a: readonly GroupAddress[], b: readonly GroupAddress[]): boolean =>
  a.length === b.length && a.every((address, i) => sameAddress(address, b[i] as GroupAddress));

const sameAddress = (a: GroupAddress, b: GroupAddress): boolean =>
  a.address === b.address && sameInterfaces(a.interfaces, b.interfaces);

function sameInterfaces(a: InterfaceSet, b: InterfaceSet): boolean {
  if (a === "all" || b === "all") return a === b;
  return a.length === b.length && a.every((name) => b.includes(name));
}
