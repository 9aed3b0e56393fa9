import { type Family, familyBits, familyOf, type Ip, ipFromBigInt, ipToBigInt, parseIp } from "./ip.ts";
import { type IpRange, rangeOf } from "./range.ts";

declare const brand: unique symbol;

/** An address block in its only spelling, `10.0.0.0/24`: bits after the length are zero. */
export type Prefix = string & { readonly [brand]: "Prefix" };

/** Reads `ADDRESS/LENGTH` as Go's `netip.ParsePrefix` does, and clears the bits after the length. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf("/");
  const ip = parseIp(text.slice(0, Math.max(slash, 0)));
  const length = text.slice(slash + 1);
  if (slash < 0 || !ip || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined;
  return Number(length) > familyBits(familyOf(ip)) ? undefined : prefixOf(ip, Number(length));
}

/** The block of that length around an address. Throws `RangeError` for a length the family does not have. */
export function prefixOf(ip: Ip, length: number): Prefix {
  const family = familyOf(ip);
  const free = BigInt(hostBits(family, length));
  return `${ipFromBigInt(family, (ipToBigInt(ip) >> free) << free)}/${length}` as Prefix;
}

/** How many leading bits are fixed. */
export function prefixLength(prefix: Prefix): number {
  return Number(prefix.slice(prefix.indexOf("/") + 1));
}

/** The first address of the block. */
export function prefixAddress(prefix: Prefix): Ip {
  return prefix.slice(0, prefix.indexOf("/")) as Ip;
}

/** Whether the address is in the block; never so for the other family. */
export function prefixContains(prefix: Prefix, ip: Ip): boolean {
  const first = prefixAddress(prefix);
  const family = familyOf(first);
  if (familyOf(ip) !== family) return false;
  const free = BigInt(hostBits(family, prefixLength(prefix)));
  return ipToBigInt(first) >> free === ipToBigInt(ip) >> free;
}

/** All addresses of the block, first to last. */
export function prefixToRange(prefix: Prefix): IpRange {
  const first = prefixAddress(prefix);
  const family = familyOf(first);
  const size = 1n << BigInt(hostBits(family, prefixLength(prefix)));
  return rangeOf(first, ipFromBigInt(family, ipToBigInt(first) + size - 1n));
}

/** The fewest blocks that hold exactly the addresses of the range, in ascending order. */
export function rangeToPrefixes(range: IpRange): Prefix[] {
  const [first, last] = range.split("-") as [Ip, Ip];
  const family = familyOf(first);
  const bits = familyBits(family);
  const end = ipToBigInt(last);
  const prefixes: Prefix[] = [];
  for (let at = ipToBigInt(first); at <= end; ) {
    const fitting = bitLength(end - at + 1n) - 1;
    const aligned = at === 0n ? bits : bitLength(at & -at) - 1;
    const free = Math.min(fitting, aligned);
    prefixes.push(`${ipFromBigInt(family, at)}/${bits - free}` as Prefix);
    at += 1n << BigInt(free);
  }
  return prefixes;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function hostBits(family: Family, length: number): number {
  const bits = familyBits(family);
  if (!Number.isInteger(length) || length < 0 || length > bits) throw new RangeError(`no ${family} prefix: /${length}`);
  return bits - length;
}
