import { ETHER_TYPE } from "@heraldlb/ethernet";
import { type BpfInstruction, ifAtLeast, ifEqual, loadByte, loadHalf, loadPacketType, ret } from "./bpf.ts";

/** Which frames a {@link FrameSocket} receives: one program per EtherType, and the same in pcap-filter(7)'s language. */
export interface FrameFilter {
  /** For the `pcap` backend. */
  readonly expression: string;
  /** For the `packet` backend, which opens one socket per EtherType so that other traffic never reaches a program. */
  readonly programs: readonly FilterProgram[];
}

/** What is kept of the frames of one EtherType. */
export interface FilterProgram {
  readonly etherType: number;
  /** Run on the whole frame, Ethernet header included; returns the number of bytes to keep. */
  readonly instructions: readonly BpfInstruction[];
}

const ETHER_TYPE_OFFSET = 12;
const IPV4_VERSION_OFFSET = 14;
const IPV4_NO_OPTIONS = 0x45;
const IPV4_PROTOCOL_OFFSET = 23;
const IPV4_UDP_PORT_OFFSET = 36;
const IPV6_NEXT_HEADER_OFFSET = 20;
const IPV6_HOP_LIMIT_OFFSET = 21;
const ICMPV6_TYPE_OFFSET = 54;
const IPV6_UDP_PORT_OFFSET = 56;
const UDP = 17;
const ICMPV6 = 58;
const ROUTER_SOLICITATION = 133;
const ROUTER_ADVERTISEMENT = 134;
const NEIGHBOR_SOLICITATION = 135;
const NEIGHBOR_ADVERTISEMENT = 136;
// From here on in linux/if_packet.h: other hosts' frames (also what had the tag of an unknown VLAN), and our own.
const PACKET_OTHERHOST = 3;
const WHOLE_FRAME = 0xffff;

/** Every ARP frame that is for this host or for all (RFC 826). */
export function arpFilter(): FrameFilter {
  return {
    expression: "arp",
    programs: [
      {
        etherType: ETHER_TYPE.arp,
        instructions: [
          loadPacketType(),
          ifAtLeast(PACKET_OTHERHOST, 3, 0),
          loadHalf(ETHER_TYPE_OFFSET),
          ifEqual(ETHER_TYPE.arp, 0, 1),
          ret(WHOLE_FRAME),
          ret(0),
        ],
      },
    ],
  };
}

/**
 * Neighbor Solicitations and Advertisements with hop limit 255, without extension headers (RFC 4861 section 7.1).
 *
 * Checksums are not looked at.
 */
export function ndpFilter(): FrameFilter {
  return discoveryFilter(NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT);
}

/** The same for Router Solicitations and Advertisements (RFC 4861 section 6.1). */
export function routerDiscoveryFilter(): FrameFilter {
  return discoveryFilter(ROUTER_SOLICITATION, ROUTER_ADVERTISEMENT);
}

function discoveryFilter(solicitation: number, advertisement: number): FrameFilter {
  return {
    expression: `icmp6 and ip6[7] = 255 and (ip6[40] = ${solicitation} or ip6[40] = ${advertisement})`,
    programs: [
      {
        etherType: ETHER_TYPE.ipv6,
        instructions: [
          loadPacketType(),
          ifAtLeast(PACKET_OTHERHOST, 10, 0),
          loadHalf(ETHER_TYPE_OFFSET),
          ifEqual(ETHER_TYPE.ipv6, 0, 8),
          loadByte(IPV6_NEXT_HEADER_OFFSET),
          ifEqual(ICMPV6, 0, 6),
          loadByte(IPV6_HOP_LIMIT_OFFSET),
          ifEqual(255, 0, 4),
          loadByte(ICMPV6_TYPE_OFFSET),
          ifEqual(solicitation, 1, 0),
          ifEqual(advertisement, 0, 1),
          ret(WHOLE_FRAME),
          ret(0),
        ],
      },
    ],
  };
}

/** UDP to one of these ports, over IPv4 without options or IPv6 without extension headers, for this host or for all. */
export function udpFilter(ports: readonly number[]): FrameFilter {
  return {
    expression: `udp and (${ports.map((port) => `dst port ${port}`).join(" or ")})`,
    programs: [
      udpProgram(
        ETHER_TYPE.ipv4,
        [loadByte(IPV4_VERSION_OFFSET), IPV4_NO_OPTIONS, loadByte(IPV4_PROTOCOL_OFFSET), UDP],
        {
          portOffset: IPV4_UDP_PORT_OFFSET,
          ports,
        },
      ),
      udpProgram(ETHER_TYPE.ipv6, [loadByte(IPV6_NEXT_HEADER_OFFSET), UDP], {
        portOffset: IPV6_UDP_PORT_OFFSET,
        ports,
      }),
    ],
  };
}

/** `checks` are loads, each followed by what must be loaded. */
function udpProgram(
  etherType: number,
  checks: readonly (BpfInstruction | number)[],
  { portOffset, ports }: { readonly portOffset: number; readonly ports: readonly number[] },
): FilterProgram {
  // The last two instructions drop and accept.
  const drop = 2 + 2 + checks.length + 1 + ports.length;
  const toDrop = (from: number) => drop - from - 1;
  const instructions = [
    loadPacketType(),
    ifAtLeast(PACKET_OTHERHOST, toDrop(1), 0),
    loadHalf(ETHER_TYPE_OFFSET),
    ifEqual(etherType, 0, toDrop(3)),
    ...checks.map((check, i) => (typeof check === "number" ? ifEqual(check, 0, toDrop(4 + i)) : check)),
    loadHalf(portOffset),
    ...ports.map((port, i) => ifEqual(port, ports.length - i, 0)),
    ret(0),
    ret(WHOLE_FRAME),
  ];
  return { etherType, instructions };
}

/** What {@link arpFilter} or {@link ndpFilter} lets through. */
export function arpAndNdpFilter(): FrameFilter {
  const [arp, ndp] = [arpFilter(), ndpFilter()];
  return {
    expression: `(${arp.expression}) or (${ndp.expression})`,
    programs: [...arp.programs, ...ndp.programs],
  };
}
