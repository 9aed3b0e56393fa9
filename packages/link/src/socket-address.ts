import { familyOf, type Ip, ipToBytes } from "@heraldlb/net";
import { LITTLE_ENDIAN } from "./host-order.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;

/** The kernel's numbers of address families and protocols that `socket` and `setsockopt` take. */
export const FAMILY: {
  readonly ipv4: number;
  readonly ipv6: number;
  readonly netlink: number;
  readonly packet: number;
} = {
  ipv4: AF_INET,
  ipv6: AF_INET6,
  netlink: AF_NETLINK,
  packet: AF_PACKET,
};

/** `struct sockaddr_ll`: frames of one EtherType on one interface (packet(7)). */
export function packetAddress(etherType: number, interfaceIndex: number): Uint8Array {
  const { bytes, view } = allocate(20);
  view.setUint16(0, AF_PACKET, LITTLE_ENDIAN);
  view.setUint16(2, etherType);
  view.setInt32(4, interfaceIndex, LITTLE_ENDIAN);
  return bytes;
}

/** `struct sockaddr_nl`: a port that the kernel chooses, and a mask of multicast groups (netlink(7)). */
export function netlinkAddress(groups: number): Uint8Array {
  const { bytes, view } = allocate(12);
  view.setUint16(0, AF_NETLINK, LITTLE_ENDIAN);
  view.setUint32(8, groups, LITTLE_ENDIAN);
  return bytes;
}

/** `struct sockaddr_in` or `sockaddr_in6`; `scope` is the interface index of a link-local IPv6 address, else 0. */
export function internetAddress(address: Ip, port: number, scope: number): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new RangeError(`port ${port}`);
  if (familyOf(address) === "ipv4") {
    const { bytes, view } = allocate(16);
    view.setUint16(0, AF_INET, LITTLE_ENDIAN);
    view.setUint16(2, port);
    bytes.set(ipToBytes(address), 4);
    return bytes;
  }
  const { bytes, view } = allocate(28);
  view.setUint16(0, AF_INET6, LITTLE_ENDIAN);
  view.setUint16(2, port);
  bytes.set(ipToBytes(address), 8);
  view.setUint32(24, scope, LITTLE_ENDIAN);
  return bytes;
}

/** A C `int`. */
export function int(value: number): Uint8Array {
  const { bytes, view } = allocate(4);
  view.setInt32(0, value, LITTLE_ENDIAN);
  return bytes;
}

function allocate(length: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}
