import type { Family } from "@heraldlb/net";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { NodeIndex } from "./node-index.ts";

/**
 * Whether two advertisements of one pool would give one route two local preferences: they differ, but not the prefixes
 * (in every family of the pool), the peers or the nodes. What Services they are for is not looked at.
 */
export function localPrefsConflict(
  a: BgpAdvertisement,
  b: BgpAdvertisement,
  { families, nodes }: { readonly families: readonly Family[]; readonly nodes: NodeIndex },
): boolean {
  if (a.spec.localPref === b.spec.localPref) return false;
  const [own, others] = [new Set(a.spec.peers), new Set(b.spec.peers)];
  if (own.size > 0 && others.size > 0 && own.isDisjointFrom(others)) return false;
  if (families.every((family) => lengthOf(a, family) !== lengthOf(b, family))) return false;
  return nodes.meet(a.spec.nodeSelectors, b.spec.nodeSelectors);
}

function lengthOf({ spec }: BgpAdvertisement, family: Family): number {
  return family === "ipv4" ? spec.aggregationLength : spec.aggregationLengthV6;
}
