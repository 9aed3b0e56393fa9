import { type BgpAdvertisement, type BgpService, type BgpWorld, canServe, type Endpoint } from "@heraldlb/announce";
import {
  formatCommunity,
  type InForce,
  type ResolvedAdvertisement,
  readResource,
  resolveBgp,
  toSelector,
} from "@heraldlb/config";
import type { Holding } from "@heraldlb/ipam";
import type { World } from "./world.ts";

type Community = ResolvedAdvertisement["communities"][number];

const IPV4_BITS = 32;
const IPV6_BITS = 128;

/** What decides about nodes, as BGP sees it. */
export function bgpWorld(
  world: World,
  advertisements: readonly ResolvedAdvertisement[],
  ignoreExcludeLabel: boolean,
): BgpWorld {
  return {
    advertisements: advertisements.map(bgpAdvertisement),
    pools: world.announcedPools,
    nodes: world.nodes(),
    ignoreExcludeLabel,
  };
}

// What it was made of, to be stored with what it announced last.
const sources = new WeakMap<BgpAdvertisement, ResolvedAdvertisement>();

function bgpAdvertisement(resolved: ResolvedAdvertisement): BgpAdvertisement {
  const { metadata, spec } = resolved.advertisement;
  const advertisement = {
    name: metadata.name,
    pools: spec.ipAddressPools,
    poolSelectors: spec.ipAddressPoolSelectors.map(toSelector),
    nodeSelectors: spec.nodeSelectors.map(toSelector),
    serviceSelectors: spec.serviceSelectors.map(toSelector),
    peers: spec.peers,
    aggregationLength: spec.aggregationLength ?? IPV4_BITS,
    aggregationLengthV6: spec.aggregationLengthV6 ?? IPV6_BITS,
    localPref: spec.localPref,
    communities: resolved.communities.map(communityText),
    med: resolved.med,
    prepend: resolved.asPathPrepend,
    linkBandwidth: resolved.linkBandwidth,
  };
  sources.set(advertisement, resolved);
  return advertisement;
}

/** Manifests of advertisements of a `bgpWorld`, which name no Community: it may go, too. */
export function bgpManifests(advertisements: readonly BgpAdvertisement[]): readonly unknown[] {
  return advertisements.flatMap((advertisement): unknown[] => {
    const source = sources.get(advertisement);
    if (!source) return [];
    const { apiVersion, kind, metadata, spec } = source.advertisement;
    const { name, namespace, annotations } = metadata;
    const communities = source.communities.map(formatCommunity);
    return [{ apiVersion, kind, metadata: { name, namespace, annotations }, spec: { ...spec, communities } }];
  });
}

/** The BGPAdvertisements among these manifests, as far as they are right. */
export function bgpAdvertisementsOf(manifests: readonly unknown[]): readonly BgpAdvertisement[] {
  const inForce = manifests.flatMap((manifest, position): InForce[] => {
    const outcome = readResource(manifest, { defaultNamespace: "default" });
    return outcome.type === "resource" ? [{ resource: outcome.resource, origin: { position }, outdated: false }] : [];
  });
  return resolveBgp(inForce).advertisements.map(bgpAdvertisement);
}

/** A Service with its addresses, as BGP sees it; undefined if it is not there. */
export function bgpService(world: World, key: string, { pool, addresses }: Holding): BgpService | undefined {
  const known = world.service(key);
  if (!known) return undefined;
  const { metadata, spec } = known.service;
  const { externalTrafficPolicy } = spec;
  return { key, labels: metadata.labels, pool, externalTrafficPolicy, endpoints: endpoints(world, key), addresses };
}

/** Endpoints, each once: an address that is ready in one slice and not in another is ready. */
function endpoints(world: World, service: string): readonly Endpoint[] {
  const known = new Map<string, Endpoint>();
  for (const slice of world.endpointSlices(service)) {
    for (const { addresses, nodeName: node, conditions } of slice.endpoints) {
      const [address] = addresses;
      if (address === undefined) continue;
      const { ready, serving } = conditions;
      const key = `${address} ${node}`;
      const before = known.get(key);
      if (!before || !canServe(before)) known.set(key, { node, ready, serving });
    }
  }
  return Array.from(known.values());
}

/** The texts by which announcing knows communities. */
export function communityText(community: Community): string {
  if (community.type === "large") return `large:${community.global}:${community.local1}:${community.local2}`;
  return `${community.value}`;
}

/** What `communityText` made texts of. */
export function communitiesOf(texts: readonly string[]): {
  readonly communities: readonly number[];
  readonly largeCommunities: readonly (readonly [number, number, number])[];
} {
  const large = texts.filter((text) => text.startsWith("large:"));
  return {
    communities: texts.filter((text) => !text.startsWith("large:")).map(Number),
    largeCommunities: large.map((text) => {
      const [, global = 0, local1 = 0, local2 = 0] = text.split(":").map(Number);
      return [global, local1, local2];
    }),
  };
}
