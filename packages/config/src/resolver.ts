import {
  type Candidate,
  type Configuration,
  EMPTY_CONFIGURATION,
  type InForce,
  type ObjectProblem,
} from "./configuration.ts";
import { changesOthers, crossCheck, mattersToOthers } from "./cross-check.ts";
import { lostPools } from "./lost-pools.ts";
import { peersSetAside } from "./peers-set-aside.ts";
import type { ResolveOptions } from "./resolve.ts";
import { type Claim, claimOf, setsPoolAside, standingOf } from "./standing.ts";

/** Objects that went, and objects that came. */
export interface CandidateChange {
  readonly gone: readonly Candidate[];
  readonly come: readonly Candidate[];
}

/**
 * `resolve`, again and again: what it decides is the same, but only objects that may come out differently are decided
 * anew. A candidate that did not change must be the same object as before.
 */
export class Resolver {
  readonly #namespace: string | undefined;
  #configuration: Configuration = EMPTY_CONFIGURATION;
  #candidates: readonly Candidate[] = [];
  readonly #claims = new Map<Candidate, Claim>();
  readonly #rivals = new Map<string, Set<Candidate>>();
  /** Candidates with problems of their own. */
  readonly #wrong = new Map<Candidate, readonly ObjectProblem[]>();
  /** Objects with problems as to which form of them is in force. */
  readonly #contested = new Map<string, readonly ObjectProblem[]>();
  /** Objects with several forms, or one that is wrong or refused: they may come out differently although no form of them has changed. */
  readonly #restless = new Set<string>();
  /** Objects that matter to others. */
  readonly #related = new Set<string>();
  /** What the last cross check found. */
  #cross: readonly ObjectProblem[] = [];

  constructor({ namespace }: ResolveOptions = {}) {
    this.#namespace = namespace;
  }

  /** What is in force. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Decides what is in force now, given all objects there are. */
  update(candidates: readonly Candidate[]): Configuration {
    const { before, after } = differing(this.#candidates, candidates);
    this.#candidates = candidates;
    return this.change({ gone: before, come: after });
  }

  /**
   * Decides what is in force now, given what came and went; for a candidate in both lists nothing changes. A resolver is
   * told either everything, always, or what changed, always.
   */
  change({ gone, come }: CandidateChange): Configuration {
    const touched = new Set(this.#restless);
    this.#enter(gone, come, touched);
    const previous = this.#configuration;
    const inForce = new Map(previous.inForce);
    for (const key of touched) this.#settle(key, previous, inForce);
    if (this.#mustCrossCheck(touched, previous, inForce)) {
      // They are judged in the forms that they want to have.
      for (const key of this.#related) if (!touched.has(key)) this.#settle(key, previous, inForce);
      this.#cross = crossCheck(inForce, { previous, keys: this.#related });
    }
    const problems = [...[...this.#wrong.values(), ...this.#contested.values()].flat(), ...this.#cross];
    const poolSetAside = problems.some(setsPoolAside);
    const related = this.#related.values().map((key) => [key, this.#rivals.get(key) ?? []] as const);
    this.#configuration = {
      inForce,
      problems,
      poolSetAside,
      lostPools: poolSetAside ? lostPools(related, inForce) : [],
      peersSetAside: peersSetAside(problems, (key) => this.#rivals.get(key)),
    };
    return this.#configuration;
  }

  /** Puts forms in force until the next update, which treats them as what was in force. */
  keep(forms: Iterable<readonly [string, InForce]>): Configuration {
    const inForce = new Map(this.#configuration.inForce);
    for (const [key, form] of forms) {
      inForce.set(key, form);
      this.#restless.add(key);
    }
    this.#configuration = { ...this.#configuration, inForce };
    return this.#configuration;
  }

  /** Takes in which candidates came and went, and notes the objects that they are about. */
  #enter(gone: readonly Candidate[], come: readonly Candidate[], touched: Set<string>): void {
    const present = new Set(come);
    for (const candidate of gone) {
      const claim = this.#claims.get(candidate);
      if (!claim || present.has(candidate)) continue;
      this.#claims.delete(candidate);
      this.#wrong.delete(candidate);
      if (claim.key === undefined) continue;
      touched.add(claim.key);
      this.#rivals.get(claim.key)?.delete(candidate);
    }
    for (const candidate of come) {
      if (this.#claims.has(candidate)) continue;
      const claim = claimOf(candidate, this.#namespace);
      this.#claims.set(candidate, claim);
      if (claim.problems.length > 0) this.#wrong.set(candidate, claim.problems);
      if (claim.key === undefined) continue;
      touched.add(claim.key);
      const rivals = this.#rivals.get(claim.key);
      if (rivals) rivals.add(candidate);
      else this.#rivals.set(claim.key, new Set([candidate]));
    }
  }

  /** Most changes are of objects that matter to no other one; then the last check still holds. */
  #mustCrossCheck(touched: Iterable<string>, previous: Configuration, inForce: ReadonlyMap<string, InForce>): boolean {
    if ([...this.#restless].some((key) => this.#related.has(key))) return true;
    return [...touched].some((key) => changesOthers(kindOf(key), previous.inForce.get(key), inForce.get(key)));
  }

  #settle(key: string, previous: Configuration, inForce: Map<string, InForce>): void {
    const rivals = [...(this.#rivals.get(key) ?? [])];
    this.#restless.delete(key);
    this.#contested.delete(key);
    inForce.delete(key);
    if (rivals.length === 0) {
      this.#rivals.delete(key);
      this.#related.delete(key);
      return;
    }
    const { form, problems } = standingOf(rivals, previous.inForce.get(key));
    if (form) inForce.set(key, form);
    if (problems.length > 0) this.#contested.set(key, problems);
    if (problems.length > 0 || rivals.some(({ outcome }) => outcome.type !== "resource")) this.#restless.add(key);
    if (mattersToOthers(kindOf(key))) this.#related.add(key);
  }
}

/** What two lists have between what they begin and end with in common. */
function differing<T>(
  a: readonly T[],
  b: readonly T[],
): { readonly before: readonly T[]; readonly after: readonly T[] } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return { before: a.slice(start, a.length - end), after: b.slice(start, b.length - end) };
}

/** Keys begin with it. */
function kindOf(key: string): string {
  return key.slice(0, key.indexOf(" "));
}
