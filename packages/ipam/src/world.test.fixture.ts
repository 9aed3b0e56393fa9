import { compareIps, type Ip, rangeContains } from "@heraldlb/net";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import type { Freed } from "./freed.ts";
import type { Held } from "./ledger.ts";
import type { World } from "./plan.ts";
import { hasCoolDown, type PoolInput, type PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";

/** Changes that come together, some time after the last ones. */
export interface Step {
  readonly changes: readonly Change[];
  readonly later: number;
}

/** The world as its owner sees it: the last word on each thing. */
export class Record {
  readonly services: Map<string, ServiceInput> = new Map();
  readonly held: Map<string, Held> = new Map();
  pools: PoolSet = { pools: [], setAside: false };
  freed: readonly Freed[] = [];
  now = 1000;

  note({ changes, later }: Step): void {
    this.now += later;
    for (const change of changes) {
      if (change.type === "pools") this.pools = change.set;
      else if (change.type === "service") this.services.set(change.service.key, change.service);
      else if (change.type === "serviceRemoved") this.services.delete(change.key);
    }
  }

  carryOut(actions: readonly Action[]): void {
    const before = new Map(this.held);
    for (const action of actions) {
      if (action.type === "release") this.held.delete(action.service);
      if (action.type !== "assign") continue;
      const { addresses, pool, stranded, service } = action;
      const terms = this.services.get(service) as ServiceInput;
      this.held.set(service, { addresses, pool, stranded, terms, namespace: terms.namespace });
    }
    // What a status says counts once.
    for (const [key, service] of this.services) this.services.set(key, { ...service, assigned: [] });
    // A Service that keeps its addresses holds them on its newest terms.
    for (const [key, held] of this.held) {
      const terms = this.services.get(key);
      if (terms) this.held.set(key, { ...held, terms, namespace: terms.namespace });
    }
    this.#free(before);
  }

  world(): World {
    const { held, freed, now } = this;
    return { ...this.pools, services: Array.from(this.services.values()), held, freed, now };
  }

  poolOf(address: Ip): PoolInput | undefined {
    return this.pools.pools.find(({ ranges }) => ranges.some((range) => rangeContains(range, address)));
  }

  #free(before: ReadonlyMap<string, Held>): void {
    const isHeld = (address: Ip) => this.held.values().some(({ addresses }) => addresses.includes(address));
    const remains = ({ address }: Freed) => {
      const pool = this.poolOf(address);
      return !isHeld(address) && (pool ? hasCoolDown(pool) : this.pools.setAside);
    };
    const left = Array.from(new Set(before.values().flatMap(({ addresses }) => addresses)));
    const fresh = left.toSorted(compareIps).flatMap((address): Freed[] => {
      const pool = this.poolOf(address);
      if (isHeld(address) || !pool || !hasCoolDown(pool)) return [];
      const [by = ""] = Array.from(
        before.keys().filter((key) => before.get(key)?.addresses.includes(address)),
      ).toSorted();
      return [{ address, at: this.now, by }];
    });
    this.freed = [...this.freed.filter(remains), ...fresh];
  }
}

/** Plays the steps on an allocator, and looks at it after each. */
export function play(
  steps: readonly Step[],
  config: AllocatorConfig,
  check: (record: Record, allocator: Allocator, actions: readonly Action[]) => void = () => {},
): { readonly allocator: Allocator; readonly record: Record } {
  const allocator = new Allocator(config);
  const record = new Record();
  for (const step of steps) {
    record.note(step);
    const actions = allocator.apply(step.changes, record.now);
    record.carryOut(actions);
    record.freed = allocator.freed;
    check(record, allocator, actions);
  }
  return { allocator, record };
}
