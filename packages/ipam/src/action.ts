import type { Ip } from "@heraldlb/net";
import type { RefusedPool } from "./explanation.ts";

/** The addresses that a Service has, and the pool they count to. */
export interface Holding {
  /** IPv4 before IPv6. */
  readonly addresses: readonly Ip[];
  /** The pool that contains them; of stranded ones the pool they came from. */
  readonly pool: string;
  /** Set when the pool no longer vouches for the addresses, with the reason; they are kept all the same. */
  readonly stranded?: StrandedReason | undefined;
}

/** What must change so that every Service has the addresses that it should have. */
export type Action =
  | ({
      readonly type: "assign";
      readonly service: string;
      readonly cause: AssignCause;
      /** The pools that were tried before the chosen one; empty unless addresses were chosen. */
      readonly refused: readonly RefusedPool[];
    } & Holding)
  | {
      readonly type: "release";
      readonly service: string;
      readonly addresses: readonly Ip[];
      readonly reason: ReleaseReason;
      readonly message: string;
    }
  | ({
      readonly type: "refuse";
      readonly service: string;
      /** Every pool in the order in which they are tried; where the Service asks for pools or addresses, only those. */
      readonly refused: readonly RefusedPool[];
    } & Refusal);

/**
 * Why an `assign` is told: addresses newly given; found in the stored status and honoured; the second family added to
 * the first; the same addresses under another pool or another stranded state.
 */
export type AssignCause = "allocated" | "restored" | "addressAdded" | "poolChanged";

/** Why a pool no longer vouches for an address: it is in no pool, its pool is closed to the Service, or avoids it. */
export type StrandedReason = "addressOutsidePools" | "poolNotCompatible" | "buggyAddress";

/** Why a Service loses its addresses. */
export type ReleaseReason =
  | "serviceRemoved"
  | "addressOutsidePools"
  | "poolNotCompatible"
  | "buggyAddress"
  | "addressInUse"
  | "portInUse"
  | "familyChanged"
  | "otherAddressRequested"
  | "otherPoolRequested"
  | "noClusterIps"
  | "notEnoughClusterIps"
  | "unreadableStatus"
  | "reassignRequested";

/** Why a Service waits for an address, keeps the old one against its wish, or has one family of the two it prefers. */
export type RefusalReason =
  | "noPools"
  | "noClusterIps"
  | "notEnoughClusterIps"
  | "clusterIpFamilyUnknown"
  | "invalidService"
  | "conflictingRequests"
  | "invalidRequest"
  | "requestedFamilyMismatch"
  | "requestedPoolMismatch"
  | "unknownPool"
  | "addressOutsidePools"
  | "poolNotCompatible"
  | "addressInUse"
  | "portInUse"
  | "poolExhausted"
  | "familyNotInPool"
  | "coolingDown"
  | "quotaReached"
  | "noAddressAvailable"
  | "secondFamilyUnavailable";

/** A standing refusal. */
export interface Refusal {
  readonly reason: RefusalReason;
  /** MetalLB's own words where it has some. */
  readonly message: string;
  /** When trying again may help though nothing else changes, in ms since the epoch. */
  readonly until?: number | undefined;
}
