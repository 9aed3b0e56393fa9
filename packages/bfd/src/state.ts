import type { BfdControl, BfdStateName } from "./control.ts";
import { DIAGNOSTIC } from "./diagnostic.ts";

/** What one session is asked to do. Intervals are in microseconds. */
export interface BfdConfig {
  /** Not 0, and no other session's of this system. */
  readonly localDiscriminator: number;
  /** How many packets in a row may be lost, 1 to 255. */
  readonly multiplier: number;
  /** More than 0. While the session is not up, packets are a second or more apart all the same. */
  readonly desiredMinTxUs: number;
  /** More than 0. */
  readonly requiredMinRxUs: number;
  /** How often to send echo packets, and how often to let the other side do so. `undefined`: neither. */
  readonly echoIntervalUs: number | undefined;
  /** Says nothing until the other side has spoken (RFC 5880 section 6.1). */
  readonly isPassive: boolean;
  /** Held down on purpose (RFC 5880 section 6.8.16). */
  readonly isAdminDown: boolean;
}

/** What a session waits for. */
export type BfdTimer = keyof BfdTimers;

/** A wait: it ends `intervalMs`, times a share that whoever arms it draws, after `sinceMs`. */
export interface BfdWait {
  /** May be so long ago that the wait is over at once. */
  readonly sinceMs: number;
  readonly intervalMs: number;
  /** The least and the greatest share, equally likely with all between (RFC 5880 section 6.8.7). */
  readonly jitter: readonly [least: number, most: number];
}

/** The waits of a session. */
export interface BfdTimers {
  readonly transmit: BfdWait | undefined;
  readonly detection: BfdWait | undefined;
  readonly echo: BfdWait | undefined;
  readonly echoDetection: BfdWait | undefined;
}

/** The two intervals that are negotiated, in microseconds. */
export interface BfdIntervals {
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
}

/** Where a session stands. Plain data: it can be logged, compared and replayed. */
export interface BfdState {
  readonly name: BfdStateName;
  /** Why, one of `DIAGNOSTIC`. */
  readonly diagnostic: number;
  /** The last packet of the other side; `undefined` when it has been silent for the detection time. */
  readonly remote: BfdControl | undefined;
  readonly heardAtMs: number;
  /** The last packet sent, answers to polls apart. */
  readonly sent: BfdControl | undefined;
  readonly sentAtMs: number;
  /** What our packets say. */
  readonly announced: BfdIntervals;
  /** What we go by: during a poll sequence, the more cautious of the old and the new (RFC 5880 section 6.8.3). */
  readonly used: BfdIntervals;
  /** `changed`: the intervals changed again before the other side had acknowledged, so another sequence must follow. */
  readonly poll: "idle" | "polling" | "changed";
  readonly echo: BfdEchoState;
  readonly timers: BfdTimers;
}

/** What is known of the echo packets of a session. */
export interface BfdEchoState {
  /** How many have been sent; the number of the latest. */
  readonly sent: number;
  readonly sentAtMs: number;
  /** The number of the latest that has come back, or that is not waited for any more. */
  readonly returned: number;
  readonly heardAtMs: number;
  /** This other side has returned one. Until then a missing echo proves nothing but that it does not loop them. */
  readonly isProven: boolean;
}

const NO_INTERVALS: BfdIntervals = { desiredMinTxUs: 0, requiredMinRxUs: 0 };

/** Before the first event, which should be `configured`. */
export const BFD_START: BfdState = {
  name: "down",
  diagnostic: DIAGNOSTIC.none,
  remote: undefined,
  heardAtMs: 0,
  sent: undefined,
  sentAtMs: 0,
  announced: NO_INTERVALS,
  used: NO_INTERVALS,
  poll: "idle",
  echo: { sent: 0, sentAtMs: 0, returned: 0, heardAtMs: 0, isProven: false },
  timers: { transmit: undefined, detection: undefined, echo: undefined, echoDetection: undefined },
};
