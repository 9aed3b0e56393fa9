import type { Ipv4 } from "@heraldlb/net";
import type { ReceivedMessage } from "./message.ts";
import type { Open } from "./open.ts";
import { stepSession } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import type { SessionEffect, SessionEvent } from "./session-event.ts";
import { openToSend } from "./session-open.ts";
import { initialSession, type SessionState } from "./session-state.ts";

/** An event that happens right after the one before. */
export type Untimed<E> = E extends unknown ? Omit<E, "now"> & { readonly now?: number } : never;
export type Happening = Untimed<SessionEvent>;

export const OWN_ID = "192.0.2.1" as Ipv4;
export const PEER_ID = "192.0.2.2" as Ipv4;

export const CONFIG: SessionConfig = {
  asn: 64512,
  peerAsn: 64513,
  holdSeconds: 90,
  keepaliveSeconds: 30,
  families: ["ipv4"],
};

export const RESTARTABLE: SessionConfig = {
  ...CONFIG,
  gracefulRestart: { restartSeconds: 120, hasRestarted: false, keptForwarding: false },
};

/** The OPEN of a peer that is configured as this side is, but for its number. */
export function peerOpen(change: Partial<Open> = {}, config: SessionConfig = CONFIG): Open {
  return { ...openToSend(initialSession, config, PEER_ID), asn: 64513, ...change };
}

/** What happened in all, and what the last event led to. */
export interface Outcome {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

/** Lets events happen, from a session that nobody has asked for. */
export function after(events: readonly Happening[], config: SessionConfig = CONFIG): Outcome {
  let now = 0;
  let outcome: Outcome = { state: initialSession, effects: [] };
  for (const event of events) {
    now = event.now ?? now;
    outcome = stepSession(outcome.state, { ...event, now } as SessionEvent, config);
  }
  return outcome;
}

export const START: Happening = { type: "start" };
export const RETRY: Happening = { type: "expired", timer: { name: "retry" } };
export const dialled = (connection = 1): Happening => ({
  type: "connected",
  connection,
  isIncoming: false,
  identifier: OWN_ID,
});
export const accepted = (connection = 2): Happening => ({
  type: "connected",
  connection,
  isIncoming: true,
  identifier: OWN_ID,
});
export const received = (message: ReceivedMessage, connection = 1): Happening => ({
  type: "received",
  connection,
  message,
});
export const closed = (connection = 1): Happening => ({ type: "closed", connection });
export const expired = (name: "hold" | "keepalive", connection = 1): Happening => ({
  type: "expired",
  timer: { name, connection },
});

export const KEEPALIVE: ReceivedMessage = { type: "keepalive" };
export const UPDATE: ReceivedMessage = { type: "update", withdrawn: [], attributes: [], announced: [], errors: [] };

export const OPEN_SENT: readonly Happening[] = [START, dialled()];
export const OPEN_CONFIRM: readonly Happening[] = [...OPEN_SENT, received(peerOpen())];
export const ESTABLISHED: readonly Happening[] = [...OPEN_CONFIRM, received(KEEPALIVE)];
/** The same with graceful restart on both sides; for `RESTARTABLE`. */
export const RESTARTABLE_UP: readonly Happening[] = [
  ...OPEN_SENT,
  received(peerOpen({}, RESTARTABLE)),
  received(KEEPALIVE),
];
