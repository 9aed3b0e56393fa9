import { familiesOf } from "./aggregation.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import { communityOf, type Surroundings } from "./census.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import { unmatchedNodeSelectors } from "./node-selectors.ts";
import { missingReference, unmatchedSelector } from "./notice.ts";
import type { Problem } from "./problem.ts";
import { reachesPeer, reachesPool, selects } from "./reach.ts";

/** Warnings about what an advertisement refers to. */
export function advertisementWarnings(
  advertisement: L2Advertisement | BgpAdvertisement,
  census: Surroundings,
): Problem[] {
  const { ipAddressPools, ipAddressPoolSelectors, nodeSelectors } = advertisement.spec;
  return [
    ...ipAddressPools.flatMap((name, i) => {
      if (census.pools.has(name)) return [];
      return [missingReference(["ipAddressPools", i], `no pool "${name}" is in force; the name has no effect`)];
    }),
    ...ipAddressPoolSelectors.flatMap((selector, i) => {
      if (census.pools.values().some(({ resource }) => selects([selector], resource.metadata.labels))) return [];
      return [unmatchedSelector(["ipAddressPoolSelectors", i], "pool in force")];
    }),
    ...unmatchedNodeSelectors(
      nodeSelectors.map((selector, i) => [["nodeSelectors", i], selector]),
      census.nodes,
    ),
    ...(advertisement.kind === "L2Advertisement"
      ? preferenceWarnings(advertisement, census)
      : bgpWarnings(advertisement, census)),
  ];
}

function preferenceWarnings({ spec }: L2Advertisement, { nodes }: Surroundings): Problem[] {
  return unmatchedNodeSelectors(
    spec.preferredNodeSelectors.map(({ preference }, i) => [["preferredNodeSelectors", i, "preference"], preference]),
    nodes,
  );
}

function bgpWarnings(advertisement: BgpAdvertisement, census: Surroundings): Problem[] {
  const { peers, communities } = advertisement.spec;
  return [
    ...peers.flatMap((name, i) => {
      if (census.peers.has(name)) return [];
      return [missingReference(["peers", i], `no BGPPeer "${name}" is in force; the name has no effect`)];
    }),
    ...communities.flatMap((text, i) => {
      const community = communityOf(text, census);
      if (!("error" in community)) return [];
      const words = `invalid community "${text}" in BGP advertisement: ${community.error}`;
      const message = `${words}; no Community in force defines this name, so it has no effect`;
      return [missingReference(["communities", i], message)];
    }),
    ...echoWarnings(advertisement, census),
  ];
}

/** MetalLB refuses it. Here nothing keeps it from working. */
function echoWarnings(advertisement: BgpAdvertisement, { pools, peers, profiles }: Surroundings): Problem[] {
  const echoing = new Set(
    profiles.values().flatMap(({ resource: { metadata, spec } }) => (spec.echoMode ? [metadata.name] : [])),
  );
  if (echoing.size === 0) return [];
  const peer = peers.values().find(({ resource: { metadata, spec } }) => {
    return echoing.has(spec.bfdProfile) && reachesPeer(advertisement, metadata.name);
  });
  const pool = pools.values().find(({ resource }) => {
    return reachesPool(advertisement, resource) && familiesOf(resource).includes("ipv6");
  });
  if (!peer || !pool) return [];
  const [poolName, peerName] = [pool.resource.metadata.name, peer.resource.metadata.name];
  const words = `pool ${poolName} has bgpadvertisement ${advertisement.metadata.name} which references peer ${peerName} which has bfd echo enabled, which is not possible`;
  return [{ path: "spec", message: `${words}; Herald can, MetalLB would refuse these manifests`, code: "notPortable" }];
}
