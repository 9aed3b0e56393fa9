import { allowsInterface } from "@heraldlb/election";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { ALL_NODES, encodeNdpPacket, unsolicitedAdvertisement } from "@heraldlb/ndp";
import { type Ipv6, ipToBytes, type Mac, macToBytes, multicastMac, ZERO_MAC } from "@heraldlb/net";
import type { AddressTable, ServedAddress } from "./address-table.ts";
import { copyBytes, ETHER_TYPE_OFFSET, ETHERNET_HEADER, isHostMac, sameBytes, u16 } from "./frame-bytes.ts";
import type { ResponderInterface, ResponderOutput, Verdict } from "./responder.ts";

// Offsets in a frame: RFC 8200 section 3 behind an Ethernet header, then RFC 4861 sections 4.3 and 4.4.
const VERSION = ETHERNET_HEADER;
const PAYLOAD_LENGTH = ETHERNET_HEADER + 4;
const NEXT_HEADER = ETHERNET_HEADER + 6;
const HOP_LIMIT = ETHERNET_HEADER + 7;
const SOURCE = ETHERNET_HEADER + 8;
const DESTINATION = ETHERNET_HEADER + 24;
const TYPE = ETHERNET_HEADER + 40;
const CODE = TYPE + 1;
const CHECKSUM = TYPE + 2;
const FLAGS = TYPE + 4;
const TARGET = TYPE + 8;
const OPTIONS = TYPE + 24;
const LENGTH = OPTIONS;

const ICMPV6 = 58;
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const SOURCE_LINK_LAYER = 1;
const TARGET_LINK_LAYER = 2;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;

const NONE = -1;

const ALL_NODES_BYTES = ipToBytes(ALL_NODES);
const ALL_NODES_MAC = macToBytes(multicastMac(ALL_NODES));
const SOLICITED_NODE_PREFIX = ipToBytes("ff02::1:ff00:0" as Ipv6);

/** The interface that an NDP responder answers on. */
export interface NdpInterface extends ResponderInterface {
  /** Its link-local address, from which answers to all nodes come. */
  readonly linkLocal: Ipv6;
}

/**
 * Makes the function that answers Neighbor Solicitations on one interface.
 *
 * RFC 4861 section 7.2.4, with the Override flag clear, as for an anycast address (section 7.2.7); a probe without a
 * source address is answered to all nodes, with Override set (RFC 4862 section 5.4). A solicitation without a source
 * link-layer option is answered to the frame's sender. Other answers come from the address that was asked for, as those
 * of Linux do: ndisc6, for one, does not take them from a link-local address. An answer allocates nothing; see `arpResponder`.
 */
export function ndpResponder(
  { name, mac, own, linkLocal }: NdpInterface,
  table: AddressTable,
  output: ResponderOutput,
): (frame: Uint8Array) => Verdict {
  const ownMac = macToBytes(mac);
  const linkLocalBytes = ipToBytes(linkLocal);
  const reply = replyTemplate(mac, linkLocal);

  function answer(frame: Uint8Array, entry: ServedAddress, macAt: number): void {
    const probe = isUnspecified(frame);
    if (probe) copyBytes(ALL_NODES_MAC, 0, reply, 0, 6);
    else copyBytes(frame, macAt, reply, 0, 6);
    if (probe) copyBytes(ALL_NODES_BYTES, 0, reply, DESTINATION, 16);
    else copyBytes(frame, SOURCE, reply, DESTINATION, 16);
    if (probe) copyBytes(linkLocalBytes, 0, reply, SOURCE, 16);
    else copyBytes(frame, TARGET, reply, SOURCE, 16);
    reply[FLAGS] = probe ? OVERRIDE : SOLICITED;
    copyBytes(frame, TARGET, reply, TARGET, 16);
    reply[CHECKSUM] = 0;
    reply[CHECKSUM + 1] = 0;
    const sum = ~icmpSum(reply, reply.length - TYPE) & 0xffff;
    reply[CHECKSUM] = sum >> 8;
    reply[CHECKSUM + 1] = sum & 0xff;
    if (output.send(reply)) entry.responses++;
  }

  function solicitation(frame: Uint8Array, length: number): Verdict {
    const option = linkLayerOption(frame, length, SOURCE_LINK_LAYER);
    const probe = isUnspecified(frame);
    if (probe && (option !== NONE || !toSolicitedNode(frame))) return "malformed";
    const macAt = option === NONE ? 6 : option;
    if (!isHostMac(frame, macAt)) return "malformed";
    if (!isMulticastFrame(frame) && !sameBytes(frame, 0, ownMac, 0, 6)) return "wrong-destination";
    const entry = table.findIpv6(frame, TARGET);
    if (!entry) return "not-announced";
    if (!allowsInterface(entry.interfaces, name)) return "wrong-interface";

    const answered = entry.mode === "all" || (entry.mode === "requests" && !probe);
    if (entry.mode !== "none") entry.requests++;
    if (answered) answer(frame, entry, macAt);
    if (probe && !own.has(frame, macAt)) output.probe(entry, frame, macAt);
    if (answered) return "answered";
    return entry.mode === "none" ? "not-announced" : "leaving";
  }

  function advertisement(frame: Uint8Array, length: number): Verdict {
    const option = linkLayerOption(frame, length, TARGET_LINK_LAYER);
    // RFC 4861 section 7.1.2: a multicast advertisement is never a solicited one.
    if (frame[DESTINATION] === 0xff && ((frame[FLAGS] as number) & SOLICITED) !== 0) return "malformed";
    const macAt = option === NONE ? 6 : option;
    if (!isHostMac(frame, macAt)) return "malformed";
    const entry = table.findIpv6(frame, TARGET);
    if (entry && allowsInterface(entry.interfaces, name) && !own.has(frame, macAt)) output.claim(entry, frame, macAt);
    return "reply-packet";
  }

  return (frame) => {
    const length = icmpLength(frame);
    if (length === NONE) return "malformed";
    return frame[TYPE] === SOLICITATION ? solicitation(frame, length) : advertisement(frame, length);
  };
}

