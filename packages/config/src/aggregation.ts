import { type Family, familyOf, prefixAddress, prefixLength } from "@heraldlb/net";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { poolEntries } from "./pool-addresses.ts";

/** An entry of a pool that an advertisement would advertise as more than the entry is. */
export interface TooShort {
  /** Index in `spec.addresses`. */
  readonly entry: number;
  readonly field: "aggregationLength" | "aggregationLengthV6";
  /** The shortest length that fits. */
  readonly least: number;
  /** In MetalLB's words. */
  readonly message: string;
}

interface Width {
  readonly entry: number;
  /** Length of the widest CIDR of the entry. */
  readonly length: number;
}

const widths = new WeakMap<IpAddressPool, Readonly<Partial<Record<Family, Width>>>>();

/** The entry of the pool that asks for the longest aggregation and does not get it. */
export function tooShort({ spec }: BgpAdvertisement, pool: IpAddressPool): TooShort | undefined {
  const { ipv4, ipv6 } = narrowest(pool);
  return (
    check("aggregationLength", spec.aggregationLength, ipv4, pool) ??
    check("aggregationLengthV6", spec.aggregationLengthV6, ipv6, pool)
  );
}

/** The families that a pool has addresses of. */
export function familiesOf(pool: IpAddressPool): readonly Family[] {
  const { ipv4, ipv6 } = narrowest(pool);
  return [...(ipv4 ? (["ipv4"] as const) : []), ...(ipv6 ? (["ipv6"] as const) : [])];
}

function check(
  field: TooShort["field"],
  length: number,
  width: Width | undefined,
  { spec }: IpAddressPool,
): TooShort | undefined {
  if (!width || length >= width.length) return undefined;
  const { entry, length: least } = width;
  const message = `invalid aggregation length ${length}: prefix ${least} in this pool is more specific than the aggregation length for addresses ${spec.addresses[entry]}`;
  return { entry, field, least, message };
}

/** Of each family the entry whose widest CIDR is narrower than those of all others. */
function narrowest(pool: IpAddressPool): Readonly<Partial<Record<Family, Width>>> {
  const known = widths.get(pool);
  if (known) return known;
  const found: Partial<Record<Family, Width>> = {};
  for (const [entry, { cidrs }] of poolEntries(pool).entries()) {
    const length = Math.min(...cidrs.map(prefixLength));
    const first = cidrs[0];
    if (!first) continue;
    const family = familyOf(prefixAddress(first));
    if (length > (found[family]?.length ?? -1)) found[family] = { entry, length };
  }
  widths.set(pool, found);
  return found;
}
