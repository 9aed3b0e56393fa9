import { hardReset } from "./cease.ts";
import type { Notification } from "./notification.ts";
import type { SessionConfig } from "./session-config.ts";
import type { SessionEffect, SessionEnd, SessionTimer } from "./session-event.ts";
import { type AgreedConnection, isAgreed, type SessionConnection, type SessionState } from "./session-state.ts";

/** One step on its way: the state so far, and what is to be done about it. */
export interface SessionContext {
  state: SessionState;
  readonly effects: SessionEffect[];
  readonly config: SessionConfig;
  readonly now: number;
}

/** The timer between attempts, and of an attempt. */
export const RETRY: SessionTimer = { name: "retry" };

// RFC 4271 section 10 wants a quarter taken away at random. After failures it is more, so that many that failed
// together do not return together.
const TIMER_JITTER = 0.25;
const BACKOFF_JITTER = 0.5;
// An attempt costs the peer little, an error that repeats itself more.
const BACKOFF = { waiting: { firstMs: 500, lastMs: 5_000 }, held: { firstMs: 1_000, lastMs: 10_000 } } as const;
const ATTEMPT_MS = 10_000;
// A session that lived this long was no failure.
const STABLE_MS = 30_000;

/** Changes the state. */
export function update(context: SessionContext, change: Partial<SessionState>): void {
  context.state = { ...context.state, ...change };
}

/** Puts a connection's new state in the place of its old one. */
export function replace(context: SessionContext, connection: SessionConnection): void {
  const { connections } = context.state;
  update(context, { connections: connections.map((other) => (other.id === connection.id ? connection : other)) });
}

/** Starts a timer with the jitter of RFC 4271 section 10. */
export function arm({ effects }: SessionContext, timer: SessionTimer, ms: number): void {
  effects.push({ type: "arm", timer, ms, jitter: TIMER_JITTER });
}

/** Starts a timer that must not come early. */
export function armExactly({ effects }: SessionContext, timer: SessionTimer, ms: number): void {
  effects.push({ type: "arm", timer, ms, jitter: 0 });
}

/** Tries to connect, unless that is the peer's business. */
export function dial(context: SessionContext): void {
  const { isPassive, connectRetrySeconds } = context.config;
  if (isPassive) {
    update(context, { dial: "waiting" });
    return;
  }
  update(context, { dial: "dialing" });
  context.effects.push({ type: "dial" });
  arm(context, RETRY, connectRetrySeconds ? connectRetrySeconds * 1000 : ATTEMPT_MS);
}

/** Gives up connecting, because there is a session or shall be none. */
export function stopDialing(context: SessionContext, dialState: "stopped" | "held" | "idle"): void {
  const { state, effects } = context;
  if (state.dial === "dialing") effects.push({ type: "abandon" });
  if (state.dial !== "stopped" && state.dial !== "idle") effects.push({ type: "disarm", timer: RETRY });
  update(context, { dial: dialState });
}

/** Waits before the next attempt to connect, the longer the more often it came to nothing. */
export function retryLater(context: SessionContext, dialState: "held" | "waiting"): void {
  const { failures } = context.state;
  update(context, { dial: dialState, failures: failures + 1 });
  // The peer's next connection is all that a passive side waits for, unless it holds itself back.
  if (dialState === "waiting" && context.config.isPassive) return;
  const { firstMs, lastMs } = BACKOFF[dialState];
  const ms = Math.min(lastMs, firstMs * 2 ** failures);
  context.effects.push({ type: "arm", timer: RETRY, ms, jitter: BACKOFF_JITTER });
}

/** After a failed attempt to connect: as configured, if it is. */
export function retryConnect(context: SessionContext): void {
  const { connectRetrySeconds } = context.config;
  if (connectRetrySeconds === undefined) {
    retryLater(context, "waiting");
    return;
  }
  update(context, { dial: "waiting", failures: context.state.failures + 1 });
  arm(context, RETRY, connectRetrySeconds * 1000);
}

/** Ends a connection, and sees to it that there will be another one. */
export function endConnection(context: SessionContext, connection: SessionConnection, end: SessionEnd): void {
  drop(context, connection, end);
  const { state } = context;
  if (state.connections.some(isAgreed)) return;
  const isError = end.reason === "sent" || end.reason === "received";
  if (isError && state.connections.length === 0) {
    stopDialing(context, "held");
    retryLater(context, "held");
  } else if (state.dial === "idle" && state.connections.every(({ isIncoming }) => isIncoming)) {
    retryLater(context, "waiting");
  }
}

/** Ends a connection because of what came on it. */
export function failConnection(
  context: SessionContext,
  connection: SessionConnection,
  notification: Notification,
): void {
  endConnection(context, connection, { reason: "sent", notification });
}

/** Ends a connection, with a last word if it is this side that ends it, and does nothing about another one. */
export function drop(context: SessionContext, connection: SessionConnection, end: SessionEnd): void {
  const { state, effects, now } = context;
  const { id } = connection;
  if (end.reason === "sent") effects.push({ type: "send", connection: id, message: end.notification });
  effects.push({ type: "close", connection: id });
  const wasUp = connection.name === "established";
  effects.push({ type: "ended", connection: id, wasUp, end });
  const isStable = wasUp && now - connection.since >= STABLE_MS;
  update(context, {
    connections: state.connections.filter((other) => other.id !== id),
    failures: isStable ? 0 : state.failures,
  });
}

/**
 * What tells a peer to forget routes: where a NOTIFICATION alone would have it keep them (RFC 8538 section 4), it is
 * wrapped in a hard reset.
 */
export function asFinal(connection: SessionConnection, notification: Notification): Notification {
  return isAgreed(connection) && connection.session.gracefulRestart?.notification
    ? hardReset(notification)
    : notification;
}

/** Says that this side is alive, and when to do so again. */
export function sendKeepalive(context: SessionContext, { id, keepaliveMs }: AgreedConnection): void {
  context.effects.push({ type: "send", connection: id, message: { type: "keepalive" } });
  if (keepaliveMs > 0) arm(context, { name: "keepalive", connection: id }, keepaliveMs);
}
