import type { GroupSpec } from "@heraldlb/election";
import type { Ip } from "@heraldlb/net";
import type { Definitions, Reach } from "./definitions.ts";
import { Groups } from "./groups.ts";
import type { Placed, Placement } from "./placement.ts";

/** What the ownership machine must hear. */
export interface PlanChanges {
  readonly specs: readonly GroupSpec[];
  readonly removed: readonly string[];
}

/** What a plan depends on. */
export interface PlanOptions {
  readonly placement: Placement;
  readonly definitions: Definitions;
  /** A Service's addresses; none if it has none. */
  addressesOf(service: string): readonly Ip[];
  /** Of groups that become one, the id of the one whose owner was decided last. */
  newest(ids: readonly string[]): string | undefined;
}

const NOWHERE: Reach = new Map();

/** The groups of all given addresses, and who may own them: kept up to date Service by Service. */
export class Plan {
  readonly #options: PlanOptions;
  readonly #groups: Groups;
  readonly #placed = new Map<string, Placed>();
  /** Groups that are to be placed again, those that wait longest first. */
  readonly #stale = new Set<string>();

  constructor(options: PlanOptions) {
    this.#options = options;
    this.#groups = new Groups(options.newest);
  }

  /** Groups that are still to be placed again after `expire`. */
  get staleGroups(): number {
    return this.#stale.size;
  }

  /** Id of the group that the Service's addresses belong to. */
  groupOf(service: string): string | undefined {
    return this.#groups.of(service)?.id;
  }

  /** Keys of the Services whose addresses belong to a group. */
  servicesOf(group: string): readonly string[] {
    return this.#groups.get(group)?.services ?? [];
  }

  /** The nodes that may announce the group, and where each may. */
  reachOf(group: string): Reach {
    return this.#placed.get(group)?.reach ?? NOWHERE;
  }

  /**
   * These Services' addresses, labels or endpoints may have changed. `fresh`: this process has just given them
   * addresses that nobody had before.
   */
  update(services: Iterable<string>, { fresh }: { readonly fresh: boolean }): PlanChanges {
    const { placement, definitions, addressesOf } = this.#options;
    const touched = new Set<string>();
    const ended = new Set<string>();
    for (const service of services) {
      const addresses = addressesOf(service);
      const before = this.#groups.of(service);
      const changes = this.#groups.set(service, addresses);
      for (const { id } of changes.changed) touched.add(id);
      for (const id of changes.removed) ended.add(id);
      const now = this.#groups.of(service);
      if (now) touched.add(now.id);
      else placement.forgetService(service);
      if (before && !now) placement.forget(before);
    }
    const removed = [...ended].filter((id) => !this.#groups.get(id));
    for (const id of removed) {
      definitions.delete(id);
      this.#placed.delete(id);
      this.#stale.delete(id);
    }
    return { specs: this.#place(touched, fresh), removed };
  }

  /** Nodes or advertisements have changed: every group is to be placed again, by `proceed`. */
  expire(): void {
    for (const { id } of this.#groups.all()) this.#stale.add(id);
  }

  /** Places so many of the groups that are to be placed again. */
  proceed(count: number): PlanChanges {
    return { specs: this.#place(this.#stale.values().take(count).toArray(), false), removed: [] };
  }

  #place(ids: Iterable<string>, fresh: boolean): GroupSpec[] {
    const { placement, definitions } = this.#options;
    const changed: GroupSpec[] = [];
    for (const id of ids) {
      this.#stale.delete(id);
      const group = this.#groups.get(id);
      if (!group) continue;
      const before = this.#placed.get(id);
      const placed = placement.place(group, before);
      const { addresses } = group;
      const holders = addresses.map((address) => this.#groups.holdersOf(address));
      definitions.set({ id, addresses, holders }, placed.reach);
      if (placed === before) continue;
      this.#placed.set(id, placed);
      changed.push({ ...placed.spec, fresh: fresh && !before });
    }
    return changed;
  }
}
