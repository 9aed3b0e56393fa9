import type { FieldPath } from "./field-path.ts";
import type { NodeIndex } from "./node-index.ts";
import { unmatchedSelector } from "./notice.ts";
import type { Problem } from "./problem.ts";
import type { SelectorJson } from "./selector.ts";

/** A warning for each selector that matches no node; none as long as no node is known. */
export function unmatchedNodeSelectors(
  selectors: readonly (readonly [path: FieldPath, selector: SelectorJson])[],
  nodes: NodeIndex,
): Problem[] {
  if (nodes.isEmpty) return [];
  return selectors.flatMap(([path, selector]) => {
    if (nodes.matching([selector]).size > 0) return [];
    return [unmatchedSelector(path, "Node")];
  });
}
