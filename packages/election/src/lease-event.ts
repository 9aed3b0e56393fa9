import type { LogEffect } from "./log.ts";

/** Durations of the Lease's protocol, in milliseconds. */
export interface LeaseTimers {
  /** Nobody else takes a Lease that was seen to change less than this ago. */
  readonly leaseMs: number;
  /** A leader is firm for this long after it sent a renewal that succeeded; clearly less than `leaseMs`. */
  readonly renewMs: number;
  /** How often the Lease is renewed or looked at. */
  readonly retryMs: number;
  /** A request without an answer is given up after this. */
  readonly answerMs: number;
}

/** The defaults of the protocol. */
export const DEFAULT_LEASE_TIMERS: LeaseTimers = {
  leaseMs: 3_000,
  renewMs: 2_000,
  retryMs: 500,
  answerMs: 1_000,
};

/** Who takes part in the election, and its timers. */
export interface LeaseConfig {
  /** Random, drawn once per process: a restarted process is another holder. */
  readonly identity: string;
  readonly timers: LeaseTimers;
  /** For simulations that show what each rule is good for; a real controller leaves it out. */
  readonly without?: ReadonlySet<LeaseRule>;
}

/** Rules that a simulation may switch off. */
export type LeaseRule = "maximumTerm";

/** The Lease object, as read or as written. */
export interface LeaseRecord {
  /** `holderIdentity`; undefined once it was released. */
  readonly holder: string | undefined;
  /** `leaseTransitions`: the term of whoever holds it, or held it last. */
  readonly transitions: number;
  /** The API server's `resourceVersion`: another one after every write. */
  readonly version: string;
}

/** Numbers the requests of one process; an answer to one that was given up is told as such, or not at all. */
export type LeaseRequestId = number;

/** What the shell tells about the Lease. `now` is its monotonic clock in milliseconds. */
export type LeaseEvent = { readonly now: number } & (
  | {
      /** Often: at every tick of the controller. */
      readonly type: "tick";
      /** The highest term that this process has heard of or led in. */
      readonly highestTerm: number;
      /** It could not decide anything yet: it looks at the Lease, and leaves it to others. */
      readonly isBlind?: boolean;
    }
  /** A read or a write has succeeded: the Lease as it now is, or undefined if there is none. */
  | { readonly type: "answered"; readonly request: LeaseRequestId; readonly record: LeaseRecord | undefined }
  /** A write was refused, because the Lease is not as expected; or a request has failed otherwise. */
  | { readonly type: "refused" | "failed"; readonly request: LeaseRequestId }
  /** The machine's `stepDown` effect: a speaker tells of a later term, or of this one under another holder. */
  | { readonly type: "stepDown"; readonly above: number }
  /** SIGTERM, once the streams have ended: gives the Lease up. */
  | { readonly type: "release" }
);

/** What the shell must do, in order. */
export type LeaseEffect =
  | LogEffect
  | { readonly type: "read"; readonly request: LeaseRequestId }
  /**
   * Writes the Lease on the condition that it still has this version (undefined: that there is none). `holder`
   * undefined empties the field. Times of renewal are for people; nobody compares them.
   */
  | {
      readonly type: "write";
      readonly request: LeaseRequestId;
      readonly holder: string | undefined;
      readonly transitions: number;
      readonly expected: string | undefined;
    }
  /** For the controller's machine: the events of the same names. */
  | { readonly type: "lead"; readonly term: number }
  | { readonly type: "firm"; readonly firm: boolean }
  | { readonly type: "standby" };
