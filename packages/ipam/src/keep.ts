import type { Ip } from "@heraldlb/net";
import type { Holding, Refusal, ReleaseReason, StrandedReason } from "./action.ts";
import type { AllocatorConfig } from "./change.ts";
import { closedPool, outsidePools, unknownPool } from "./complaint.ts";
import type { Held, Ledger } from "./ledger.ts";
import { quoteAll, shortened } from "./message.ts";
import { avoids, closedTo } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { familiesOf, inFamilyOrder, requestedAddresses, type Wish } from "./wish.ts";

/** Whether a Service keeps the addresses that it has, and if not, why. */
export type Verdict =
  | { readonly keep: Holding; readonly refusal?: Refusal | undefined }
  | { readonly lose: ReleaseReason; readonly message: string };

/** The addresses in question; `pool` is where they came from, undefined if nobody knows. */
export interface Former {
  readonly addresses: readonly Ip[];
  readonly pool: string | undefined;
}

/**
 * Judges the addresses that a Service has. The ledger must not count them as its own while it does. Without a wish
 * (families unknown) only the pool and the other holders are asked.
 */
export function judge(
  service: ServiceInput,
  former: Former,
  {
    wish,
    ledger,
    config,
  }: { readonly wish: Wish | undefined; readonly ledger: Ledger; readonly config: AllocatorConfig },
): Verdict {
  const addresses = inFamilyOrder(former.addresses);
  const families = familiesOf(addresses);
  if (typeof families === "string") return { lose: "unreadableStatus", message: families };
  if (wish && families.join() !== wish.families.join() && !(wish.mayDegrade && families.length === 1)) {
    return { lose: "familyChanged", message: `${quoteAll(addresses)} are not the families of the cluster IPs` };
  }
  for (const address of addresses) {
    const conflict = ledger.conflict(address, service);
    if (conflict) return { lose: conflict.reason, message: notAllowed(service, conflict.message) };
  }
  const holding = vouched(service, { addresses, pool: former.pool }, ledger);
  if (holding.stranded && !mayStrand(service, former, { ledger, config, reason: holding.stranded })) {
    return losing(service, addresses, holding);
  }
  return hearRequests(service, holding, ledger);
}

/** Whether the pool that vouched for the Service's addresses still does: then there is nothing to judge anew. */
export function isVouched(service: ServiceInput, held: Held, ledger: Ledger): boolean {
  const { pool, stranded } = vouched(service, held, ledger);
  return !held.stranded && !stranded && pool === held.pool;
}

/** Keeps what agrees with the Service's requests. What asks for a pool that may be set aside waits with what it has. */
function hearRequests(service: ServiceInput, holding: Holding, ledger: Ledger): Verdict {
  const { addresses, pool } = holding;
  const { requestedPool, unclear } = service;
  if (unclear !== undefined) return { keep: holding };
  if (requestedPool && requestedPool !== pool) {
    if (ledger.setAside && !ledger.pool(requestedPool)) return { keep: holding, refusal: unknownPool(requestedPool) };
    return { lose: "otherPoolRequested", message: `the Service asks for pool ${shortened(requestedPool)}` };
  }
  const requested = requestedAddresses(service);
  if ("reason" in requested) {
    const message = `invalid requested loadbalancer IPs: ${requested.message}`;
    return { keep: holding, refusal: { ...requested, message } };
  }
  if (requested.length > 0 && requested.join() !== addresses.join()) {
    if (ledger.setAside && !ledger.poolOf(requested)) return { keep: holding, refusal: outsidePools(requested) };
    return { lose: "otherAddressRequested", message: `the Service asks for ${quoteAll(requested)}` };
  }
  return { keep: holding };
}

/** The addresses under the pool that now vouches for them, else under their former pool, as stranded. */
function vouched(service: ServiceInput, { addresses, pool: former }: Former, ledger: Ledger): Holding {
  const pool = ledger.poolOf(addresses);
  const stay = (stranded: StrandedReason): Holding => ({ addresses, pool: former ?? pool?.name ?? "", stranded });
  if (!pool) return stay("addressOutsidePools");
  // The pool was renamed under a Service that asks for it by its old name.
  if (service.requestedPool && service.requestedPool === former && pool.name !== former)
    return stay("addressOutsidePools");
  if (closedTo(pool, service)) return stay("poolNotCompatible");
  if (addresses.some((address) => avoids(pool, address))) return stay("buggyAddress");
  return { addresses, pool: pool.name };
}

/**
 * Whether the Service has a stranded address and would rather have another one: its owner, who must be understood, says
 * so, and no pool is set aside that may contain it.
 */
export function givesUp({ reassign, unclear }: ServiceInput, held: Held, { setAside }: Ledger): boolean {
  if (!reassign || unclear !== undefined || !held.stranded) return false;
  return !(setAside && held.stranded === "addressOutsidePools");
}

/**
 * A stranded address is kept if it is known to have been ours, unless the setting says otherwise and its owner can be
 * understood; and always while a pool that may contain it is set aside.
 */
function mayStrand(
  { unclear }: ServiceInput,
  { pool }: Former,
  {
    ledger,
    config,
    reason,
  }: { readonly ledger: Ledger; readonly config: AllocatorConfig; readonly reason: StrandedReason },
): boolean {
  if (ledger.setAside && reason === "addressOutsidePools") return true;
  if (pool === undefined) return false;
  return unclear !== undefined || config.onStranded === "keep";
}

function losing(service: ServiceInput, addresses: readonly Ip[], { pool, stranded }: Holding): Verdict {
  if (service.reassign) return { lose: "reassignRequested", message: mayBeReassigned(addresses) };
  if (stranded === "poolNotCompatible")
    return { lose: stranded, message: notAllowed(service, closedPool(pool).message) };
  return { lose: stranded ?? "addressOutsidePools", message: notAllowed(service, outsidePools(addresses).message) };
}

/** What is said of addresses that their Service gives up. */
export function mayBeReassigned(addresses: readonly Ip[]): string {
  return `${quoteAll(addresses)} may be reassigned`;
}

function notAllowed({ key }: ServiceInput, why: string): string {
  return `current IP for ${JSON.stringify(key)} not allowed by config, will attempt for new IP assignment: ${why}`;
}
