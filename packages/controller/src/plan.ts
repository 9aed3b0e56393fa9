import type { GroupSpec } from "@heraldlb/election";
import type { Ip } from "@heraldlb/net";
import type { Definitions } from "./definitions.ts";
import { Groups } from "./groups.ts";
import { isSameSpec, type Placement } from "./placement.ts";

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

/** The groups of all given addresses, and who may own them: kept up to date Service by Service. */
export class Plan {
  readonly #options: PlanOptions;
  readonly #groups: Groups;
  readonly #specs = new Map<string, GroupSpec>();

  constructor(options: PlanOptions) {
    this.#options = options;
    this.#groups = new Groups(options.newest);
  }

  /** How many groups nobody may announce. */
  get unplaced(): number {
    let count = 0;
    for (const { candidates } of this.#specs.values()) if (candidates.length === 0) count++;
    return count;
  }

  /**
   * These Services' addresses, labels or endpoints may have changed. `fresh`: this process has just given them
   * addresses that nobody had before.
   */
  update(services: Iterable<string>, { fresh }: { readonly fresh: boolean }): PlanChanges {
    const { placement, definitions, addressesOf } = this.#options;
    const touched = new Set<string>();
    const removed: string[] = [];
    for (const service of services) {
      const addresses = addressesOf(service);
      const before = this.#groups.of(service);
      const changes = this.#groups.set(service, addresses);
      for (const { id } of changes.changed) touched.add(id);
      for (const { id } of changes.removed) {
        touched.delete(id);
        removed.push(id);
      }
      if (addresses.length === 0) placement.forgetService(service);
      const now = this.#groups.of(service);
      if (now) touched.add(now.id);
      if (before && !now) placement.forget(before);
    }
    for (const id of removed) {
      if (this.#groups.get(id)) continue;
      definitions.delete(id);
      this.#specs.delete(id);
    }
    return {
      specs: this.#place(touched, fresh),
      removed: removed.filter((id) => !this.#groups.get(id)),
    };
  }

  /** Nodes or advertisements have changed: places every group again. */
  replaceAll(): PlanChanges {
    return {
      specs: this.#place(
        [...this.#groups.all()].map(({ id }) => id),
        false,
      ),
      removed: [],
    };
  }

  #place(ids: Iterable<string>, fresh: boolean): GroupSpec[] {
    const { placement, definitions } = this.#options;
    const changed: GroupSpec[] = [];
    for (const id of ids) {
      const group = this.#groups.get(id);
      if (!group) continue;
      const { spec, reach } = placement.place(group);
      definitions.set(id, group.addresses, reach);
      const before = this.#specs.get(id);
      if (before && isSameSpec(before, spec)) continue;
      const now = { ...spec, fresh: fresh && !before };
      this.#specs.set(id, now);
      changed.push(now);
    }
    return changed;
  }
}
