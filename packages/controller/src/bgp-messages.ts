import {
  type BfdProfile as ApiBfdProfile,
  type BgpPeer as ApiBgpPeer,
  type BgpRoute as ApiBgpRoute,
  type BgpService as ApiBgpService,
  DynamicAsn,
} from "@heraldlb/api";
import type { BfdDefinition, PeerDefinition, RouteDefinition, ServiceDefinition } from "./bgp-definition.ts";

const DYNAMIC = { internal: DynamicAsn.INTERNAL, external: DynamicAsn.EXTERNAL } as const;

/** A router as the stream carries it. */
export function apiBgpPeer(peer: PeerDefinition): ApiBgpPeer {
  const { peerAsn, bfd } = peer;
  const isKnown = typeof peerAsn === "number";
  return {
    name: peer.id,
    address: peer.address ?? "",
    interface: peer.interface,
    port: peer.port,
    asn: peer.asn,
    peerAsn: isKnown ? peerAsn : 0,
    dynamicAsn: isKnown ? DynamicAsn.UNSPECIFIED : DYNAMIC[peerAsn],
    sourceAddress: peer.sourceAddress ?? "",
    routerId: peer.routerId,
    holdSeconds: peer.holdSeconds,
    keepaliveSeconds: peer.keepaliveSeconds,
    connectRetrySeconds: peer.connectRetrySeconds,
    password: peer.password,
    vrf: peer.vrf,
    multiHop: peer.isMultiHop,
    ttlSecurityHops: peer.ttlSecurityHops,
    dualStack: peer.isDualStack,
    gracefulRestart: peer.hasGracefulRestart,
    addPath: peer.hasAddPath,
    gracefulShutdownMs: peer.gracefulShutdownMs,
    bfd: bfd && apiBfdProfile(bfd),
  };
}

function apiBfdProfile({ isPassive, ...profile }: BfdDefinition): ApiBfdProfile {
  return { ...profile, passive: isPassive };
}

/** A route as the stream carries it. */
export function apiBgpRoute({ type: _, largeCommunities, ...route }: RouteDefinition): ApiBgpRoute {
  return {
    ...route,
    largeCommunities: largeCommunities.map(([globalAdministrator, localData1, localData2]) => {
      return { globalAdministrator, localData1, localData2 };
    }),
  };
}

/** A Service that routes are for, as the stream carries it. */
export const apiBgpService = ({ id, addresses, routes }: ServiceDefinition): ApiBgpService => ({
  name: id,
  ...{ addresses, routes },
});
