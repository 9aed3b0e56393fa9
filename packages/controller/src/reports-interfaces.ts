import type { Reach } from "./definitions.ts";
import type { Reports } from "./reports.ts";

/** Why none of the nodes that may announce a group will, and which nodes they are; in order. */
export interface InVain {
  readonly reason: "interfacesMissing" | "noSpeaker";
  readonly nodes: readonly string[];
}

const restricted = new WeakMap<Reach, boolean>();

/** Whether it depends on what speakers are yet to say, or on which there are, if the group is announced in vain. */
export function dependsOnSpeakers(reach: Reach, speakers: ReadonlySet<string>): boolean {
  if (reach.size === 0 || speakers.size === 0) return reach.size > 0;
  const known = restricted.get(reach) ?? reach.values().some(({ interfaces }) => interfaces !== "all");
  restricted.set(reach, known);
  return known;
}

/**
 * Says so if no node that may announce a group ever had a speaker, or all that had are known to have none of the
 * interfaces on which it is to be announced. As long as there is no speaker at all, nothing is said of any group.
 */
export function announcedInVain(
  reach: Reach,
  reports: Pick<Reports, "lacks">,
  speakers: ReadonlySet<string>,
): InVain | undefined {
  if (reach.size === 0 || speakers.size === 0) return undefined;
  const served = [...reach].filter(([node]) => speakers.has(node));
  if (served.length === 0) return { reason: "noSpeaker", nodes: [...reach.keys()].sort() };
  const isVain = served.every(([node, { interfaces }]) => reports.lacks(node, interfaces));
  return isVain ? { reason: "interfacesMissing", nodes: served.map(([node]) => node).sort() } : undefined;
}
