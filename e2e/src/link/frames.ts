import { arpRequest, encodeArp } from "@heraldlb/arp";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { encodeNdpPacket, neighborSolicitation, unsolicitedAdvertisement } from "@heraldlb/ndp";
import { BROADCAST_MAC, type Ipv4, type Ipv6, type Mac, multicastMac, solicitedNodeMulticast } from "@heraldlb/net";

/** Bytes as the driver's lines carry them. */
export const toHex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

/** The reverse of {@link toHex}. */
export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const IPV6_HOP_LIMIT_OFFSET = 21;
const ICMPV6_TYPE_OFFSET = 54;
const ROUTER_ADVERTISEMENT = 134;
// Not the interface's own: what comes from there is this host's.
const STRANGER = "02:4c:00:00:00:99" as Mac;
const SENDER = { mac: STRANGER, ip: "192.0.2.9" as Ipv4 };
const TARGET = "2001:db8::7" as Ipv6;

/** A request for an address that nobody has; `n` tells requests apart. */
export function arpFrame(n: number, destination: Mac = BROADCAST_MAC): string {
  const payload = encodeArp(arpRequest(SENDER, `192.0.2.${100 + n}` as Ipv4));
  return toHex(encodeEthernet({ destination, source: STRANGER, etherType: ETHER_TYPE.arp, payload }));
}

/** The same with the tag of VLAN 7. */
export function taggedArpFrame(n: number): string {
  const payload = encodeArp(arpRequest(SENDER, `192.0.2.${100 + n}` as Ipv4));
  const vlan = { id: 7, priority: 0, dropEligible: false };
  return toHex(
    encodeEthernet({ destination: BROADCAST_MAC, source: STRANGER, vlan, etherType: ETHER_TYPE.arp, payload }),
  );
}

/** A Neighbor Solicitation, to the group of the address that it asks for. */
export function solicitationFrame(): string {
  const packet = neighborSolicitation({ mac: STRANGER, source: "fe80::99" as Ipv6 }, TARGET);
  const destination = multicastMac(solicitedNodeMulticast(TARGET));
  const payload = encodeNdpPacket(packet);
  return toHex(encodeEthernet({ destination, source: STRANGER, etherType: ETHER_TYPE.ipv6, payload }));
}

/** A Neighbor Advertisement to all nodes. */
export function advertisementFrame(): string {
  const payload = encodeNdpPacket(unsolicitedAdvertisement({ mac: STRANGER, source: "fe80::99" as Ipv6 }, TARGET));
  const destination = "33:33:00:00:00:01" as Mac;
  return toHex(encodeEthernet({ destination, source: STRANGER, etherType: ETHER_TYPE.ipv6, payload }));
}

/** A solicitation that came through a router, which is not valid. */
export const routedSolicitationFrame = (): string =>
  toHex(fromHex(solicitationFrame()).with(IPV6_HOP_LIMIT_OFFSET, 254));

/** Something of ICMPv6 that is not neighbour discovery between hosts. */
export const routerAdvertisementFrame = (): string =>
  toHex(fromHex(solicitationFrame()).with(ICMPV6_TYPE_OFFSET, ROUTER_ADVERTISEMENT));

/** IPv4 for nobody. */
export const ipv4Frame = (): string =>
  toHex(
    encodeEthernet({
      destination: BROADCAST_MAC,
      source: STRANGER,
      etherType: ETHER_TYPE.ipv4,
      payload: new Uint8Array(46),
    }),
  );
