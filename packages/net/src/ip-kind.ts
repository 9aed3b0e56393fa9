import { type Ip, type Ipv6, ipToBytes, ipv4Value, ipv6Groups, isIpv4 } from "./ip.ts";
import { formatIpv6 } from "./ip-text.ts";
import { type Mac, macFromBytes } from "./mac.ts";

const LINK_LOCAL = /^fe[89ab].:/;

/** Whether the address is in 224.0.0.0/4 or ff00::/8. */
export function isMulticast(ip: Ip): boolean {
  return isIpv4(ip) ? ipv4Value(ip) >>> 28 === 0xe : ip.startsWith("ff") && ip.indexOf(":") === 4;
}

/** Whether the address is in 169.254.0.0/16 or fe80::/10. */
export function isLinkLocal(ip: Ip): boolean {
  return isIpv4(ip) ? ip.startsWith("169.254.") : LINK_LOCAL.test(ip);
}

/** Whether the address is 0.0.0.0 or `::`. */
export function isUnspecified(ip: Ip): boolean {
  return ip === "0.0.0.0" || ip === "::";
}

/** Whether the address is in 127.0.0.0/8 or is `::1`. */
export function isLoopback(ip: Ip): boolean {
  return ip === "::1" || ip.startsWith("127.");
}

/** The group in which an IPv6 address's neighbour solicitations arrive, ff02::1:ffXX:XXXX (RFC 4291 section 2.7.1). */
export function solicitedNodeMulticast(ip: Ipv6): Ipv6 {
  const groups = ipv6Groups(ip);
  return formatIpv6([0xff02, 0, 0, 0, 0, 1, 0xff00 | ((groups[6] as number) & 0xff), groups[7] as number]) as Ipv6;
}

/**
 * The Ethernet group that carries an IP multicast group: RFC 1112 section 6.4 and RFC 2464 section 7. Throws
 * `RangeError` for a unicast address.
 */
export function multicastMac(ip: Ip): Mac {
  if (!isMulticast(ip)) throw new RangeError(`${ip} is not a multicast address`);
  const bytes = ipToBytes(ip);
  if (isIpv4(ip)) {
    const low = [(bytes[1] as number) & 0x7f, bytes[2] as number, bytes[3] as number];
    return macFromBytes(Uint8Array.of(0x01, 0x00, 0x5e, ...low));
  }
  return macFromBytes(Uint8Array.of(0x33, 0x33, ...bytes.subarray(12)));
}
