import { familiesOf } from "./aggregation.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { Claimant, Contradiction } from "./contradiction.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { localPrefsConflict } from "./local-preference.ts";
import type { KnownNodes } from "./node-overlap.ts";
import { reachesPool } from "./reach.ts";

/** Who is there, in the order of right. */
export interface PreferenceWorld<Key> {
  readonly advertisements: readonly (readonly [Key, Claimant])[];
  readonly pools: readonly IpAddressPool[];
  readonly nodes: KnownNodes;
}

/** Advertisements that give routes another local preference than one before them gives the same routes. */
export function preferenceConflicts<Key>({
  advertisements,
  pools,
  nodes,
}: PreferenceWorld<Key>): ReadonlyMap<Key, Contradiction> {
  const found = new Map<Key, Contradiction>();
  const granted: BgpAdvertisement[] = [];
  for (const [key, { resource, isIncumbent }] of advertisements) {
    if (resource.kind !== "BGPAdvertisement" || resource.spec.serviceSelectors.length > 0) continue;
    const rival = firstRival(resource, granted, { pools, nodes });
    if (rival) found.set(key, { problem: preferenceProblem(resource, rival), isBorne: isIncumbent });
    if (!rival || isIncumbent) granted.push(resource);
  }
  return found;
}

interface Rival {
  readonly advertisement: BgpAdvertisement;
  readonly pool: IpAddressPool;
}

function firstRival(
  advertisement: BgpAdvertisement,
  granted: readonly BgpAdvertisement[],
  { pools, nodes }: Pick<PreferenceWorld<never>, "pools" | "nodes">,
): Rival | undefined {
  const others = granted.filter(({ spec }) => spec.localPref !== advertisement.spec.localPref);
  if (others.length === 0) return undefined;
  for (const pool of pools.filter((each) => reachesPool(advertisement, each))) {
    const families = familiesOf(pool);
    const rival = others.find(
      (other) => reachesPool(other, pool) && localPrefsConflict(advertisement, other, { families, nodes }),
    );
    if (rival) return { advertisement: rival, pool };
  }
  return undefined;
}

function preferenceProblem({ spec }: BgpAdvertisement, { advertisement, pool }: Rival): Contradiction["problem"] {
  const words = `invalid local preference ${spec.localPref}: local preferernce ${advertisement.spec.localPref} was already set for the same type of BGP update. Check existing BGP advertisements with common pools and aggregation lengths`;
  const message = `${words}; BGPAdvertisement "${advertisement.metadata.name}" set it for pool "${pool.metadata.name}"`;
  return { path: "spec.localPref", message, code: "conflict" };
}
