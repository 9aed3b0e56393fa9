import { matches } from "@heraldlb/labels";
import {
  compareIps,
  familyBits,
  familyOf,
  type IpRange,
  type Prefix,
  parseIp,
  parseUnmappedIp,
  prefixOf,
  prefixToRange,
  rangeOf,
  rangeToPrefixes,
} from "@heraldlb/net";
import type { Namespace } from "./cluster.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { toSelector } from "./selector.ts";

/** An entry of `spec.addresses`, understood. */
export interface PoolEntry {
  readonly range: IpRange;
  /** The range as the fewest CIDRs, ascending; MetalLB's messages name them. */
  readonly cidrs: readonly Prefix[];
}

/** Why a text is no entry of `spec.addresses`: MetalLB's words, and what to write instead. */
export interface PoolEntryError {
  readonly error: string;
  readonly fix: string;
}

/**
 * Reads one entry of `spec.addresses`: a CIDR, whose host bits are masked away, or a range of one family. As in MetalLB
 * (Go's `net.ParseCIDR` and `net.ParseIP`), IPv4-mapped IPv6 addresses are IPv4, and a length may have leading zeros.
 */
export function parsePoolEntry(text: string): PoolEntry | PoolEntryError {
  return text.includes("-") ? parseRangeEntry(text) : parseCidrEntry(text);
}

function parseCidrEntry(text: string): PoolEntry | PoolEntryError {
  const prefix = parseCidr(text);
  if (prefix) return { range: prefixToRange(prefix), cidrs: [prefix] };
  const address = parseUnmappedIp(text);
  const fix = address
    ? `write "${address}/${familyOf(address) === "ipv4" ? 32 : 128}" for this one address`
    : `write a CIDR ("192.0.2.0/24") or a range ("192.0.2.10-192.0.2.20")`;
  return { error: `invalid CIDR "${text}"`, fix };
}

function parseCidr(text: string): Prefix | undefined {
  const [address = "", length = "", ...rest] = text.split("/");
  const ip = parseIp(address);
  if (!ip || !/^\d+$/.test(length) || rest.length > 0 || Number(length) > familyBits(familyOf(ip))) return undefined;
  const unmapped = parseUnmappedIp(address) ?? ip;
  const mappedBits = familyBits(familyOf(ip)) - familyBits(familyOf(unmapped));
  return Number(length) < mappedBits ? prefixOf(ip, Number(length)) : prefixOf(unmapped, Number(length) - mappedBits);
}

function parseRangeEntry(text: string): PoolEntry | PoolEntryError {
  const dash = text.indexOf("-");
  const ends = [text.slice(0, dash).trim(), text.slice(dash + 1).trim()] as const;
  const [first, last] = [parseUnmappedIp(ends[0]), parseUnmappedIp(ends[1])];
  const wrong = (what: string, fix: string) => ({ error: `invalid IP range "${text}": ${what}`, fix });
  if (!first) return wrong(`invalid start IP "${ends[0]}"`, "write FIRST-LAST, two whole addresses");
  if (!last) return wrong(`invalid end IP "${ends[1]}"`, "write FIRST-LAST, two whole addresses");
  if (familyOf(first) !== familyOf(last)) {
    return wrong(`start IP "${first}" and end IP "${last}" are of different families`, "write one range per family");
  }
  if (compareIps(first, last) > 0) {
    return wrong(`start IP "${first}" is after the end IP "${last}"`, `write "${last}-${first}"`);
  }
  const range = rangeOf(first, last);
  return { range, cidrs: rangeToPrefixes(range) };
}

/** The entries of a pool that `readResource` accepted, in the listed order. */
export function poolEntries(pool: IpAddressPool): PoolEntry[] {
  return pool.spec.addresses.map((text) => {
    const entry = parsePoolEntry(text);
    if ("error" in entry) throw new TypeError(entry.error);
    return entry;
  });
}

/** The address ranges of a pool that `readResource` accepted, in the listed order. */
export function poolRanges(pool: IpAddressPool): readonly IpRange[] {
  return poolEntries(pool).map(({ range }) => range);
}

/**
 * The namespaces a pool is pinned to, selectors resolved, sorted; undefined: any. Empty: its selectors match none.
 * Each namespace counts as labelled with its own name, as an API server does.
 */
export function poolNamespaces(pool: IpAddressPool, namespaces: Iterable<Namespace>): readonly string[] | undefined {
  const { namespaces: names, namespaceSelectors } = pool.spec.serviceAllocation ?? NO_ALLOCATION;
  if (names.length === 0 && namespaceSelectors.length === 0) return undefined;
  const selectors = namespaceSelectors.map(toSelector);
  const selected = Array.from(namespaces)
    .filter(({ metadata: { name, labels } }) => {
      const all = { ...labels, "kubernetes.io/metadata.name": name };
      return selectors.some((selector) => matches(selector, all));
    })
    .map(({ metadata }) => metadata.name);
  return Array.from(new Set([...names, ...selected])).toSorted();
}

const NO_ALLOCATION = { namespaces: [], namespaceSelectors: [] };