/** Length of a valid NS or NA behind the IPv6 header (RFC 4861 sections 7.1.1 and 7.1.2), or NONE. */
function icmpLength(frame: Uint8Array): number {
  if (frame.length < LENGTH || u16(frame, ETHER_TYPE_OFFSET) !== ETHER_TYPE.ipv6) return NONE;
  if ((frame[VERSION] as number) >> 4 !== 6 || frame[NEXT_HEADER] !== ICMPV6 || frame[HOP_LIMIT] !== 255) return NONE;
  const length = u16(frame, PAYLOAD_LENGTH);
  if (length < LENGTH - TYPE || TYPE + length > frame.length) return NONE;
  if (frame[TYPE] !== SOLICITATION && frame[TYPE] !== ADVERTISEMENT) return NONE;
  if (frame[CODE] !== 0 || frame[TARGET] === 0xff) return NONE;
  if (!optionsFit(frame, length)) return NONE;
  return icmpSum(frame, length) === 0xffff ? length : NONE;
}

/** RFC 4861 section 7.1.1: all included options have a length greater than zero, and here none goes beyond the end. */
function optionsFit(frame: Uint8Array, length: number): boolean {
  const end = TYPE + length;
  let at = OPTIONS;
  while (at < end) {
    if (at + 2 > end || frame[at + 1] === 0) return false;
    at += (frame[at + 1] as number) * 8;
  }
  return at === end;
}

/** Where the MAC address of the first option of a type lies, or NONE. The options fit. */
function linkLayerOption(frame: Uint8Array, length: number, type: number): number {
  const end = TYPE + length;
  for (let at = OPTIONS; at < end; at += (frame[at + 1] as number) * 8) if (frame[at] === type) return at + 2;
  return NONE;
}

/** The folded sum over the pseudo-header (RFC 8200 section 8.1) and the ICMPv6 message: 0xffff if its checksum is right. */
function icmpSum(frame: Uint8Array, length: number): number {
  let sum = length + ICMPV6;
  const end = TYPE + length;
  // Source, destination and message follow one another.
  for (let at = SOURCE; at + 1 < end; at += 2) sum += u16(frame, at);
  if (length % 2 === 1) sum += (frame[end - 1] as number) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function isUnspecified(frame: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if (frame[SOURCE + i] !== 0) return false;
  return true;
}

const toSolicitedNode = (frame: Uint8Array): boolean => sameBytes(frame, DESTINATION, SOLICITED_NODE_PREFIX, 0, 13);

/** RFC 2464 section 7. */
const isMulticastFrame = (frame: Uint8Array): boolean => frame[0] === 0x33 && frame[1] === 0x33;

function replyTemplate(mac: Mac, linkLocal: Ipv6): Uint8Array {
  const payload = encodeNdpPacket(unsolicitedAdvertisement({ mac, source: linkLocal }, linkLocal));
  return encodeEthernet({ destination: ZERO_MAC, source: mac, etherType: ETHER_TYPE.ipv6, payload });
}
