import type { BfdConfig, BfdIntervals, BfdState, BfdTimers, BfdWait } from "./state.ts";

// RFC 5880 sections 6.8.3 and 6.8.9: while a session is not up, and for what is asked of the other side while echo
// packets do the detecting.
const SLOW_US = 1_000_000;

const EXACT = [1, 1] as const;
const JITTER = [0.75, 1] as const;
// A wait of nearly the detection time would expire the session on the slightest delay.
const JITTER_OF_ONE = [0.75, 0.9] as const;

/**
 * Takes up the intervals that configuration, state and echo packets call for (RFC 5880 section 6.8.3).
 *
 * Up, a change starts a poll sequence. Until it ends we keep sending as fast as before if we are to send less often, and
 * keep waiting as long as before if we want packets more often: the other side may not know yet.
 */
export function negotiate(state: BfdState, config: BfdConfig): BfdState {
  const announced = announcedBy(state, config);
  if (state.name !== "up") return { ...state, announced, used: announced, poll: "idle" };
  const isSame =
    announced.desiredMinTxUs === state.announced.desiredMinTxUs &&
    announced.requiredMinRxUs === state.announced.requiredMinRxUs;
  if (isSame) return state;
  return {
    ...state,
    announced,
    used: {
      desiredMinTxUs: Math.min(state.used.desiredMinTxUs, announced.desiredMinTxUs),
      requiredMinRxUs: Math.max(state.used.requiredMinRxUs, announced.requiredMinRxUs),
    },
    poll: state.poll === "idle" ? "polling" : "changed",
  };
}

/** The other side has acknowledged a poll (RFC 5880 section 6.5). */
export function acknowledge(state: BfdState): BfdState {
  if (state.poll === "changed") return { ...state, poll: "polling" };
  return state.poll === "polling" ? { ...state, poll: "idle", used: state.announced } : state;
}

/** How long to wait between echo packets; `undefined` if none may be sent (RFC 5880 section 6.8.9). */
export function echoIntervalUs({ name, remote }: BfdState, { echoIntervalUs }: BfdConfig): number | undefined {
  if (name !== "up" || echoIntervalUs === undefined || !remote || remote.requiredMinEchoRxUs === 0) return undefined;
  return Math.max(echoIntervalUs, remote.requiredMinEchoRxUs);
}

/** What a session in that state waits for. */
export function waits(state: BfdState, config: BfdConfig): BfdTimers {
  const { remote, echo } = state;
  const jitter = config.multiplier === 1 ? JITTER_OF_ONE : JITTER;
  const transmitUs = transmitIntervalUs(state, config);
  const echoUs = echoIntervalUs(state, config);
  const wait = (sinceMs: number, us: number, share: BfdWait["jitter"]): BfdWait => ({
    sinceMs,
    intervalMs: us / 1_000,
    jitter: share,
  });
  return {
    transmit: transmitUs === undefined ? undefined : wait(state.sentAtMs, transmitUs, jitter),
    // RFC 5880 section 6.8.4.
    detection:
      remote &&
      wait(state.heardAtMs, remote.multiplier * Math.max(state.used.requiredMinRxUs, remote.desiredMinTxUs), EXACT),
    echo: echoUs === undefined ? undefined : wait(echo.sentAtMs, echoUs, jitter),
    echoDetection:
      echoUs === undefined || !echo.isProven ? undefined : wait(echo.heardAtMs, config.multiplier * echoUs, EXACT),
  };
}

function announcedBy(state: BfdState, config: BfdConfig): BfdIntervals {
  const { desiredMinTxUs, requiredMinRxUs } = config;
  const isEchoing = state.echo.isProven && echoIntervalUs(state, config) !== undefined;
  return {
    desiredMinTxUs: state.name === "up" ? desiredMinTxUs : Math.max(desiredMinTxUs, SLOW_US),
    requiredMinRxUs: isEchoing ? Math.max(requiredMinRxUs, SLOW_US) : requiredMinRxUs,
  };
}

/** How often to send of our own accord; `undefined`: not at all (RFC 5880 section 6.8.7). */
function transmitIntervalUs({ name, remote, used, poll }: BfdState, config: BfdConfig): number | undefined {
  if (!remote) return config.isPassive ? undefined : used.desiredMinTxUs;
  if (remote.requiredMinRxUs === 0) return undefined;
  if (remote.isDemand && remote.state === "up" && name === "up" && poll === "idle") return undefined;
  return Math.max(used.desiredMinTxUs, remote.requiredMinRxUs);
}
