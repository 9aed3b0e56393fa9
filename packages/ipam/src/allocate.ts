import { type Family, familyOf, type Ip } from "@heraldlb/net";
import type { Holding, Refusal } from "./action.ts";
import type { Ledger } from "./ledger.ts";
import { quoteAll } from "./message.ts";
import { avoids, type PoolInput, permits } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { familyMismatch, inFamilyOrder, requestedAddresses, type Wish } from "./wish.ts";

/** Chooses addresses for a Service that has none: those it asks for, else first fit. */
export function allocate(service: ServiceInput, wish: Wish, ledger: Ledger): Holding | Refusal {
  const requested = requestedAddresses(service);
  if ("reason" in requested) return requested;
  if (requested.length > 0) return allocateRequested(service, requested, { wish, ledger });
  if (service.requestedPool) return allocateFrom(service.requestedPool, service, { wish, ledger });
  return allocateAnywhere(service, wish, ledger);
}

interface Context {
  readonly wish: Wish;
  readonly ledger: Ledger;
}

function allocateRequested(
  service: ServiceInput,
  addresses: readonly Ip[],
  { wish, ledger }: Context,
): Holding | Refusal {
  if (addresses.map(familyOf).join() !== wish.families.join()) return familyMismatch(addresses);
  const pool = ledger.poolOf(addresses);
  if (!pool || addresses.some((address) => avoids(pool, address))) return outsidePools(addresses);
  if (!permits(pool, service)) return closedPool(pool.name);
  for (const address of addresses) {
    const conflict = ledger.conflict(address, service);
    if (conflict) return conflict;
  }
  if (service.requestedPool && service.requestedPool !== pool.name) {
    const message = `requested loadBalancer IP(s) ${quoteAll(addresses)} is not compatible with requested address pool ${service.requestedPool}`;
    return { reason: "requestedPoolMismatch", message };
  }
  return { addresses, pool: pool.name };
}

function allocateFrom(name: string, service: ServiceInput, { wish, ledger }: Context): Holding | Refusal {
  const pool = ledger.pool(name);
  if (!pool) return unknownPool(name);
  if (!permits(pool, service)) return closedPool(name);
  const found = best([pool], service, { wish, ledger });
  if (found) return found;
  const missing = wish.families.some((family) => !hasFamily(pool, family));
  if (!missing) return { reason: "poolExhausted", message: `no available IPs in pool ${name}` };
  const family = wish.families.length > 1 ? "dual" : wish.families[0];
  return { reason: "familyNotInPool", message: `no available IPs in pool ${name} for ${family} IPFamily` };
}

function allocateAnywhere(service: ServiceInput, wish: Wish, ledger: Ledger): Holding | Refusal {
  if (ledger.pools.length === 0) return { reason: "noPools", message: "no address pool is in force" };
  const automatic = ledger.pools.filter(({ autoAssign }) => autoAssign);
  const pinned = automatic.filter((pool) => pool.allocation && permits(pool, service));
  const open = automatic.filter((pool) => !pool.allocation);
  return (
    best(pinned, service, { wish, ledger }) ??
    best(open, service, { wish, ledger }) ?? { reason: "noAddressAvailable", message: "no available IPs" }
  );
}

/** The first pool that has all families; failing that, if one will do, the first with the primary or the other one. */
function best(pools: readonly PoolInput[], service: ServiceInput, { wish, ledger }: Context): Holding | undefined {
  const { families, mayDegrade, primary } = wish;
  let lesser: Holding | undefined;
  for (const pool of pools) {
    const found = families.map((family) => ledger.firstUsable(pool, family, service));
    const addresses = inFamilyOrder(found.filter((address) => address !== undefined));
    if (addresses.length === families.length) return { addresses, pool: pool.name };
    const [only] = addresses;
    if (!mayDegrade || !only) continue;
    const isBetter = !lesser || (familyOf(only) === primary && familyOf(lesser.addresses[0] as Ip) !== primary);
    if (isBetter) lesser = { addresses: [only], pool: pool.name };
  }
  return lesser;
}

/** The address that makes a Service with one family of two whole, from the pool of the first. */
export function allocateOther(service: ServiceInput, holding: Holding, ledger: Ledger): Holding | undefined {
  const pool = ledger.pool(holding.pool);
  const [first] = holding.addresses;
  if (!pool || !first) return undefined;
  const other = ledger.firstUsable(pool, familyOf(first) === "ipv4" ? "ipv6" : "ipv4", service);
  return other && { addresses: inFamilyOrder([first, other]), pool: pool.name };
}

/** MetalLB's words for addresses that no single pool gives out. */
export function outsidePools(addresses: readonly Ip[]): Refusal & { readonly reason: "addressOutsidePools" } {
  return { reason: "addressOutsidePools", message: `${quoteAll(addresses)} is not allowed in config` };
}

/** MetalLB's words for a pool that is not in force. */
export function unknownPool(name: string): Refusal & { readonly reason: "unknownPool" } {
  return { reason: "unknownPool", message: `unknown pool ${JSON.stringify(name)}` };
}

/** MetalLB's words for a pool that is closed to the Service. */
export function closedPool(name: string): Refusal & { readonly reason: "poolNotCompatible" } {
  return { reason: "poolNotCompatible", message: `pool ${name} not compatible for ip assignment` };
}

function hasFamily({ ranges }: PoolInput, family: Family): boolean {
  return ranges.some((range) => range.includes(":") === (family === "ipv6"));
}
