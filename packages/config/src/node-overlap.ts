import { canMatchTogether, type Labels } from "@heraldlb/labels";
import { selectorsOf, selects } from "./reach.ts";
import type { SelectorJson } from "./selector.ts";

/** Which nodes there are, for questions of whether two objects meet on one of them. */
export interface KnownNodes {
  /** Labels of each; empty: none is known, then any node may be there. */
  readonly labels: readonly Labels[];
}

/** Whether two lists of node selectors meet on a node that is known; if none is known, on one that there could be. */
export function shareNode(a: readonly SelectorJson[], b: readonly SelectorJson[], { labels }: KnownNodes): boolean {
  if (labels.length > 0) return labels.some((each) => selects(a, each) && selects(b, each));
  return selectorsOf(a).some((one) => selectorsOf(b).some((other) => canMatchTogether(one, other)));
}
