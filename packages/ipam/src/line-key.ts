import { familyOf } from "@heraldlb/net";
import type { Held, Ledger } from "./ledger.ts";
import { closedTo } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { wishOf } from "./wish.ts";

/** Names the line in which a Service without addresses waits; undefined if no address that comes back can help it. */
export function waitingLine(service: ServiceInput, ledger: Ledger): string | undefined {
  const wish = wishOf(service);
  if ("refusal" in wish) return undefined;
  const { namespace, requestedPool = "", requestedIps, loadBalancerIp } = service;
  // Another address may be free for one of these than for the next.
  if (requestedIps || loadBalancerIp || service.sharingKey) return alone(service);
  const pinned = ledger.pinnedPools(namespace).filter((pool) => !closedTo(pool, service));
  const requested = ledger.pool(requestedPool);
  const pools = requestedPool
    ? [requestedPool, requested && closedTo(requested, service)]
    : pinned.map(({ name }) => name);
  return JSON.stringify([pools, payer(service, ledger), wish]);
}

/** Names the line in which a Service waits for its second family, or for something better than what is stranded. */
export function secondLine(service: ServiceInput, { pool, addresses, stranded }: Held, ledger: Ledger): string {
  if (service.sharingKey || stranded) return alone(service);
  return JSON.stringify([pool, payer(service, ledger), addresses.map(familyOf)]);
}

function alone({ key }: ServiceInput): string {
  return JSON.stringify([key]);
}

/** The namespace, where quotas make a difference between namespaces. */
function payer({ namespace }: ServiceInput, { pools }: Ledger): string {
  return pools.some(({ quotaPerNamespace }) => quotaPerNamespace !== undefined) ? namespace : "";
}
