import { ETHER_TYPE } from "@heraldlb/ethernet";
import {
  DecodeError,
  IPV4_LENGTH,
  type Ipv4,
  ipToBytes,
  ipv4FromBytes,
  MAC_LENGTH,
  type Mac,
  macFromBytes,
  macToBytes,
  Reader,
  Writer,
} from "@heraldlb/net";

/** What an ARP packet asks or says. */
export type ArpOperation = keyof typeof OPERATIONS;

/** An ARP packet for IPv4 over Ethernet (RFC 826). */
export interface ArpPacket {
  readonly operation: ArpOperation;
  readonly senderMac: Mac;
  readonly senderIp: Ipv4;
  readonly targetMac: Mac;
  readonly targetIp: Ipv4;
}

const OPERATIONS = { request: 1, reply: 2 } as const;

const HARDWARE_ETHERNET = 1;
const PACKET_LENGTH = 28;

/** Decodes an Ethernet payload. Trailing bytes are Ethernet padding and ignored. */
export function decodeArp(bytes: Uint8Array): ArpPacket {
  const r = new Reader(bytes);
  const [hardware, protocol, macLength, ipLength] = [r.u16(), r.u16(), r.u8(), r.u8()];
  if (
    hardware !== HARDWARE_ETHERNET ||
    protocol !== ETHER_TYPE.ipv4 ||
    macLength !== MAC_LENGTH ||
    ipLength !== IPV4_LENGTH
  ) {
    throw new DecodeError("unsupported", `not IPv4 over Ethernet: ${hardware}/${protocol}/${macLength}/${ipLength}`);
  }
  return {
    operation: decodeOperation(r.u16()),
    senderMac: macFromBytes(r.bytes(MAC_LENGTH)),
    senderIp: ipv4FromBytes(r.bytes(IPV4_LENGTH)),
    targetMac: macFromBytes(r.bytes(MAC_LENGTH)),
    targetIp: ipv4FromBytes(r.bytes(IPV4_LENGTH)),
  };
}

/** Encodes an Ethernet payload of 28 bytes; padding it is the frame's business. */
export function encodeArp({ operation, senderMac, senderIp, targetMac, targetIp }: ArpPacket): Uint8Array {
  return new Writer(PACKET_LENGTH)
    .u16(HARDWARE_ETHERNET)
    .u16(ETHER_TYPE.ipv4)
    .u8(MAC_LENGTH)
    .u8(IPV4_LENGTH)
    .u16(OPERATIONS[operation])
    .bytes(macToBytes(senderMac))
    .bytes(ipToBytes(senderIp))
    .bytes(macToBytes(targetMac))
    .bytes(ipToBytes(targetIp))
    .toBytes();
}

function decodeOperation(code: number): ArpOperation {
  if (code === OPERATIONS.request) return "request";
  if (code === OPERATIONS.reply) return "reply";
  throw new DecodeError("unsupported", `ARP operation ${code}`);
}
