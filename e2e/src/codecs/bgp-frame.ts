import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { type Ipv4, ipToBytes, type Mac, Writer } from "@heraldlb/net";

const BGP_PORT = 179;
const IPV4_HEADER_LENGTH = 20;
const TCP_HEADER_LENGTH = 20;
const TCP = 6;
const PSH_ACK = 0x18;

/** An Ethernet frame with a BGP message in it, of a connection of its own. tshark leaves checksums alone. */
export function bgpFrame(message: Uint8Array, connection: number): Uint8Array {
  const packet = new Writer(message.length + IPV4_HEADER_LENGTH + TCP_HEADER_LENGTH)
    .u8(0x45)
    .u8(0)
    .u16(IPV4_HEADER_LENGTH + TCP_HEADER_LENGTH + message.length)
    .u32(0)
    .u8(255)
    .u8(TCP)
    .u16(0)
    .bytes(ipToBytes("192.0.2.1" as Ipv4))
    .bytes(ipToBytes("192.0.2.2" as Ipv4))
    .u16(BGP_PORT)
    .u16(40_000 + connection)
    .u32(1)
    .u32(1)
    .u8((TCP_HEADER_LENGTH / 4) << 4)
    .u8(PSH_ACK)
    .u16(0xffff)
    .u32(0)
    .bytes(message);
  return encodeEthernet({
    destination: "02:00:00:00:00:0b" as Mac,
    source: "02:00:00:00:00:0a" as Mac,
    etherType: ETHER_TYPE.ipv4,
    payload: packet.toBytes(),
  });
}
