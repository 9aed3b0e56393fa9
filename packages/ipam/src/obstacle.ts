import type { Ip } from "@heraldlb/net";
import type { Refusal } from "./action.ts";
import { closedPool, outsidePools, quotaReached } from "./complaint.ts";
import type { PoolRefusal } from "./explanation.ts";
import type { Ledger } from "./ledger.ts";
import { quoteAll } from "./message.ts";
import { avoids, closedTo, type PoolInput, quotaRoom } from "./pool.ts";
import type { ServiceInput } from "./service.ts";

/** What stands between a Service and the addresses of a pool that it asks for. */
export interface Obstacle {
  readonly reason: PoolRefusal;
  readonly refusal: Refusal;
}

/** The first thing that stands between the Service and these addresses of the pool; undefined if it may have them. */
export function obstacle(
  service: ServiceInput,
  addresses: readonly Ip[],
  { pool, ledger }: { readonly pool: PoolInput; readonly ledger: Ledger },
): Obstacle | undefined {
  if (addresses.some((address) => avoids(pool, address))) {
    return { reason: "buggyAddress", refusal: outsidePools(addresses) };
  }
  const closed = closedTo(pool, service);
  if (closed) return { reason: closed, refusal: closedPool(pool.name) };
  for (const address of addresses) {
    const conflict = ledger.conflict(address, service);
    if (conflict) return { reason: conflict.reason, refusal: conflict };
  }
  const ends = addresses.map((address) => ledger.restsUntil(address, service.key)).filter((end) => end !== undefined);
  if (ends.length > 0) {
    const message = `${quoteAll(addresses)} was given up a while ago and still rests`;
    return { reason: "coolingDown", refusal: { reason: "coolingDown", message, until: Math.max(...ends) } };
  }
  const more = addresses.filter((address) => !ledger.isCounted(pool, service.namespace, address)).length;
  if (more === 0 || more <= quotaRoom(pool, ledger.count(pool, service.namespace))) return undefined;
  return { reason: "quotaReached", refusal: quotaReached(pool, service.namespace) };
}
