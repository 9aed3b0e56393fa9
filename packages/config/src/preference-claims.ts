import { familiesOf } from "./aggregation.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { localPrefsConflict } from "./local-preference.ts";
import type { NodeIndex } from "./node-index.ts";
import type { Problem } from "./problem.ts";

/** Who gives routes of which pool a local preference. */
export class PreferenceClaims {
  readonly #nodes: NodeIndex;
  readonly #granted = new Map<IpAddressPool, BgpAdvertisement[]>();

  constructor(nodes: NodeIndex) {
    this.#nodes = nodes;
  }

  /**
   * That the advertisement gives routes of one of the pools another local preference than one before it gives the same
   * routes. One for some Services only never does, since it depends on the Service.
   */
  conflict(advertisement: BgpAdvertisement, pools: readonly IpAddressPool[]): Problem | undefined {
    if (advertisement.spec.serviceSelectors.length > 0) return undefined;
    for (const pool of pools) {
      const world = { families: familiesOf(pool), nodes: this.#nodes };
      const rival = this.#granted.get(pool)?.find((other) => localPrefsConflict(advertisement, other, world));
      if (rival) return conflictProblem(advertisement, rival, pool);
    }
    return undefined;
  }

  /** Lets the advertisement set the local preference for routes of the pools. */
  grant(advertisement: BgpAdvertisement, pools: readonly IpAddressPool[]): void {
    if (advertisement.spec.serviceSelectors.length > 0) return;
    for (const pool of pools) {
      const others = this.#granted.get(pool);
      if (others) others.push(advertisement);
      else this.#granted.set(pool, [advertisement]);
    }
  }
}

function conflictProblem({ spec }: BgpAdvertisement, rival: BgpAdvertisement, pool: IpAddressPool): Problem {
  const words = `invalid local preference ${spec.localPref}: local preferernce ${rival.spec.localPref} was already set for the same type of BGP update. Check existing BGP advertisements with common pools and aggregation lengths`;
  const message = `${words}; BGPAdvertisement "${rival.metadata.name}" set it for pool "${pool.metadata.name}"`;
  return { path: "spec.localPref", message, code: "conflict" };
}
