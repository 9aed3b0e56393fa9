import { matches, type Selector } from "@heraldlb/labels";
import type { AnnouncedPool, AnnouncingNode } from "./layer2.ts";

/** A label that takes a node out of load balancing, whatever its value. */
export const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";

/** Which pools an advertisement names. */
interface PoolSelection {
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
}

/** Whether an advertisement is about the pool. */
export function selectsPool({ pools, poolSelectors }: PoolSelection, { name, labels }: AnnouncedPool): boolean {
  if (pools.length === 0 && poolSelectors.length === 0) return true;
  return pools.includes(name) || poolSelectors.some((selector) => matches(selector, labels));
}

/** Several selectors are alternatives; none at all lets everything through. */
export function matchesAny(selectors: readonly Selector[], labels: AnnouncingNode["labels"]): boolean {
  return selectors.length === 0 || selectors.some((selector) => matches(selector, labels));
}

/** Why nothing is announced from the node; undefined: it may announce. */
export function exclusion(
  { labels, networkUnavailable }: AnnouncingNode,
  excludeLabel: "ignore" | "respect",
): "nodeNetworkUnavailable" | "nodeLabeledExcludeBalancers" | undefined {
  if (networkUnavailable) return "nodeNetworkUnavailable";
  return excludeLabel === "respect" && Object.hasOwn(labels, EXCLUDE_LABEL) ? "nodeLabeledExcludeBalancers" : undefined;
}
