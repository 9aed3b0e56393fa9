import type { Ip } from "@heraldlb/net";
import type { RefusedPool } from "./explanation.ts";
import type { Held, Ledger } from "./ledger.ts";
import { obstacle } from "./obstacle.ts";
import { offer, offerOther, refusedFor } from "./offer.ts";
import { closedTo, type PoolInput } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { isDegraded } from "./settle.ts";
import { requestedAddresses, type Wish, wishOf } from "./wish.ts";

/**
 * Why each pool does not serve the Service as things are now, in the order in which they are tried, up to the one that
 * does. Where the Service asks for addresses or a pool, only the pools that these are about; where it only lacks the
 * second family, only its own.
 */
export function survey(service: ServiceInput, ledger: Ledger): RefusedPool[] {
  const wish = wishOf(service);
  const requested = requestedAddresses(service);
  if ("refusal" in wish || "reason" in requested) return [];
  if (requested.length > 0) return aboutAddresses(service, requested, ledger);
  const held = ledger.held(service.key);
  if (held && isDegraded(service, held)) return aboutSecond(service, held, ledger);
  const { requestedPool } = service;
  const order = requestedPool
    ? ledger.pools.filter(({ name }) => name === requestedPool)
    : inTrialOrder(service, ledger);
  const end = order.findIndex(({ name }) => !held?.stranded && name === held?.pool);
  return order.slice(0, end < 0 ? undefined : end).flatMap((pool) => aboutPool(pool, service, { wish, ledger }));
}

/** Pinned pools, then open ones, then those that are closed to the Service or wait to be asked for. */
function inTrialOrder(service: ServiceInput, ledger: Ledger): readonly PoolInput[] {
  const pinned = ledger.pinnedPools(service.namespace).filter((pool) => !closedTo(pool, service));
  return Array.from(new Set([...pinned, ...ledger.openPools, ...ledger.pools]));
}

function aboutPool(
  pool: PoolInput,
  service: ServiceInput,
  context: { readonly wish: Wish; readonly ledger: Ledger },
): RefusedPool[] {
  const closed = closedTo(pool, service);
  if (closed) return [{ pool: pool.name, reason: closed }];
  if (!pool.autoAssign && service.requestedPool !== pool.name) return [{ pool: pool.name, reason: "notAutomatic" }];
  return refusedFor(pool, offer(pool, service, context).lacks);
}

function aboutSecond(service: ServiceInput, { pool: name, addresses }: Held, ledger: Ledger): RefusedPool[] {
  const pool = ledger.pool(name);
  const other = pool && offerOther(pool, service, addresses[0] as Ip, ledger);
  return pool && typeof other === "object" ? refusedFor(pool, [other]) : [];
}

function aboutAddresses(service: ServiceInput, addresses: readonly Ip[], ledger: Ledger): RefusedPool[] {
  const pools = new Set(addresses.map((address) => ledger.poolOf([address])));
  return Array.from(pools).flatMap((pool): RefusedPool[] => {
    if (!pool) return [];
    if (pools.size > 1) return [{ pool: pool.name, reason: "addressNotInPool" }];
    const hindered = obstacle(service, addresses, { pool, ledger });
    if (!hindered) return [];
    const { reason, refusal } = hindered;
    return [{ pool: pool.name, reason, ...(refusal.until !== undefined && { until: refusal.until }) }];
  });
}
