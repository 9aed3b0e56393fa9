import type { Family } from "@heraldlb/net";
import { notification } from "./notification.ts";
import type { SessionConfig } from "./session-config.ts";
import {
  armExactly,
  asFinal,
  dial,
  drop,
  endConnection,
  failConnection,
  RETRY,
  retryConnect,
  retryLater,
  type SessionContext,
  sendKeepalive,
  stopDialing,
  update,
} from "./session-context.ts";
import type { Connected, SessionEffect, SessionEnd, SessionEvent, SessionTimer, Stop } from "./session-event.ts";
import { onMessage } from "./session-message.ts";
import { openToSend } from "./session-open.ts";
import { isAgreed, type SessionConnection, type SessionState } from "./session-state.ts";

/** What one step comes to. */
export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

// RFC 4271 section 8.2.2 suggests four minutes for the peer's OPEN.
const OPEN_HOLD_MS = 240_000;

/**
 * Decides what to do about one event: the session state machine of RFC 4271 section 8, for all connections with one peer.
 *
 * What a NOTIFICATION or another error ends is held back before it is tried again, at first for a second, later for ten.
 * A lost connection is tried again sooner (RFC 4271's IdleHoldTimer and ConnectRetryTimer are one timer
 * here, since they never run together). An attempt that fails leaves the session waiting for the peer (Active).
 */
export function stepSession(state: SessionState, event: SessionEvent, config: SessionConfig): SessionStep {
  const context: SessionContext = { state, effects: [], config, now: event.now };
  handle(context, event);
  return { state: context.state, effects: context.effects };
}

type Handlers = {
  readonly [T in SessionEvent["type"]]: (context: SessionContext, event: Extract<SessionEvent, { type: T }>) => void;
};

const HANDLERS: Handlers = {
  start: (context) => {
    if (context.state.dial === "stopped") dial(context);
  },
  stop,
  fail,
  connected: (context, event) => (event.isIncoming ? accept(context, event) : onDialled(context, event)),
  dialFailed: (context) => {
    if (context.state.dial === "dialing") retryConnect(context);
  },
  closed: onConnection((context, connection) => endConnection(context, connection, { reason: "closed" })),
  received: onConnection((context, connection, { message }) => onMessage(context, connection, message)),
  malformed: onConnection((context, connection, event) => failConnection(context, connection, event.notification)),
  expired: (context, { timer }) => (timer.name === "retry" ? onRetry(context) : onConnectionTimer(context, timer)),
  refresh: (context, { family }) => askAgain(context, family),
};

function handle(context: SessionContext, event: SessionEvent): void {
  // The table's type pairs each handler with its event; TypeScript cannot follow that through the look-up.
  const handler = HANDLERS[event.type] as (context: SessionContext, event: SessionEvent) => void;
  handler(context, event);
}

/** What still comes from a connection that has been ended is nobody's business. */
function onConnection<E extends { readonly connection: number }>(
  act: (context: SessionContext, connection: SessionConnection, event: E) => void,
): (context: SessionContext, event: E) => void {
  return (context, event) => {
    const connection = context.state.connections.find(({ id }) => id === event.connection);
    if (connection) act(context, connection, event);
  };
}

function stop(context: SessionContext, { notification: cause, routes }: Stop): void {
  for (const connection of context.state.connections) {
    const end: SessionEnd = cause
      ? { reason: "sent", notification: routes === "drop" ? asFinal(connection, cause) : cause }
      : { reason: "restarting" };
    drop(context, connection, end);
  }
  stopDialing(context, "stopped");
  update(context, { failures: 0 });
}

/** Without a connection there is nothing to fail. */
function fail(context: SessionContext, { notification: cause }: Extract<SessionEvent, { type: "fail" }>): void {
  const { connections } = context.state;
  if (connections.length === 0) return;
  for (const connection of connections) {
    drop(context, connection, { reason: "sent", notification: asFinal(connection, cause) });
  }
  stopDialing(context, "held");
  retryLater(context, "held");
}

function onDialled(context: SessionContext, event: Connected): void {
  if (context.state.dial !== "dialing") {
    context.effects.push({ type: "close", connection: event.connection });
    return;
  }
  update(context, { dial: "idle" });
  context.effects.push({ type: "disarm", timer: RETRY });
  open(context, event);
}

function accept(context: SessionContext, event: Connected): void {
  const { dial: dialState, connections } = context.state;
  // RFC 4271 section 8.2.2: the Idle state refuses all.
  if (dialState === "stopped" || dialState === "held") {
    context.effects.push({ type: "close", connection: event.connection });
    return;
  }
  for (const connection of connections) {
    if (connection.name === "established") {
      if (connection.session.gracefulRestart) drop(context, connection, { reason: "replaced" });
    } else if (connection.isIncoming) {
      // The peer has only one: it has given up the older.
      drop(context, connection, { reason: "sent", notification: notification("connectionRejected") });
    }
  }
  open(context, event);
}

function open(context: SessionContext, { connection: id, isIncoming, identifier }: Connected): void {
  const { state, config, effects } = context;
  const message = openToSend(state, config, identifier);
  update(context, { connections: [...state.connections, { name: "openSent", id, isIncoming, open: message }] });
  effects.push({ type: "send", connection: id, message });
  armExactly(context, { name: "hold", connection: id }, OPEN_HOLD_MS);
}

type ConnectionTimer = Exclude<SessionTimer, { name: "retry" }>;

const onConnectionTimer = onConnection<ConnectionTimer>((context, connection, timer) => {
  if (timer.name === "hold") onHold(context, connection, timer);
  else if (isAgreed(connection)) sendKeepalive(context, connection);
});

function onRetry(context: SessionContext): void {
  const { dial: dialState } = context.state;
  if (dialState === "dialing") context.effects.push({ type: "abandon" });
  if (dialState === "dialing" || dialState === "waiting" || dialState === "held") dial(context);
}

/** The timer is not restarted for each message, so it may find that the peer was heard since. */
function onHold(context: SessionContext, connection: SessionConnection, timer: SessionTimer): void {
  if (isAgreed(connection)) {
    const left = connection.heardAt + connection.session.holdSeconds * 1000 - context.now;
    if (left > 0) {
      armExactly(context, timer, left);
      return;
    }
  }
  failConnection(context, connection, notification("holdTimerExpired"));
}

function askAgain({ state, effects }: SessionContext, family: Family): void {
  const up = state.connections.find((connection) => connection.name === "established");
  if (!up?.session.routeRefresh || !up.session.families.includes(family)) return;
  effects.push({ type: "send", connection: up.id, message: { type: "routeRefresh", subtype: "request", family } });
}
