import { isLinkLocal, isMulticast, isUnspecified } from "@heraldlb/net";
import type { NdpMessage } from "./message.ts";
import type { NdpPacket } from "./packet.ts";

const SOLICITED_NODE = /^ff02::1:ff[0-9a-f]{2}:[0-9a-f]+$/;

/** The rule of RFC 4861 section 6.1 or 7.1 that the packet breaks, if any. */
export function violation(packet: NdpPacket): string | undefined {
  const { source, destination, message } = packet;
  if (isMulticast(source)) return `source ${source} is a multicast address`;
  switch (message.type) {
    case "neighborSolicitation":
      if (isMulticast(message.target)) return `target ${message.target} is a multicast address`;
      if (!isUnspecified(source)) return undefined;
      if (!SOLICITED_NODE.test(destination)) return `unspecified source, but sent to ${destination}`;
      return hasSource(message) ? "unspecified source with a link-layer address" : undefined;
    case "neighborAdvertisement":
      if (isMulticast(message.target)) return `target ${message.target} is a multicast address`;
      if (isMulticast(destination) && message.solicited) return `solicited, but sent to ${destination}`;
      return undefined;
    case "routerSolicitation":
      return isUnspecified(source) && hasSource(message) ? "unspecified source with a link-layer address" : undefined;
    case "routerAdvertisement":
      return isLinkLocal(source) ? undefined : `source ${source} is not link-local`;
  }
}

function hasSource(message: NdpMessage): boolean {
  return message.options.some(({ type }) => type === "sourceLinkLayer");
}
