import type { Node } from "./cluster.ts";
import type { FieldPath } from "./field-path.ts";
import { unmatchedSelector } from "./notice.ts";
import type { Problem } from "./problem.ts";
import { selects } from "./reach.ts";
import type { SelectorJson } from "./selector.ts";

/** A warning for each selector that matches no node; none as long as no node is known. */
export function unmatchedNodeSelectors(
  selectors: readonly (readonly [path: FieldPath, selector: SelectorJson])[],
  nodes: readonly Node[],
): Problem[] {
  if (nodes.length === 0) return [];
  return selectors.flatMap(([path, selector]) => {
    if (nodes.some(({ metadata }) => selects([selector], metadata.labels))) return [];
    return [unmatchedSelector(path, "Node")];
  });
}
