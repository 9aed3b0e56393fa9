import type { Family } from "@heraldlb/net";
import type { Holding, Refusal } from "./action.ts";

/** Why a pool did not serve a Service. */
export type PoolRefusal =
  /** `autoAssign: false`, and the Service asks neither for the pool nor for one of its addresses. */
  | "notAutomatic"
  | "namespaceNotAllowed"
  | "serviceNotSelected"
  | "familyNotInPool"
  | "poolExhausted"
  /** What is free of it rests until its cool-down is over. */
  | "coolingDown"
  | "quotaReached"
  /** The requested address is one that the pool avoids. */
  | "buggyAddress"
  /** It has not all of the requested addresses. */
  | "addressNotInPool"
  | "addressInUse"
  | "portInUse";

/** A pool that was considered, and why it did not serve. */
export interface RefusedPool {
  readonly pool: string;
  readonly reason: PoolRefusal;
  /** The family that could not be had from it, where that is the matter. */
  readonly family?: Family | undefined;
  /** When the cool-down of the next address is over, in ms since the epoch. */
  readonly until?: number | undefined;
}

/** What a Service has or why it has nothing, as things are now. */
export interface Explanation {
  readonly holding: Holding | undefined;
  readonly refusal: Refusal | undefined;
  /** The pools that do not serve it, in the order in which they are tried; of a Service with addresses those before its pool. */
  readonly refused: readonly RefusedPool[];
}
