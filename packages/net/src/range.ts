import { compareIps, familyOf, type Ip, ipToBigInt, parseIp } from "./ip.ts";

declare const brand: unique symbol;

/** Consecutive addresses of one family in their only spelling, `10.0.0.1-10.0.0.9`; both ends belong to it. */
export type IpRange = string & { readonly [brand]: "IpRange" };

/** Throws `RangeError` when the ends are reversed or of different families. */
export function rangeOf(first: Ip, last: Ip): IpRange {
  if (familyOf(first) !== familyOf(last)) throw new RangeError(`${first} and ${last} are of different families`);
  if (compareIps(first, last) > 0) throw new RangeError(`${first} is after ${last}`);
  return `${first}-${last}` as IpRange;
}

/** Reads `FIRST-LAST`, blanks around both allowed; undefined also when reversed or of different families. */
export function parseRange(text: string): IpRange | undefined {
  const dash = text.indexOf("-");
  if (dash < 0) return undefined;
  const first = parseIp(text.slice(0, dash).trim());
  const last = parseIp(text.slice(dash + 1).trim());
  if (!first || !last || familyOf(first) !== familyOf(last) || compareIps(first, last) > 0) return undefined;
  return rangeOf(first, last);
}

/** The lowest address. */
export function rangeFirst(range: IpRange): Ip {
  return range.slice(0, range.indexOf("-")) as Ip;
}

/** The highest address. */
export function rangeLast(range: IpRange): Ip {
  return range.slice(range.indexOf("-") + 1) as Ip;
}

/** How many addresses there are; up to 2^128. */
export function rangeSize(range: IpRange): bigint {
  return ipToBigInt(rangeLast(range)) - ipToBigInt(rangeFirst(range)) + 1n;
}

/** Whether the address is in the range; never so for the other family. */
export function rangeContains(range: IpRange, ip: Ip): boolean {
  return compareIps(rangeFirst(range), ip) <= 0 && compareIps(ip, rangeLast(range)) <= 0;
}

/** Whether the ranges have an address in common. */
export function rangesOverlap(a: IpRange, b: IpRange): boolean {
  return compareIps(rangeFirst(a), rangeLast(b)) <= 0 && compareIps(rangeFirst(b), rangeLast(a)) <= 0;
}
