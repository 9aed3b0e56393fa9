import { familiesOf } from "./aggregation.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { Claimant, Contradiction } from "./contradiction.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { localPrefsConflict } from "./local-preference.ts";
import type { NodeIndex } from "./node-index.ts";
import { reachedPools } from "./reach.ts";

/** Who is there, in the order of right. */
export interface PreferenceWorld<Key> {
  readonly advertisements: readonly (readonly [Key, Claimant])[];
  readonly pools: readonly IpAddressPool[];
  readonly nodes: NodeIndex;
}

/**
 * Advertisements that give routes another local preference than one before them gives the same routes. Those for some
 * Services only are left out, since it depends on the Service.
 */
export function preferenceConflicts<Key>({
  advertisements,
  pools,
  nodes,
}: PreferenceWorld<Key>): ReadonlyMap<Key, Contradiction> {
  const found = new Map<Key, Contradiction>();
  const byName = new Map(pools.map((pool) => [pool.metadata.name, pool]));
  const granted = new Map<IpAddressPool, BgpAdvertisement[]>();
  for (const [key, { resource, isIncumbent }] of advertisements) {
    if (resource.kind !== "BGPAdvertisement" || resource.spec.serviceSelectors.length > 0) continue;
    const reached = reachedPools(resource, byName);
    const rival = firstRival(resource, reached, { granted, nodes });
    if (rival) found.set(key, { problem: preferenceProblem(resource, rival), isBorne: isIncumbent });
    if (rival && !isIncumbent) continue;
    for (const pool of reached) enter(granted, pool, resource);
  }
  return found;
}

interface Rival {
  readonly advertisement: BgpAdvertisement;
  readonly pool: IpAddressPool;
}

interface Granted {
  /** Who advertises each pool, in the order of right. */
  readonly granted: ReadonlyMap<IpAddressPool, readonly BgpAdvertisement[]>;
  readonly nodes: NodeIndex;
}

function firstRival(
  advertisement: BgpAdvertisement,
  reached: readonly IpAddressPool[],
  { granted, nodes }: Granted,
): Rival | undefined {
  for (const pool of reached) {
    const families = familiesOf(pool);
    const rival = granted.get(pool)?.find((other) => localPrefsConflict(advertisement, other, { families, nodes }));
    if (rival) return { advertisement: rival, pool };
  }
  return undefined;
}

function enter(granted: Map<IpAddressPool, BgpAdvertisement[]>, pool: IpAddressPool, one: BgpAdvertisement): void {
  const others = granted.get(pool);
  if (others) others.push(one);
  else granted.set(pool, [one]);
}

function preferenceProblem({ spec }: BgpAdvertisement, { advertisement, pool }: Rival): Contradiction["problem"] {
  const words = `invalid local preference ${spec.localPref}: local preferernce ${advertisement.spec.localPref} was already set for the same type of BGP update. Check existing BGP advertisements with common pools and aggregation lengths`;
  const message = `${words}; BGPAdvertisement "${advertisement.metadata.name}" set it for pool "${pool.metadata.name}"`;
  return { path: "spec.localPref", message, code: "conflict" };
}
