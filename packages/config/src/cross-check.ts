import { CENSUS_KINDS, takeCensus } from "./census.ts";
import type { Configuration, InForce, ObjectProblem } from "./configuration.ts";
import { NodeIndex } from "./node-index.ts";
import { checkReferences } from "./references.ts";
import { sameJson } from "./same-json.ts";
import { settle } from "./settle.ts";

/** What a cross check looks at. */
export interface CrossCheckContext {
  readonly previous: Configuration;
  /** Keys of all objects that matter to others, at least. */
  readonly keys: Iterable<string>;
}

/**
 * What objects do to each other: takes those out of force, or back to their last valid form, that contradict others,
 * and says what is wrong with references. Changes `inForce`. The cost is that of the configuration, not of Services.
 */
export function crossCheck(inForce: Map<string, InForce>, { previous, keys }: CrossCheckContext): ObjectProblem[] {
  const all = [...keys];
  const labels = all.flatMap((key) => {
    const resource = inForce.get(key)?.resource;
    return resource?.kind === "Node" ? [resource.metadata.labels] : [];
  });
  const nodes = new NodeIndex(labels);
  const errors = settle(inForce, { previous: previous.inForce, keys: all, nodes });
  const census = takeCensus(all.flatMap((key) => inForce.get(key) ?? []));
  return [...errors, ...checkReferences({ ...census, nodes })];
}

/** Whether objects of the kind matter to others. */
export function mattersToOthers(kind: string): boolean {
  return CENSUS_KINDS.has(kind);
}

/** Whether others may come out differently now that an object of the kind was read anew. */
export function changesOthers(kind: string, before: InForce | undefined, after: InForce | undefined): boolean {
  // A Node's state changes all the time; only its labels are looked at.
  if (kind === "Node") return !sameJson(before?.resource.metadata.labels, after?.resource.metadata.labels);
  return mattersToOthers(kind);
}
