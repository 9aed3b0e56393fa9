import {
  DecodeError,
  IPV6_LENGTH,
  type Ipv6,
  internetChecksum,
  ipToBytes,
  ipv6FromBytes,
  onesComplementSum,
  Reader,
  Writer,
} from "@heraldlb/net";
import { decodeMessage, encodeMessage, icmpTypeOf, type NdpMessage } from "./message.ts";
import { violation } from "./validity.ts";

/** A Neighbor Discovery message and the IPv6 addresses it travels between. */
export interface NdpPacket<M extends NdpMessage = NdpMessage> {
  readonly source: Ipv6;
  readonly destination: Ipv6;
  readonly message: M;
}

const IPV6_HEADER = 40;
const SOURCE_AT = 8;
const VERSION_6 = 0x6000_0000;
const PAYLOAD_LENGTH_AT = 4;
const CHECKSUM_AT = IPV6_HEADER + 2;
const NEXT_HEADER_ICMPV6 = 58;
// A router would have lowered it: 255 proves that the sender is on this link.
const HOP_LIMIT = 255;

/**
 * Decodes an IPv6 packet, the payload of an Ethernet frame; bytes after it are padding and ignored. What RFC 4861
 * sections 6.1 and 7.1 tell a receiver to discard is malformed; extension headers are unsupported.
 */
export function decodeNdpPacket(bytes: Uint8Array): NdpPacket {
  const r = new Reader(bytes);
  const version = r.u32() >>> 28;
  if (version !== 6) throw new DecodeError("malformed", `IP version ${version}`);
  const length = r.u16();
  const nextHeader = r.u8();
  if (nextHeader !== NEXT_HEADER_ICMPV6) throw new DecodeError("unsupported", `IPv6 next header ${nextHeader}`);
  const hopLimit = r.u8();
  if (hopLimit !== HOP_LIMIT) throw new DecodeError("malformed", `hop limit ${hopLimit}`);
  const source = ipv6FromBytes(r.bytes(IPV6_LENGTH));
  const destination = ipv6FromBytes(r.bytes(IPV6_LENGTH));
  const packet = { source, destination, message: decodeIcmp(r.sub(length)) };
  if (checksum(bytes, length) !== 0) throw new DecodeError("malformed", "wrong checksum");
  const rule = violation(packet);
  if (rule) throw new DecodeError("malformed", rule);
  return packet;
}

/** Encodes an IPv6 packet. One that its receiver would have to discard is the caller's bug: `RangeError`. */
export function encodeNdpPacket(packet: NdpPacket): Uint8Array {
  const rule = violation(packet);
  if (rule) throw new RangeError(rule);
  const { source, destination, message } = packet;
  const w = new Writer(IPV6_HEADER + 32)
    .u32(VERSION_6)
    .u16(0)
    .u8(NEXT_HEADER_ICMPV6)
    .u8(HOP_LIMIT)
    .bytes(ipToBytes(source))
    .bytes(ipToBytes(destination))
    .u8(icmpTypeOf(message))
    .u8(0)
    .u16(0);
  encodeMessage(message, w);
  const length = w.length - IPV6_HEADER;
  if (length > 0xffff) throw new RangeError(`a payload of ${length} bytes`);
  const bytes = w.toBytes();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint16(PAYLOAD_LENGTH_AT, length);
  view.setUint16(CHECKSUM_AT, checksum(bytes, length));
  return bytes;
}

function decodeIcmp(r: Reader): NdpMessage {
  const type = r.u8();
  const code = r.u8();
  r.skip(2);
  const message = decodeMessage(type, r);
  if (code !== 0) throw new DecodeError("malformed", `code ${code}`);
  return message;
}

/** Over the message and the pseudo-header (RFC 8200 section 8.1): addresses, length and next header. */
function checksum(packet: Uint8Array, length: number): number {
  const addresses = packet.subarray(SOURCE_AT, IPV6_HEADER);
  const pseudoHeader = onesComplementSum(addresses, length + NEXT_HEADER_ICMPV6);
  return internetChecksum(packet.subarray(IPV6_HEADER, IPV6_HEADER + length), pseudoHeader);
}
