import type { BfdProfile, ResolvedPeer } from "@heraldlb/config";
import { parseUnmappedIp } from "@heraldlb/net";
import type { BfdDefinition, PeerDefinition } from "./bgp-definition.ts";

// What FRR has unless it is told otherwise.
const HOLD_SECONDS = 180;
const KEEPALIVES_A_HOLD = 3;

/** A router as its nodes are told of it, with this password. */
export function peerDefinition(resolved: ResolvedPeer, password: string): PeerDefinition {
  const { peer, profile, timers, gracefulShutdownMs, addPath, gtsmHops } = resolved;
  const { metadata, spec } = peer;
  const holdSeconds = timers.hold ?? HOLD_SECONDS;
  return {
    type: "peer",
    id: metadata.name,
    address: parseUnmappedIp(spec.peerAddress),
    interface: spec.interface,
    port: spec.peerPort,
    asn: spec.localASN ?? spec.myASN,
    peerAsn: spec.dynamicASN ?? spec.peerASN,
    sourceAddress: parseUnmappedIp(spec.sourceAddress),
    routerId: parseUnmappedIp(spec.routerID) ?? "",
    holdSeconds,
    keepaliveSeconds: Math.floor(timers.keepalive ?? holdSeconds / KEEPALIVES_A_HOLD),
    connectRetrySeconds: timers.connect ?? 0,
    password,
    vrf: spec.vrf,
    isMultiHop: spec.ebgpMultiHop,
    ttlSecurityHops: gtsmHops ?? 0,
    isDualStack: spec.dualStackAddressFamily || spec.interface !== "",
    hasGracefulRestart: spec.enableGracefulRestart ?? false,
    hasAddPath: addPath,
    gracefulShutdownMs: gracefulShutdownMs ?? 0,
    bfd: profile && bfdDefinition(profile),
  };
}

function bfdDefinition({ spec }: BfdProfile): BfdDefinition {
  return {
    receiveIntervalMs: spec.receiveInterval,
    transmitIntervalMs: spec.transmitInterval,
    detectMultiplier: spec.detectMultiplier,
    echoIntervalMs: spec.echoMode ? spec.echoInterval : 0,
    isPassive: spec.passiveMode,
    minimumTtl: spec.minimumTtl,
  };
}
