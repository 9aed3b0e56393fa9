import type { Labels } from "@heraldlb/labels";
import type { BfdProfile } from "./bfd-profile.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { BgpPeer } from "./bgp-peer.ts";
import { type BgpTimers, bgpTimers } from "./bgp-timers.ts";
import { type Census, communityOf, takeCensus } from "./census.ts";
import { type CommunityValue, formatCommunity } from "./community-value.ts";
import type { InForce } from "./configuration.ts";
import { heraldSetting } from "./herald-annotation.ts";
import { compareSeniority } from "./origin.ts";
import { endpointKey } from "./peer-endpoint.ts";
import { referredPassword } from "./peer-references.ts";
import { selects } from "./reach.ts";

/** A BGPPeer in force, with what it refers to. */
export interface ResolvedPeer {
  readonly peer: BgpPeer;
  /** Undefined: no BFD, or no such profile is in force. */
  readonly profile: BfdProfile | undefined;
  readonly password: PeerPassword;
  readonly timers: BgpTimers;
  /** `heraldlb.io/graceful-shutdown`, in milliseconds; undefined: routes are withdrawn at once. */
  readonly gracefulShutdownMs: number | undefined;
  /** `heraldlb.io/add-path`. */
  readonly addPath: boolean;
  /** `heraldlb.io/gtsm`: how many hops away the peer is at most; undefined: this is not checked. */
  readonly gtsmHops: number | undefined;
}

/** The password of a session. It must never be shown. */
export type PeerPassword =
  | { readonly type: "none" }
  | { readonly type: "known"; readonly text: string }
  /** The Secret is missing, or of no use: no session may be opened. */
  | { readonly type: "missing" };

/** A BGPAdvertisement in force, with what it refers to. */
export interface ResolvedAdvertisement {
  readonly advertisement: BgpAdvertisement;
  /** Without those whose name nothing defines; each once, in the listed order. */
  readonly communities: readonly CommunityValue[];
  /** `heraldlb.io/med`; undefined: the default. */
  readonly med: number | undefined;
  /** `heraldlb.io/as-path-prepend`. */
  readonly asPathPrepend: number;
  /** `heraldlb.io/link-bandwidth`. */
  readonly linkBandwidth: boolean;
}

/** What is in force of BGP, senior objects first: where two meet that contradict each other, the first one counts. */
export interface ResolvedBgp {
  readonly peers: readonly ResolvedPeer[];
  readonly advertisements: readonly ResolvedAdvertisement[];
}

/** Resolves what peers and BGP advertisements refer to. Objects of other kinds in `inForce` only take time. */
export function resolveBgp(inForce: Iterable<InForce>): ResolvedBgp {
  const census = takeCensus(inForce);
  return {
    peers: [...census.peers.values()].toSorted(compareSeniority).map(({ resource }) => resolvePeer(resource, census)),
    advertisements: census.advertisements.toSorted(compareSeniority).flatMap(({ resource }) => {
      return resource.kind === "BGPAdvertisement" ? [resolveAdvertisement(resource, census)] : [];
    }),
  };
}

/** The peers of the node with these labels: no two of them have one address (or interface), port and VRF. */
export function peersOfNode(peers: readonly ResolvedPeer[], labels: Labels): readonly ResolvedPeer[] {
  const taken = new Set<string>();
  return peers.filter(({ peer }) => {
    if (!selects(peer.spec.nodeSelectors, labels)) return false;
    const key = endpointKey(peer);
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  });
}

function resolvePeer(peer: BgpPeer, census: Census): ResolvedPeer {
  const { metadata, spec } = peer;
  return {
    peer,
    profile: census.profiles.get(spec.bfdProfile)?.resource,
    password: passwordOf(peer, census),
    timers: bgpTimers(peer),
    gracefulShutdownMs: heraldSetting(metadata.annotations, "heraldlb.io/graceful-shutdown"),
    addPath: heraldSetting(metadata.annotations, "heraldlb.io/add-path") ?? false,
    gtsmHops: heraldSetting(metadata.annotations, "heraldlb.io/gtsm"),
  };
}

function passwordOf(peer: BgpPeer, { secrets }: Census): PeerPassword {
  const { password, passwordSecret } = peer.spec;
  if (!passwordSecret?.name) return password === "" ? { type: "none" } : { type: "known", text: password };
  const read = referredPassword(peer, secrets);
  return read && "password" in read ? { type: "known", text: read.password } : { type: "missing" };
}

function resolveAdvertisement(advertisement: BgpAdvertisement, census: Census): ResolvedAdvertisement {
  const { metadata, spec } = advertisement;
  const communities = spec.communities.flatMap((text): CommunityValue[] => {
    const community = communityOf(text, census);
    return "error" in community ? [] : [community];
  });
  return {
    advertisement,
    communities: distinct(communities),
    med: heraldSetting(metadata.annotations, "heraldlb.io/med"),
    asPathPrepend: heraldSetting(metadata.annotations, "heraldlb.io/as-path-prepend") ?? 0,
    linkBandwidth: heraldSetting(metadata.annotations, "heraldlb.io/link-bandwidth") ?? false,
  };
}

function distinct(communities: readonly CommunityValue[]): readonly CommunityValue[] {
  return [...new Map(communities.map((community) => [formatCommunity(community), community])).values()];
}
