import { type Ipv6, isUnspecified, type Mac, solicitedNodeMulticast } from "@heraldlb/net";
import type {
  NeighborAdvertisement,
  NeighborSolicitation,
  RouterAdvertisement,
  RouterSolicitation,
} from "./message.ts";
import type { NdpPacket } from "./packet.ts";

/** The group of all nodes of a link (RFC 4291 section 2.7.1). */
export const ALL_NODES: Ipv6 = "ff02::1" as Ipv6;

/** The group of all routers of a link (RFC 4291 section 2.7.1). */
export const ALL_ROUTERS: Ipv6 = "ff02::2" as Ipv6;

const UNSPECIFIED = "::" as Ipv6;

/** The interface that speaks: its MAC, and the address it sends from. */
export interface NdpSender {
  readonly mac: Mac;
  readonly source: Ipv6;
}

/** Asks the address's solicited-node group for its MAC (RFC 4861 section 7.2.2). */
export function neighborSolicitation(sender: NdpSender, target: Ipv6): NdpPacket<NeighborSolicitation> {
  return {
    source: sender.source,
    destination: solicitedNodeMulticast(target),
    message: { type: "neighborSolicitation", target, options: [{ type: "sourceLinkLayer", mac: sender.mac }] },
  };
}

/** Asks whether anybody uses the address, from the unspecified one, as duplicate address detection does (RFC 4862). */
export function neighborProbe(target: Ipv6): NdpPacket<NeighborSolicitation> {
  return {
    source: UNSPECIFIED,
    destination: solicitedNodeMulticast(target),
    message: { type: "neighborSolicitation", target, options: [] },
  };
}

/**
 * Answers a solicitation: its target is at the sender's MAC. To the asker, solicited and without override as MetalLB
 * does; to all nodes, unsolicited and with override, if the asker has no address yet (RFC 4861 section 7.2.4).
 */
export function neighborReply(
  solicitation: NdpPacket<NeighborSolicitation>,
  { mac, source }: NdpSender,
): NdpPacket<NeighborAdvertisement> {
  const { target } = solicitation.message;
  if (isUnspecified(solicitation.source)) return unsolicitedAdvertisement({ mac, source }, target);
  return {
    source,
    destination: solicitation.source,
    message: {
      type: "neighborAdvertisement",
      target,
      router: false,
      solicited: true,
      override: false,
      options: [{ type: "targetLinkLayer", mac }],
    },
  };
}

/** Tells all nodes that the address is at the sender's MAC now (RFC 4861 section 7.2.6). */
export function unsolicitedAdvertisement({ mac, source }: NdpSender, target: Ipv6): NdpPacket<NeighborAdvertisement> {
  return {
    source,
    destination: ALL_NODES,
    message: {
      type: "neighborAdvertisement",
      target,
      router: false,
      solicited: false,
      override: true,
      options: [{ type: "targetLinkLayer", mac }],
    },
  };
}

/** Asks the link's routers to advertise themselves (RFC 4861 section 6.3.7). */
export function routerSolicitation({ mac, source }: NdpSender): NdpPacket<RouterSolicitation> {
  return {
    source,
    destination: ALL_ROUTERS,
    message: { type: "routerSolicitation", options: [{ type: "sourceLinkLayer", mac }] },
  };
}

/**
 * Says that the sender is there, as routers that peer over an interface want to hear, and nothing that a host would act
 * on: its lifetime of 0 makes it nobody's default router, and it names no prefix (RFC 4861 section 4.2).
 */
export function presenceAdvertisement({ mac, source }: NdpSender, destination: Ipv6): NdpPacket<RouterAdvertisement> {
  return {
    source,
    destination,
    message: {
      type: "routerAdvertisement",
      hopLimit: 0,
      managed: false,
      otherConfig: false,
      lifetimeSeconds: 0,
      reachableMs: 0,
      retransmitMs: 0,
      options: [{ type: "sourceLinkLayer", mac }],
    },
  };
}

/** Whether the packet is a solicitation from the unspecified address: its sender wants the target for itself. */
export function isNeighborProbe(packet: NdpPacket): packet is NdpPacket<NeighborSolicitation> {
  return packet.message.type === "neighborSolicitation" && isUnspecified(packet.source);
}
