import type { Layer2Candidate, Layer2Plan } from "./layer2.ts";

/**
 * The candidates of Services whose addresses are tied together, which must have one owner: the nodes that may announce
 * each Service that anybody may announce. Preferences are added up; interfaces are those that all of them permit, and the
 * shortest interval of repetition counts.
 */
export function mergeCandidates(plans: readonly Layer2Plan[]): readonly Layer2Candidate[] {
  const lists = plans.map(({ candidates }) => candidates).filter((candidates) => candidates.length > 0);
  const [first, ...others] = lists.map((candidates) => new Map(candidates.map((one) => [one.node, one])));
  if (!first) return [];
  return Array.from(first.values()).flatMap((candidate) => {
    const more = others.map((byNode) => byNode.get(candidate.node)).filter((one) => one !== undefined);
    return more.length === others.length ? [more.reduce(merge, candidate)] : [];
  });
}

function merge(a: Layer2Candidate, b: Layer2Candidate): Layer2Candidate {
  return {
    node: a.node,
    preference: a.preference + b.preference,
    interfaces: common(a.interfaces, b.interfaces),
    refreshMs: shortest([a.refreshMs, b.refreshMs]),
  };
}

/** Of several intervals, in milliseconds, the shortest one; undefined stands for never. */
export function shortest(intervals: readonly (number | undefined)[]): number | undefined {
  const known = intervals.filter((one) => one !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

/** Two lists without a common interface: all of both, for an address that nobody can announce helps nobody. */
function common(a: Layer2Candidate["interfaces"], b: Layer2Candidate["interfaces"]): Layer2Candidate["interfaces"] {
  if (a === "all") return b;
  if (b === "all") return a;
  const both = a.filter((name) => b.includes(name));
  return both.length > 0 ? both : Array.from(new Set([...a, ...b])).toSorted();
}
