/** Durations of the speaker's machine, in milliseconds. */
export interface SpeakerTimers {
  /** How often the shell promises to step the machine with `tick`. */
  readonly tickMs: number;
  /** Heartbeat interval and detection time D until a leader's first Reply; then the leader's values count. */
  readonly intervalMs: number;
  readonly detectionMs: number;
  /** A speaker that holds anything dials this often, and gives up a TCP connect after `connectLimitMs`. */
  readonly redialMs: number;
  readonly connectLimitMs: number;
  /** TLS, Hello and the first Reply, counted from when TCP stands. */
  readonly replyLimitMs: number;
  /** A speaker that holds nothing backs off between these, doubling, jittered. */
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** A draining speaker ends after this, `drained` or not. */
  readonly drainLimitMs: number;
  /** How long an owner without a leader bears a rival's claims, by which of the two has the higher MAC. */
  readonly patienceAlone: Patience;
  /** The same under a leader that is not firm. */
  readonly patienceUnsure: Patience;
  readonly conflictLapseMs: number;
  readonly sentinelMs: number;
  readonly probeBackMs: number;
  /** Verification: so many probes, so far apart, and clear so long after the first one. */
  readonly verifyProbes: number;
  readonly verifyProbeMs: number;
  readonly verifyClearMs: number;
  /** Under a leader `verify` waits this much longer than D for its decision before it probes on its own. */
  readonly verifyHoldMs: number;
  readonly yieldedProbeMs: number;
  readonly yieldedClearMs: number;
  readonly leavingLingerMs: number;
  readonly reannounceMs: number;
  /** Gratuitous rounds after the first one, counted from it. */
  readonly roundsMs: readonly number[];
  /** Verification, yielded and conflict probes leave at no more than this rate (frames per second). */
  readonly probesPerSecond: number;
}

/** By the owner's own MAC: whoever has less right yields first. */
export interface Patience {
  readonly higherMacMs: number;
  readonly lowerMacMs: number;
}

/** The defaults of the protocol. */
export const DEFAULT_SPEAKER_TIMERS: SpeakerTimers = {
  tickMs: 25,
  intervalMs: 100,
  detectionMs: 300,
  redialMs: 200,
  connectLimitMs: 200,
  replyLimitMs: 1_000,
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
  drainLimitMs: 2_000,
  patienceAlone: { higherMacMs: 0, lowerMacMs: 100 },
  patienceUnsure: { higherMacMs: 200, lowerMacMs: 300 },
  conflictLapseMs: 800,
  sentinelMs: 100,
  probeBackMs: 100,
  verifyProbes: 3,
  verifyProbeMs: 50,
  verifyClearMs: 225,
  verifyHoldMs: 3_000,
  yieldedProbeMs: 500,
  yieldedClearMs: 3_000,
  leavingLingerMs: 100,
  reannounceMs: 1_000,
  roundsMs: [1_100, 2_200, 3_300, 4_400],
  probesPerSecond: 10_000,
};

/** Durations of the controller's machine, in milliseconds. */
export interface ControllerTimers {
  /** How often the shell promises to step the machine with `tick`. */
  readonly tickMs: number;
  /** Heartbeat interval and number of misses; D is their product. Speakers learn both from the Reply. */
  readonly intervalMs: number;
  readonly misses: number;
  /** A stream that ended without Bye makes a dead process after this. */
  readonly closeDebounceMs: number;
  /** How long groups without a holder wait for expected speakers after the start of a term. */
  readonly startHoldMs: number;
  /** The same where no speaker is expected, for those that nobody knows yet. */
  readonly unknownStartHoldMs: number;
  /** Mass silence is judged after this, in any case. */
  readonly massFreezeMs: number;
  /** Everybody's time to come back after mass silence; raised to D + 700 ms if it is shorter. */
  readonly graceMs: number;
  /** A node whose Assign went unacknowledged gets nothing of the group for this long. */
  readonly failedMs: number;
  /** A strictly preferred node takes over once it was fit this long; after a failed hand-over, only after `preferRetryMs`. */
  readonly preferAfterMs: number;
  readonly preferRetryMs: number;
}

/** The defaults of the protocol. */
export const DEFAULT_CONTROLLER_TIMERS: ControllerTimers = {
  tickMs: 25,
  intervalMs: 100,
  misses: 3,
  closeDebounceMs: 20,
  startHoldMs: 3_000,
  unknownStartHoldMs: 1_000,
  massFreezeMs: 10_000,
  graceMs: 1_000,
  failedMs: 2_000,
  preferAfterMs: 10_000,
  preferRetryMs: 60_000,
};
