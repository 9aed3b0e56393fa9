import type { Action } from "./action.ts";
import type { AllocatorConfig } from "./change.ts";
import type { Freed } from "./freed.ts";
import type { Held } from "./ledger.ts";
import { actionsOf } from "./outcome-actions.ts";
import type { PoolSet } from "./pool.ts";
import { SearchingLedger } from "./searching-ledger.ts";
import type { ServiceInput } from "./service.ts";
import { settle } from "./settle.ts";

/** Everything that decides about addresses at one moment. */
export interface World extends PoolSet {
  readonly services: readonly ServiceInput[];
  /** What Services have, by key; empty after a restart, when only their stored status says so. */
  readonly held: ReadonlyMap<string, Held>;
  /** Addresses of pools with a cool-down that were freed, in this order. */
  readonly freed: readonly Freed[];
  /** In ms since the epoch. */
  readonly now: number;
}

/**
 * Decides from scratch what must change so that every Service has the addresses that it should have.
 *
 * Deterministic and idempotent: applying the actions and planning again yields none but refusals. A Service keeps a
 * valid address whatever else happens. It is the reference for `Allocator`, which does the same incrementally: it
 * searches where that one looks up, so its work grows with the square of the world.
 */
export function plan(world: World, config: AllocatorConfig): Action[] {
  const keys = new Set(world.services.map(({ key }) => key));
  const removed = Array.from(world.held).filter(([key]) => !keys.has(key));
  const releases = removed.map(([service, { addresses }]): Action => {
    return { type: "release", service, addresses, reason: "serviceRemoved", message: "the Service is gone" };
  });
  const ledger = new SearchingLedger(world);
  for (const [key] of removed) ledger.drop(key);
  const none = () => [];
  const outcomes = settle({ changed: world.services, freed: true, waiting: none, degraded: none }, { ledger, config });
  return [...releases, ...actionsOf(outcomes.values(), ledger)];
}
