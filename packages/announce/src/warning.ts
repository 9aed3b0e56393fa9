import type { AnnouncedService, Layer2Plan, WithdrawReason } from "./layer2.ts";

type Warning = NonNullable<Layer2Plan["warning"]>;

/** Why nobody announces a Service, for its owner. `reason` is the one that holds on every node. */
export function warningOf(
  { key, pool }: AnnouncedService,
  reason: WithdrawReason | undefined,
  withheld: Layer2Plan["withheld"],
): Warning {
  const why = reason ?? commonReason(withheld);
  return { reason: why, message: `no node may announce ${JSON.stringify(key)}: ${WORDS[why](pool)}` };
}

/** What most nodes lack; the first of equals. */
function commonReason(withheld: Layer2Plan["withheld"]): Warning["reason"] {
  const groups = Array.from(Map.groupBy(withheld, (node) => node.reason));
  const [most] = groups.toSorted(([, a], [, b]) => b.length - a.length);
  return most?.[0] ?? "noNodes";
}

const WORDS: Readonly<Record<Warning["reason"], (pool: string) => string>> = {
  notOwner: () => "no endpoint can serve",
  noMatchingAdvertisement: (pool) => `no L2Advertisement reaches it from pool ${JSON.stringify(pool)} on any node`,
  sharedIPWithServiceSelector: () =>
    "it asks for a shared address, which an L2Advertisement with serviceSelectors cannot announce",
  nodeNetworkUnavailable: () => "the network of the selected nodes is unavailable",
  nodeLabeledExcludeBalancers: () => "the selected nodes are labelled to be excluded from load balancing",
  noLocalEndpoint: () => "externalTrafficPolicy is Local, and no selected node has an endpoint that can serve",
  noNodes: () => "there are no nodes",
};
