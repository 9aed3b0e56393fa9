import { formatIpv6, groupsFromBytes, parseGroups, parseOctets } from "./ip-text.ts";

declare const brand: unique symbol;

/** An IPv4 address in its only spelling, `192.0.2.1`. */
export type Ipv4 = string & { readonly [brand]: "Ipv4" };

/** An IPv6 address in its only spelling (RFC 5952; IPv4-mapped ones end in dotted form), without a zone. */
export type Ipv6 = string & { readonly [brand]: "Ipv6" };

/** An address of either family. Equal addresses are equal strings, so they serve as Map keys. */
export type Ip = Ipv4 | Ipv6;

/** An address family. */
export type Family = "ipv4" | "ipv6";

const MAPPED = "::ffff:";

/** Bytes in an IPv4 address. */
export const IPV4_LENGTH = 4;

/** Bytes in an IPv6 address. */
export const IPV6_LENGTH = 16;

/** Reads dotted decimal as Go's `netip.ParseAddr` does: four numbers, no leading zeros. */
export function parseIpv4(text: string): Ipv4 | undefined {
  return parseOctets(text) === undefined ? undefined : (text as Ipv4);
}

/** Reads an IPv6 address as Go's `netip.ParseAddr` does, but refuses a zone. `::ffff:192.0.2.1` stays IPv6. */
export function parseIpv6(text: string): Ipv6 | undefined {
  const groups = parseGroups(text);
  return groups && (formatIpv6(groups) as Ipv6);
}

/** Reads an address of either family. */
export function parseIp(text: string): Ip | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/**
 * Reads an address as Go's `net.ParseIP` does, and Kubernetes with it: an IPv4-mapped IPv6 address (RFC 4291 section
 * 2.5.5.2) is the IPv4 address in it.
 */
export function parseUnmappedIp(text: string): Ip | undefined {
  const ip = parseIp(text);
  return ip?.startsWith(MAPPED) && ip.includes(".") ? (ip.slice(MAPPED.length) as Ipv4) : ip;
}

/** Throws `RangeError` unless there are exactly 4 bytes. */
export function ipv4FromBytes(bytes: Uint8Array): Ipv4 {
  if (bytes.length !== IPV4_LENGTH) throw new RangeError(`${bytes.length} bytes are no IPv4 address`);
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as Ipv4;
}

/** Throws `RangeError` unless there are exactly 16 bytes. */
export function ipv6FromBytes(bytes: Uint8Array): Ipv6 {
  if (bytes.length !== IPV6_LENGTH) throw new RangeError(`${bytes.length} bytes are no IPv6 address`);
  return formatIpv6(groupsFromBytes(bytes)) as Ipv6;
}

/** 4 bytes make an IPv4 address, 16 an IPv6 one; any other number throws `RangeError`. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  return bytes.length === IPV4_LENGTH ? ipv4FromBytes(bytes) : ipv6FromBytes(bytes);
}

/** The address in network byte order: 4 or 16 bytes. */
export function ipToBytes(ip: Ip): Uint8Array<ArrayBuffer> {
  if (isIpv4(ip)) {
    const value = ipv4Value(ip);
    return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  }
  const groups = ipv6Groups(ip);
  const bytes = new Uint8Array(IPV6_LENGTH);
  for (let i = 0; i < IPV6_LENGTH; i += 2) {
    const group = groups[i >>> 1] as number;
    bytes[i] = group >>> 8;
    bytes[i + 1] = group;
  }
  return bytes;
}

/** Whether the address is an IPv4 one. */
export function isIpv4(ip: Ip): ip is Ipv4 {
  return !ip.includes(":");
}

/** Whether the address is an IPv6 one, IPv4-mapped ones included. */
export function isIpv6(ip: Ip): ip is Ipv6 {
  return ip.includes(":");
}

/** The address's family; IPv4-mapped IPv6 addresses are IPv6. */
export function familyOf(ip: Ip): Family {
  return isIpv4(ip) ? "ipv4" : "ipv6";
}

/** How many bits an address of the family has. */
export function familyBits(family: Family): 32 | 128 {
  return family === "ipv4" ? 32 : 128;
}

/** The address as a number, 0 for the unspecified one. */
export function ipToBigInt(ip: Ip): bigint {
  if (isIpv4(ip)) return BigInt(ipv4Value(ip));
  // Three groups fit into a double exactly: few bigints are made on the way.
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = ipv6Groups(ip);
  const [high, middle, low] = [(a * 0x10000 + b) * 0x10000 + c, (d * 0x10000 + e) * 0x10000 + f, g * 0x10000 + h];
  return (BigInt(high) << 80n) | (BigInt(middle) << 32n) | BigInt(low);
}

/** The inverse of `ipToBigInt`. Throws `RangeError` for a number outside the family. */
export function ipFromBigInt(family: Family, value: bigint): Ip {
  const bits = familyBits(family);
  if (value < 0n || value >> BigInt(bits) !== 0n) throw new RangeError(`${value} is no ${family} address`);
  if (family === "ipv4") {
    const n = Number(value);
    return `${n >>> 24}.${(n >>> 16) & 0xff}.${(n >>> 8) & 0xff}.${n & 0xff}` as Ipv4;
  }
  const [high, middle, low] = [
    Number(value >> 80n),
    Number((value >> 32n) & 0xffff_ffff_ffffn),
    Number(value & 0xffff_ffffn),
  ];
  return formatIpv6([...threeGroups(high), ...threeGroups(middle), low >>> 16, low & 0xffff]) as Ipv6;
}

/** Orders IPv4 before IPv6, then by number; for `toSorted`. */
export function compareIps(a: Ip, b: Ip): number {
  if (a === b) return 0;
  if (isIpv4(a)) return isIpv4(b) ? ipv4Value(a) - ipv4Value(b) : -1;
  if (isIpv4(b)) return 1;
  const [left, right] = [ipv6Groups(a), ipv6Groups(b)];
  const i = left.findIndex((group, at) => group !== right[at]);
  return (left[i] as number) - (right[i] as number);
}

/** An address's number as an unsigned 32-bit value. */
export function ipv4Value(ip: Ipv4): number {
  const value = parseOctets(ip);
  if (value === undefined) throw new TypeError(`not an IPv4 address: ${ip}`);
  return value;
}

/** An address's eight 16-bit groups. */
export function ipv6Groups(ip: Ipv6): readonly number[] {
  const groups = parseGroups(ip);
  if (!groups) throw new TypeError(`not an IPv6 address: ${ip}`);
  return groups;
}

/** The groups of a number of 48 bits. */
function threeGroups(value: number): readonly number[] {
  return [Math.floor(value / 0x1_0000_0000), (value >>> 16) & 0xffff, value & 0xffff];
}
