import type { Candidate, Configuration, InForce, ObjectProblem } from "./configuration.ts";
import { crossCheck } from "./cross-check.ts";
import { lostPools } from "./lost-pools.ts";
import { peersSetAside } from "./peers-set-aside.ts";
import { claimOf, setsPoolAside, standingOf } from "./standing.ts";

/** Settings of `resolve`. */
export interface ResolveOptions {
  /** Only `metallb.io` objects of this namespace act; undefined: of any. */
  readonly namespace?: string | undefined;
}

/**
 * Decides what is in force, given what was and all objects there are now.
 *
 * A wrong object stays in force in its last valid form; of two that contradict each other the one in force stays, at a
 * cold start the older one. The order of listing never matters. What did not change is the same object as before.
 */
export function resolve(
  previous: Configuration,
  candidates: readonly Candidate[],
  { namespace }: ResolveOptions = {},
): Configuration {
  const problems: ObjectProblem[] = [];
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const claim = claimOf(candidate, namespace);
    for (const problem of claim.problems) problems.push(problem);
    if (claim.key !== undefined) enter(groups, claim.key, candidate);
  }
  const inForce = new Map<string, InForce>();
  for (const [key, rivals] of groups) {
    const standing = standingOf(rivals, previous.inForce.get(key));
    if (standing.form) inForce.set(key, standing.form);
    for (const problem of standing.problems) problems.push(problem);
  }
  for (const problem of crossCheck(inForce, { previous, keys: inForce.keys() })) problems.push(problem);
  const poolSetAside = problems.some(setsPoolAside);
  return {
    inForce,
    problems,
    poolSetAside,
    lostPools: poolSetAside ? lostPools(groups, inForce) : [],
    peersSetAside: peersSetAside(problems, (key) => groups.get(key)),
  };
}

function enter(groups: Map<string, Candidate[]>, key: string, candidate: Candidate): void {
  const group = groups.get(key);
  if (group) group.push(candidate);
  else groups.set(key, [candidate]);
}
