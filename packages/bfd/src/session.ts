import type { BfdControl } from "./control.ts";
import { DIAGNOSTIC } from "./diagnostic.ts";
import type { BfdConfig, BfdEchoState, BfdState, BfdTimer, BfdTimers, BfdWait } from "./state.ts";
import { acknowledge, echoIntervalUs, negotiate, waits } from "./timing.ts";

/** What happens to a session, and when, on any clock that never goes back. */
export type BfdEvent =
  /** It starts, or its configuration has changed. */
  | { readonly type: "configured"; readonly atMs: number }
  /** A packet that was found to be this session's, and has no `receptionProblem`. */
  | { readonly type: "received"; readonly packet: BfdControl; readonly atMs: number }
  /** An echo packet of this session has come back. */
  | { readonly type: "echoed"; readonly sequence: number; readonly atMs: number }
  /** A wait that was armed, and neither disarmed nor armed anew since, is over. */
  | { readonly type: "expired"; readonly timer: BfdTimer; readonly atMs: number };

/** What is to be done. */
export type BfdEffect =
  | { readonly type: "send"; readonly packet: BfdControl }
  | { readonly type: "sendEcho"; readonly sequence: number }
  /** Replaces an earlier wait of that timer. */
  | ({ readonly type: "arm"; readonly timer: BfdTimer } & BfdWait)
  | { readonly type: "disarm"; readonly timer: BfdTimer };

/** What an event leads to. */
export interface BfdStep {
  readonly state: BfdState;
  readonly effects: readonly BfdEffect[];
}

/**
 * Advances a session by one event: RFC 5880 section 6.8, asynchronous mode with the echo function.
 *
 * The peer's demand mode is respected, our own never used. Whoever runs it draws the jitter, and must read what the
 * socket holds before it says that a detection time has expired.
 */
export function stepBfd(state: BfdState, event: BfdEvent, config: BfdConfig): BfdStep {
  const changed = negotiate(withEcho(apply(state, event, config), event, config), config);
  const sends = transmissions(changed, event, config);
  const sent = sends.reduce((last, { packet }) => (packet.isFinal ? told(packet, last) : packet), changed.sent);
  const isSent = sends.some(({ packet }) => !packet.isFinal);
  const next: BfdState = { ...changed, sent, sentAtMs: isSent ? event.atMs : changed.sentAtMs };
  const timers = waits(next, config);
  const running = event.type === "expired" ? { ...state.timers, [event.timer]: undefined } : state.timers;
  const echoes: BfdEffect[] =
    next.echo.sent === state.echo.sent ? [] : [{ type: "sendEcho", sequence: next.echo.sent >>> 0 }];
  return { state: { ...next, timers }, effects: [...sends, ...echoes, ...changesOf(running, timers)] };
}

function apply(state: BfdState, event: BfdEvent, config: BfdConfig): BfdState {
  switch (event.type) {
    case "configured":
      if (config.isAdminDown) return { ...state, name: "adminDown", diagnostic: DIAGNOSTIC.administrativelyDown };
      return state.name === "adminDown" ? { ...state, name: "down", diagnostic: DIAGNOSTIC.none } : state;
    case "received":
      return receive(state, event.packet, event.atMs);
    case "echoed":
      return { ...state, echo: returned(state.echo, event.sequence, event.atMs) };
    case "expired":
      return expire(state, event.timer);
  }
}

/** RFC 5880 section 6.8.6, from where the packet's fields are taken over. */
function receive(state: BfdState, packet: BfdControl, atMs: number): BfdState {
  const isSameRemote = state.remote?.myDiscriminator === packet.myDiscriminator;
  const heard: BfdState = {
    ...(packet.isFinal ? acknowledge(state) : state),
    remote: packet,
    heardAtMs: atMs,
    echo: isSameRemote ? state.echo : { ...state.echo, isProven: false },
  };
  switch (state.name) {
    case "adminDown":
      return heard;
    case "down":
      if (packet.state === "down") return { ...heard, name: "init" };
      return packet.state === "init" ? up(heard) : heard;
    case "init":
      if (packet.state === "init" || packet.state === "up") return up(heard);
      return packet.state === "adminDown" ? down(heard, DIAGNOSTIC.neighborSignaledSessionDown) : heard;
    case "up":
      if (packet.state === "init" || packet.state === "up") return heard;
      return down(heard, DIAGNOSTIC.neighborSignaledSessionDown);
  }
}

