import { familyOf, type Ip } from "@heraldlb/net";
import type { RefusedPool } from "./explanation.ts";
import type { Lack, Ledger } from "./ledger.ts";
import { type PoolInput, quotaRoom } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { inFamilyOrder, type Wish } from "./wish.ts";

/** What a Service can have from one pool. */
export interface Offer {
  /** At most one a family, IPv4 first. */
  readonly addresses: readonly Ip[];
  /** The families that cannot be had, with why. */
  readonly lacks: readonly Lack[];
}

/** What the Service can have from the pool now. The family that it prefers is served first, should its quota end there. */
export function offer(
  pool: PoolInput,
  service: ServiceInput,
  context: { readonly wish: Wish; readonly ledger: Ledger },
): Offer {
  const usual = firstFit(pool, service, context);
  if (!service.sharingKey || !usual.lacks.some(({ reason }) => reason === "quotaReached")) return usual;
  const thrifty = firstFit(pool, service, { ...context, isThrifty: true });
  return thrifty.addresses.length > usual.addresses.length ? thrifty : usual;
}

/** The first addresses that it can have; if `isThrifty`, those first that cost nothing of its quota. */
function firstFit(
  pool: PoolInput,
  service: ServiceInput,
  {
    wish: { families, primary },
    ledger,
    isThrifty = false,
  }: { readonly wish: Wish; readonly ledger: Ledger; readonly isThrifty?: boolean },
): Offer {
  const { namespace } = service;
  let room = quotaRoom(pool, ledger.count(pool, namespace));
  const [only] = families;
  if (families.length === 1 && only) {
    const found = ledger.firstUsable(pool, only, { claimant: service, mayGrow: room > 0 });
    // A literal has room for one address, what `push` makes for seventeen: it is kept as long as the Service.
    return typeof found === "string" ? { addresses: [found], lacks: [] } : { addresses: [], lacks: [found] };
  }
  const addresses: Ip[] = [];
  const lacks: Lack[] = [];
  const order = families.length > 1 && families[0] !== primary ? families.toReversed() : families;
  for (const family of order) {
    const shared = isThrifty ? ledger.firstUsable(pool, family, { claimant: service, mayGrow: false }) : undefined;
    const found =
      typeof shared === "string" ? shared : ledger.firstUsable(pool, family, { claimant: service, mayGrow: room > 0 });
    if (typeof found === "string") {
      addresses.push(found);
      if (!ledger.isCounted(pool, namespace, found)) room--;
    } else lacks.push(found);
  }
  return { addresses: inFamilyOrder(addresses), lacks };
}

/** The address of the other family that a Service with this one can have from the same pool. */
export function offerOther(pool: PoolInput, service: ServiceInput, first: Ip, ledger: Ledger): Ip | Lack {
  const room = quotaRoom(pool, ledger.count(pool, service.namespace));
  const family = familyOf(first) === "ipv4" ? "ipv6" : "ipv4";
  return ledger.firstUsable(pool, family, { claimant: service, mayGrow: room > 0 });
}

/** The pool as one that did not serve; empty if it lacks nothing. Of two families that it lacks the first counts. */
export function refusedFor({ name }: PoolInput, [lack]: readonly Lack[]): RefusedPool[] {
  return lack ? [{ pool: name, ...lack }] : [];
}
