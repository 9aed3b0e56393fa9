import {
  DecodeError,
  IPV4_LENGTH,
  IPV6_LENGTH,
  type Ip,
  internetChecksum,
  ipFromBytes,
  ipToBytes,
  isIpv4,
  onesComplementSum,
  Reader,
  Writer,
} from "@heraldlb/net";

/** A UDP datagram in an IP packet without options, extension headers or fragments. */
export interface UdpPacket {
  readonly source: Ip;
  readonly destination: Ip;
  /** TTL or hop limit. */
  readonly hops: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

const UDP = 17;
const UDP_HEADER = 8;
const IPV4_HEADER = 20;
const VERSION_4_NO_OPTIONS = 0x45;
const MORE_FRAGMENTS_AND_OFFSET = 0x3fff;
// CS6, as control packets have it.
const TRAFFIC_CLASS = 0xc0;

/** Decodes an IP packet. What follows it is padding. The payload is a view; the UDP checksum is not verified. */
export function decodeUdpPacket(bytes: Uint8Array): UdpPacket {
  const version = (bytes[0] ?? 0) >>> 4;
  const r = new Reader(bytes);
  const { hops, protocol, length, addressLength } = version === 4 ? ipv4Header(r) : ipv6Header(r, version);
  if (protocol !== UDP) throw new DecodeError("unsupported", `protocol ${protocol}`);
  const source = ipFromBytes(r.bytes(addressLength));
  const destination = ipFromBytes(r.bytes(addressLength));
  const udp = r.sub(length);
  const [sourcePort, destinationPort] = [udp.u16(), udp.u16()];
  const payloadLength = udp.u16() - UDP_HEADER;
  udp.skip(2);
  return { source, destination, hops, sourcePort, destinationPort, payload: udp.bytes(payloadLength) };
}

/** Encodes an IP packet with its checksums. */
export function encodeUdpPacket(packet: UdpPacket): Uint8Array {
  const { source, destination, hops, sourcePort, destinationPort, payload } = packet;
  const addresses = Uint8Array.of(...ipToBytes(source), ...ipToBytes(destination));
  const length = UDP_HEADER + payload.length;
  const udp = new Writer(length).u16(sourcePort).u16(destinationPort).u16(length).u16(0).bytes(payload).toBytes();
  // RFC 768, RFC 8200 section 8.1: over a pseudo-header too; a sum of 0 is sent as its other form.
  const sum = internetChecksum(udp, onesComplementSum(addresses, UDP + length)) || 0xffff;
  udp.set([sum >>> 8, sum & 0xff], 6);
  return isIpv4(source) ? ipv4Packet(hops, addresses, udp) : ipv6Packet(hops, addresses, udp);
}

function ipv4Header(r: Reader) {
  const first = r.u8();
  if (first !== VERSION_4_NO_OPTIONS) throw new DecodeError("unsupported", `IPv4 header of ${first & 0xf} words`);
  r.skip(1);
  const total = r.u16();
  r.skip(2);
  if ((r.u16() & MORE_FRAGMENTS_AND_OFFSET) !== 0) throw new DecodeError("unsupported", "a fragment");
  const [hops, protocol] = [r.u8(), r.u8()];
  r.skip(2);
  return { hops, protocol, length: total - IPV4_HEADER, addressLength: IPV4_LENGTH };
}

function ipv6Header(r: Reader, version: number) {
  if (version !== 6) throw new DecodeError("malformed", `IP version ${version}`);
  r.skip(4);
  const length = r.u16();
  const [protocol, hops] = [r.u8(), r.u8()];
  return { hops, protocol, length, addressLength: IPV6_LENGTH };
}

function ipv4Packet(hops: number, addresses: Uint8Array, udp: Uint8Array): Uint8Array {
  const w = new Writer(IPV4_HEADER + udp.length).u8(VERSION_4_NO_OPTIONS).u8(TRAFFIC_CLASS);
  w.u16(IPV4_HEADER + udp.length).u32(0);
  const bytes = w.u8(hops).u8(UDP).u16(0).bytes(addresses).bytes(udp).toBytes();
  const sum = internetChecksum(bytes.subarray(0, IPV4_HEADER));
  bytes.set([sum >>> 8, sum & 0xff], 10);
  return bytes;
}

function ipv6Packet(hops: number, addresses: Uint8Array, udp: Uint8Array): Uint8Array {
  const w = new Writer(40 + udp.length).u32(((6 << 28) >>> 0) | (TRAFFIC_CLASS << 20));
  return w.u16(udp.length).u8(UDP).u8(hops).bytes(addresses).bytes(udp).toBytes();
}