function expire(state: BfdState, timer: BfdTimer): BfdState {
  const isAlive = state.name === "init" || state.name === "up";
  if (timer === "detection") {
    const silent: BfdState = { ...state, remote: undefined, echo: { ...state.echo, isProven: false } };
    return isAlive ? down(silent, DIAGNOSTIC.controlDetectionTimeExpired) : silent;
  }
  return timer === "echoDetection" && isAlive ? down(state, DIAGNOSTIC.echoFunctionFailed) : state;
}

const up = (state: BfdState): BfdState => ({ ...state, name: "up", diagnostic: DIAGNOSTIC.none });

const down = (state: BfdState, diagnostic: number): BfdState => ({ ...state, name: "down", diagnostic });

/** Counts an echo packet unless it has been counted, or was overtaken: a replay must not hide a broken path. */
function returned(echo: BfdEchoState, sequence: number, atMs: number): BfdEchoState {
  const age = (echo.sent - sequence) >>> 0;
  if (age >= echo.sent - echo.returned) return echo;
  return { ...echo, returned: echo.sent - age, heardAtMs: atMs, isProven: true };
}

/** Starts, continues and stops the echo packets (RFC 5880 sections 6.8.8 and 6.8.9). */
function withEcho(state: BfdState, event: BfdEvent, config: BfdConfig): BfdState {
  const { echo } = state;
  const { atMs } = event;
  if (echoIntervalUs(state, config) === undefined) return { ...state, echo: { ...echo, returned: echo.sent } };
  const isStarting = state.timers.echo === undefined;
  const isDue = event.type === "expired" && event.timer === "echo";
  if (!isStarting && !isDue) return state;
  const heardAtMs = isStarting ? atMs : echo.heardAtMs;
  return { ...state, echo: { ...echo, sent: echo.sent + 1, sentAtMs: atMs, heardAtMs } };
}

/** The packets to send now: the answer to a poll, then what is due or must not wait. */
function transmissions(
  state: BfdState,
  event: BfdEvent,
  config: BfdConfig,
): readonly Extract<BfdEffect, { type: "send" }>[] {
  const packet = describe(state, config);
  const isPolled = event.type === "received" && event.packet.isPoll && state.name !== "adminDown";
  // Not governed by the transmission timer, and never a poll itself (RFC 5880 sections 6.5 and 6.8.7).
  const answer: BfdControl = { ...packet, isPoll: false, isFinal: true };
  const isDue = event.type === "expired" && event.timer === "transmit";
  const isMuted = config.isPassive && !state.remote;
  const isNews = hasNews(packet, isPolled ? told(answer, state.sent) : state.sent);
  return [
    ...(isPolled ? [{ type: "send", packet: answer } as const] : []),
    ...(isDue || (isNews && !isMuted) ? [{ type: "send", packet } as const] : []),
  ];
}

function describe(state: BfdState, config: BfdConfig): BfdControl {
  return {
    diagnostic: state.diagnostic,
    state: state.name,
    isPoll: state.poll !== "idle",
    isFinal: false,
    isControlPlaneIndependent: false,
    isDemand: false,
    isMultipoint: false,
    multiplier: config.multiplier,
    myDiscriminator: config.localDiscriminator,
    yourDiscriminator: state.remote?.myDiscriminator ?? 0,
    ...state.announced,
    requiredMinEchoRxUs: config.echoIntervalUs ?? 0,
  };
}

/** What the other side knows after an answer to its poll: all but that we poll. */
function told(answer: BfdControl, last: BfdControl | undefined): BfdControl {
  return { ...answer, isFinal: false, isPoll: last?.isPoll ?? false };
}

/** Whether the other side should hear of it before the next periodic packet. The end of a poll can wait. */
function hasNews(packet: BfdControl, said: BfdControl | undefined): boolean {
  if (!said) return true;
  if (packet.isPoll && !said.isPoll) return true;
  return NEWS.some((field) => packet[field] !== said[field]);
}

const NEWS = [
  "diagnostic",
  "state",
  "multiplier",
  "yourDiscriminator",
  "desiredMinTxUs",
  "requiredMinRxUs",
  "requiredMinEchoRxUs",
] as const satisfies readonly (keyof BfdControl)[];

function changesOf(running: BfdTimers, wanted: BfdTimers): BfdEffect[] {
  return TIMERS.flatMap((timer): BfdEffect[] => {
    const [before, after] = [running[timer], wanted[timer]];
    if (!after) return before ? [{ type: "disarm", timer }] : [];
    const isSame =
      before?.sinceMs === after.sinceMs &&
      before.intervalMs === after.intervalMs &&
      before.jitter[1] === after.jitter[1];
    return isSame ? [] : [{ type: "arm", timer, ...after }];
  });
}

const TIMERS = ["transmit", "detection", "echo", "echoDetection"] as const satisfies readonly BfdTimer[];
