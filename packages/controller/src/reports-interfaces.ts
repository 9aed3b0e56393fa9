import type { Reach } from "./definitions.ts";
import type { Reports } from "./reports.ts";

/**
 * The nodes that may announce a group, but have none of the interfaces on which it is to be announced; in order. Where
 * all that may are among them, nobody will.
 */
export function nodesWithoutInterface(reach: Reach, reports: Pick<Reports, "lacks">): readonly string[] {
  const lacking = [...reach].filter(([node, { interfaces }]) => reports.lacks(node, interfaces));
  return lacking.map(([node]) => node).sort();
}
