import { everything, type Labels, matches, type Selector } from "@heraldlb/labels";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import { type SelectorJson, toSelector } from "./selector.ts";

const parsed = new WeakMap<SelectorJson, Selector>();
const ALL: readonly Selector[] = [everything];

/** Whether some selector matches; none are listed: whether anything does, which it does. */
export function selects(selectors: readonly SelectorJson[], labels: Labels): boolean {
  return selectors.length === 0 || selectors.some((json) => matches(selectorOf(json), labels));
}

/** The listed selectors; none: the one that matches everything. */
export function selectorsOf(selectors: readonly SelectorJson[]): readonly Selector[] {
  return selectors.length === 0 ? ALL : selectors.map(selectorOf);
}

/** Whether an advertisement is about a pool: it names it, or a selector matches; without either it is about all. */
export function reachesPool({ spec }: L2Advertisement | BgpAdvertisement, { metadata }: IpAddressPool): boolean {
  const { ipAddressPools, ipAddressPoolSelectors } = spec;
  if (ipAddressPools.includes(metadata.name)) return true;
  return ipAddressPoolSelectors.length === 0
    ? ipAddressPools.length === 0
    : selects(ipAddressPoolSelectors, metadata.labels);
}

/** The pools that an advertisement is about, of those given by name. */
export function reachedPools(
  { spec }: L2Advertisement | BgpAdvertisement,
  pools: ReadonlyMap<string, IpAddressPool>,
): readonly IpAddressPool[] {
  const { ipAddressPools, ipAddressPoolSelectors } = spec;
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return [...pools.values()];
  const named = ipAddressPools.flatMap((name) => pools.get(name) ?? []);
  if (ipAddressPoolSelectors.length === 0) return named;
  const selected = [...pools.values()].filter(({ metadata }) => selects(ipAddressPoolSelectors, metadata.labels));
  return [...new Set([...named, ...selected])];
}

/** Whether an advertisement goes to the peer of this name. */
export function reachesPeer({ spec: { peers } }: BgpAdvertisement, name: string): boolean {
  return peers.length === 0 || peers.includes(name);
}

function selectorOf(json: SelectorJson): Selector {
  const known = parsed.get(json);
  if (known) return known;
  const selector = toSelector(json);
  parsed.set(json, selector);
  return selector;
}
