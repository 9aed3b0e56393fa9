import { familyOf, type Ip } from "@heraldlb/net";
import type { Holding, Refusal } from "./action.ts";
import {
  closedPool,
  exhausted,
  noSecondFamily,
  nothingLeft,
  otherPool,
  outsidePools,
  unknownPool,
} from "./complaint.ts";
import type { RefusedPool } from "./explanation.ts";
import type { Lack, Ledger } from "./ledger.ts";
import { obstacle } from "./obstacle.ts";
import { offer, offerOther, refusedFor } from "./offer.ts";
import { closedTo, type PoolInput } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { familyMismatch, inFamilyOrder, requestedAddresses, type Wish } from "./wish.ts";

/** What was chosen for a Service, and the pools that were tried in vain before. */
export interface Choice {
  readonly holding: Holding;
  readonly refused: readonly RefusedPool[];
}

interface Context {
  readonly wish: Wish;
  readonly ledger: Ledger;
}

/** Chooses addresses for a Service that has none: those it asks for, else first fit. */
export function allocate(service: ServiceInput, context: Context): Choice | Refusal {
  const requested = requestedAddresses(service);
  if ("reason" in requested) return requested;
  if (requested.length > 0) return allocateRequested(service, requested, context);
  if (service.requestedPool) return allocateFrom(service.requestedPool, service, context);
  return allocateAnywhere(service, context);
}

function allocateRequested(
  service: ServiceInput,
  addresses: readonly Ip[],
  { wish, ledger }: Context,
): Choice | Refusal {
  if (addresses.map(familyOf).join() !== wish.families.join()) return familyMismatch(addresses);
  const pool = ledger.poolOf(addresses);
  if (!pool) return outsidePools(addresses);
  const hindered = obstacle(service, addresses, { pool, ledger });
  if (hindered) return hindered.refusal;
  const { requestedPool } = service;
  if (requestedPool && requestedPool !== pool.name) return otherPool(addresses, requestedPool);
  return { holding: { addresses, pool: pool.name }, refused: [] };
}

function allocateFrom(name: string, service: ServiceInput, context: Context): Choice | Refusal {
  const pool = context.ledger.pool(name);
  if (!pool) return unknownPool(name);
  if (closedTo(pool, service)) return closedPool(name);
  const { holding, lacks } = search([pool], service, context);
  if (holding) return { holding, refused: [] };
  return exhausted(pool, service.namespace, { lacks, isDual: context.wish.families.length > 1 });
}

function allocateAnywhere(service: ServiceInput, context: Context): Choice | Refusal {
  const { ledger } = context;
  if (ledger.pools.length === 0) return { reason: "noPools", message: "no address pool is in force" };
  const pinned = search(
    ledger.pinnedPools(service.namespace).filter((pool) => !closedTo(pool, service)),
    service,
    context,
  );
  if (pinned.holding) return { holding: pinned.holding, refused: pinned.refused };
  const open = search(ledger.openPools, service, context);
  if (open.holding) return { holding: open.holding, refused: [...pinned.refused, ...open.refused] };
  return nothingLeft([...pinned.lacks, ...open.lacks]);
}

interface Search {
  readonly holding: Holding | undefined;
  /** What the pools that were tried lacked. */
  readonly lacks: readonly Lack[];
  /** The pools that were tried in vain. */
  readonly refused: readonly RefusedPool[];
}

/** The first pool that has all families; failing that, if one will do, the first with the primary or the other one. */
function search(pools: readonly PoolInput[], service: ServiceInput, context: Context): Search {
  const { families, mayDegrade, primary } = context.wish;
  const lacks: Lack[] = [];
  const refused: RefusedPool[] = [];
  let lesser: Holding | undefined;
  for (const pool of pools) {
    const offered = offer(pool, service, context);
    const { addresses } = offered;
    if (addresses.length === families.length) return { holding: { addresses, pool: pool.name }, lacks, refused };
    lacks.push(...offered.lacks);
    refused.push(...refusedFor(pool, offered.lacks));
    const [only] = addresses;
    if (!mayDegrade || !only) continue;
    const isBetter = !lesser || (familyOf(only) === primary && familyOf(lesser.addresses[0] as Ip) !== primary);
    if (isBetter) lesser = { addresses: [only], pool: pool.name };
  }
  return { holding: lesser, lacks, refused };
}

/** The address that makes a Service with one family of two whole, from the pool of the first; else why there is none. */
export function allocateOther(service: ServiceInput, holding: Holding, ledger: Ledger): Holding | Refusal {
  const pool = ledger.pool(holding.pool);
  const [first] = holding.addresses;
  if (!pool || !first) return noSecondFamily(unknownPool(holding.pool));
  const other = offerOther(pool, service, first, ledger);
  if (typeof other === "string") return { addresses: inFamilyOrder([first, other]), pool: pool.name };
  return noSecondFamily(exhausted(pool, service.namespace, { lacks: [other], isDual: false }));
}
