import type { LostPool } from "./lost-pools.ts";
import type { Origin } from "./origin.ts";
import type { PeerSetAside } from "./peers-set-aside.ts";
import type { ObjectId, Problem } from "./problem.ts";
import type { ReadOutcome, Resource } from "./resource.ts";

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
  /**
   * Why it cannot be understood, if no form of it is known that could: it is what can be read of a Service, and only
   * keeps what that has.
   */
  readonly unclear?: string | undefined;
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
  /** Some pool is not in force in its present form: no address may be released because its pool is missing. */
  readonly poolSetAside: boolean;
  /** Pools of which not even a last form is in force. */
  readonly lostPools: readonly LostPool[];
  /** BGPPeers with errors, whichever form of them is in force, that name a BFDProfile. */
  readonly peersSetAside: readonly PeerSetAside[];
}

/** Nothing in force. */
export const EMPTY_CONFIGURATION: Configuration = {
  inForce: new Map(),
  problems: [],
  poolSetAside: false,
  lostPools: [],
  peersSetAside: [],
};
