import { type Family, type Ip, ipFromBigInt, ipToBigInt, rangeContains, rangeFirst, rangeSize } from "@heraldlb/net";
import type { Action } from "./action.ts";
import type { AllocatorConfig } from "./change.ts";
import { type Claimant, type Conflict, type Held, type Ledger, notShared, portTaken } from "./ledger.ts";
import { actionsOf } from "./outcome-actions.ts";
import { avoids, comparePools, type PoolInput, type PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { settle } from "./settle.ts";
import { formatPort, mayShare } from "./sharing.ts";

/** Everything that decides about addresses at one moment. */
export interface World extends PoolSet {
  readonly services: readonly ServiceInput[];
  /** What Services have, by key; empty after a restart, when only their stored status says so. */
  readonly held: ReadonlyMap<string, Held>;
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
  const ledger = searchingLedger(world, new Map(Array.from(world.held).filter(([key]) => keys.has(key))));
  const none = () => [];
  const outcomes = settle({ changed: world.services, freed: true, waiting: none, degraded: none }, { ledger, config });
  return [...releases, ...actionsOf(outcomes.values(), (service) => ledger.held(service))];
}

function searchingLedger({ pools, setAside }: PoolSet, holdings: Map<string, Held>): Ledger {
  const contains = ({ ranges }: PoolInput, address: Ip) => ranges.some((range) => rangeContains(range, address));

  function conflict(address: Ip, claimant: Claimant): Conflict | undefined {
    const others = Array.from(holdings).filter(
      ([key, { addresses }]) => key !== claimant.key && addresses.includes(address),
    );
    if (others.some(([, { terms }]) => !mayShare(terms, claimant))) {
      return notShared(
        claimant,
        others.map(([key]) => key),
      );
    }
    const ports = claimant.ports.map(formatPort);
    const taken = ports.find((port) => others.some(([, { terms }]) => terms.ports.map(formatPort).includes(port)));
    return taken === undefined ? undefined : portTaken(taken, address);
  }

  function firstUsable(pool: PoolInput, family: Family, claimant: Claimant): Ip | undefined {
    for (const range of pool.ranges.filter((range) => range.includes(":") === (family === "ipv6"))) {
      const first = ipToBigInt(rangeFirst(range));
      for (let i = 0n; i < rangeSize(range); i++) {
        const address = ipFromBigInt(family, first + i);
        if (!avoids(pool, address) && !conflict(address, claimant)) return address;
      }
    }
    return undefined;
  }

  return {
    setAside,
    pools: pools.toSorted(comparePools),
    pool: (name) => pools.find((pool) => pool.name === name),
    poolOf: (addresses) => pools.find((pool) => addresses.every((address) => contains(pool, address))),
    firstUsable,
    conflict,
    held: (service) => holdings.get(service),
    take: (service, held) => void holdings.set(service, held),
    drop: (service) => void holdings.delete(service),
  };
}
