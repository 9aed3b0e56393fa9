import { arpProbe, encodeArp, gratuitousReply, gratuitousRequest } from "@heraldlb/arp";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { encodeNdpPacket, type NdpPacket, neighborProbe, unsolicitedAdvertisement } from "@heraldlb/ndp";
import { BROADCAST_MAC, type Ip, type Ipv4, type Ipv6, isIpv4, type Mac, multicastMac } from "@heraldlb/net";
import type { ServedAddress } from "./address-table.ts";

/** The interface that speaks. */
export interface Announcer {
  readonly mac: Mac;
  /** Without a link-local address nothing is said about IPv6 addresses. */
  readonly linkLocal: Ipv6 | undefined;
}

// Offsets in a frame: RFC 826's addresses behind an Ethernet header.
const SENDER_IP = 28;
const TARGET_IP = 38;

/** The two gratuitous ARP forms for any address of one interface; what a call returns is overwritten by the next. */
export type GratuitousArp = (words: ServedAddress["words"]) => readonly [Uint8Array, Uint8Array];

/** Makes the gratuitous ARP forms of an interface, encoded once and patched for each address. */
export function gratuitousArp(mac: Mac): GratuitousArp {
  const [request, reply] = gratuitousFrames({ mac, linkLocal: undefined }, "0.0.0.0" as Ipv4) as [
    Uint8Array,
    Uint8Array,
  ];
  const views = [request, reply].map(({ buffer, byteOffset }) => new DataView(buffer, byteOffset));
  return ([word = 0]) => {
    for (const view of views) {
      view.setInt32(SENDER_IP, word);
      view.setInt32(TARGET_IP, word);
    }
    return [request, reply];
  };
}

/** The frames of one gratuitous round: both ARP forms, or one unsolicited advertisement. */
export function gratuitousFrames({ mac, linkLocal }: Announcer, address: Ip): Uint8Array[] {
  if (isIpv4(address)) {
    return [gratuitousRequest(mac, address), gratuitousReply(mac, address)].map((packet) =>
      arpFrame(mac, BROADCAST_MAC, encodeArp(packet)),
    );
  }
  if (!linkLocal) return [];
  const packet = unsolicitedAdvertisement({ mac, source: linkLocal }, address);
  return [ndpFrame(mac, multicastMac(packet.destination), packet)];
}

/** Asks whether anybody has the address, without claiming it; asks one host only if `to` is given. */
export function probeFrame({ mac, linkLocal }: Announcer, address: Ip, to: Mac | undefined): Uint8Array | undefined {
  if (isIpv4(address)) return arpFrame(mac, to ?? BROADCAST_MAC, encodeArp(arpProbe(mac, address)));
  if (!linkLocal) return undefined;
  const packet = neighborProbe(address);
  return ndpFrame(mac, to ?? multicastMac(packet.destination), packet);
}

const arpFrame = (source: Mac, destination: Mac, payload: Uint8Array): Uint8Array =>
  encodeEthernet({ destination, source, etherType: ETHER_TYPE.arp, payload });

const ndpFrame = (source: Mac, destination: Mac, packet: NdpPacket): Uint8Array =>
  encodeEthernet({ destination, source, etherType: ETHER_TYPE.ipv6, payload: encodeNdpPacket(packet) });
