import type { Ip } from "@heraldlb/net";
import type { Refusal } from "./action.ts";
import type { Lack } from "./ledger.ts";
import { quote, quoteAll, shortened } from "./message.ts";
import type { PoolInput } from "./pool.ts";

/** MetalLB's words for addresses that no single pool gives out. */
export function outsidePools(addresses: readonly Ip[]): Refusal & { readonly reason: "addressOutsidePools" } {
  return { reason: "addressOutsidePools", message: `${quoteAll(addresses)} is not allowed in config` };
}

/** MetalLB's words for a pool that is not in force. */
export function unknownPool(name: string): Refusal & { readonly reason: "unknownPool" } {
  return { reason: "unknownPool", message: `unknown pool ${quote(name)}` };
}

/** MetalLB's words for a pool that is closed to the Service. */
export function closedPool(name: string): Refusal & { readonly reason: "poolNotCompatible" } {
  return { reason: "poolNotCompatible", message: `pool ${name} not compatible for ip assignment` };
}

/** MetalLB's words for addresses and a pool that do not agree. */
export function otherPool(addresses: readonly Ip[], requestedPool: string): Refusal {
  const message = `requested loadBalancer IP(s) ${quoteAll(addresses)} is not compatible with requested address pool ${shortened(requestedPool)}`;
  return { reason: "requestedPoolMismatch", message };
}

/** A namespace that has all that a pool allows it. */
export function quotaReached({ name, quotaPerNamespace }: PoolInput, namespace: string): Refusal {
  const message = `namespace ${namespace} may have ${quotaPerNamespace} addresses of pool ${name}, and has no more to take`;
  return { reason: "quotaReached", message };
}

/** MetalLB's words for pools with nothing left, with a more telling reason if there is one. */
export function nothingLeft(lacks: readonly Lack[]): Refusal {
  return { reason: "noAddressAvailable", message: "no available IPs", ...telling(lacks) };
}

/** MetalLB's words for the one pool asked for with nothing left, but our own for quotas. `isDual`: both families were wanted. */
export function exhausted(
  pool: PoolInput,
  namespace: string,
  { lacks, isDual }: { readonly lacks: readonly Lack[]; readonly isDual: boolean },
): Refusal {
  const none = `no available IPs in pool ${pool.name}`;
  const missing = lacks.find(({ reason }) => reason === "familyNotInPool");
  if (missing) {
    return { reason: "familyNotInPool", message: `${none} for ${isDual ? "dual" : missing.family} IPFamily` };
  }
  const { reason = "poolExhausted", until } = telling(lacks);
  if (reason === "quotaReached") return quotaReached(pool, namespace);
  return { reason, message: none, ...(until !== undefined && { until }) };
}

/** MetalLB's words for a second family that is preferred but cannot be had. */
export function noSecondFamily({ message, until }: Omit<Refusal, "reason">): Refusal {
  return {
    reason: "secondFamilyUnavailable",
    message: `cannot assign additional IP in PreferDualStack: ${message}`,
    ...(until !== undefined && { until }),
  };
}

/** A reason that passes by itself, or that the Service's namespace can do something about, if there is one. */
function telling(lacks: readonly Lack[]): Partial<Pick<Refusal, "reason" | "until">> {
  const ends = lacks.map(({ until }) => until).filter((until) => until !== undefined);
  if (ends.length > 0) return { reason: "coolingDown", until: Math.min(...ends) };
  return lacks.some(({ reason }) => reason === "quotaReached") ? { reason: "quotaReached" } : {};
}
