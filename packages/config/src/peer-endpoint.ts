import { parseUnmappedIp } from "@heraldlb/net";
import type { BgpPeer } from "./bgp-peer.ts";

/** What a session goes to: two peers of one node must not have the same. */
export function endpointKey({ spec }: BgpPeer): string {
  const { peerAddress, interface: name, peerPort, vrf } = spec;
  return JSON.stringify([parseUnmappedIp(peerAddress) ?? peerAddress, name, peerPort, vrf]);
}

/** A peer as MetalLB's messages name it. */
export function endpointText({ spec: { peerAddress, interface: name, vrf } }: BgpPeer): string {
  return `${peerAddress || name}${vrf ? `-${vrf}` : ""}`;
}
