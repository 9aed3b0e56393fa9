import type { BgpPlan, BgpService, BgpWithdrawReason } from "./bgp.ts";

type Warning = NonNullable<BgpPlan["warning"]>;

// A node that no advertisement selects lacks nothing, as long as there are others.
const UNREACHED: ReadonlySet<BgpWithdrawReason> = new Set(["notOwner", "noMatchingAdvertisement"]);

/** Why no node announces routes for a Service, for its owner: what most of the nodes lack that it reaches. */
export function bgpWarningOf({ key, pool }: BgpService, withheld: BgpPlan["withheld"]): Warning {
  const reached = withheld.filter(({ reason }) => !UNREACHED.has(reason));
  const groups = Array.from(Map.groupBy(reached, ({ reason }) => reason));
  const [most] = groups.toSorted(([, a], [, b]) => b.length - a.length);
  const reason = most?.[0] ?? (withheld.length > 0 ? "noMatchingAdvertisement" : "noNodes");
  return { reason, message: `no node may announce ${JSON.stringify(key)} by BGP: ${WORDS[reason](pool)}` };
}

const unreached = (pool: string): string =>
  `no BGPAdvertisement reaches it from pool ${JSON.stringify(pool)} on any node`;

const WORDS: Readonly<Record<Warning["reason"], (pool: string) => string>> = {
  notOwner: unreached,
  noMatchingAdvertisement: unreached,
  nodeNetworkUnavailable: () => "the network of the selected nodes is unavailable",
  nodeLabeledExcludeBalancers: () => "the selected nodes are labelled to be excluded from load balancing",
  noLocalEndpoints: () => "externalTrafficPolicy is Local, and no selected node has an endpoint that can serve",
  noEndpoints: () => "no endpoint can serve",
  noNodes: () => "there are no nodes",
};
