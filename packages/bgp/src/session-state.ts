import type { NegotiatedSession } from "./negotiation.ts";
import type { Open } from "./open.ts";

/**
 * The state of the session with one peer: its connections, of which at most one is established, and what is being done
 * for another one.
 */
export interface SessionState {
  readonly dial: DialState;
  /** How many times in a row it came to nothing. */
  readonly failures: number;
  readonly connections: readonly SessionConnection[];
  /** The session has been up in the life of this state. */
  readonly wasEstablished: boolean;
  /** The peer refused optional parameters: the next OPEN has none (RFC 5492 section 3). */
  readonly isPlain: boolean;
}

/**
 * - `stopped`: there shall be no session;
 * - `held`: after an error nothing is tried or accepted for a while (RFC 4271 section 8.1.1, DampPeerOscillations);
 * - `dialing`: a connection is being made;
 * - `waiting`: it could not be made, or is the peer's to make;
 * - `idle`: there is a connection, so no other is needed.
 */
export type DialState = "stopped" | "held" | "dialing" | "waiting" | "idle";

/** One TCP connection with the peer (RFC 4271 section 8.2.1 has a state machine for each). */
export type SessionConnection =
  | (ConnectionFacts & { readonly name: "openSent" })
  | (ConnectionFacts & AgreedSession & { readonly name: "openConfirm" })
  | (ConnectionFacts & AgreedSession & { readonly name: "established"; readonly since: number });

interface ConnectionFacts {
  readonly id: number;
  /** The peer made it. */
  readonly isIncoming: boolean;
  /** The OPEN that was sent. */
  readonly open: Open;
}

interface AgreedSession {
  readonly peer: Open;
  readonly session: NegotiatedSession;
  /** Milliseconds at which the peer was last heard. */
  readonly heardAt: number;
  /** Milliseconds between KEEPALIVEs; 0 is none. */
  readonly keepaliveMs: number;
}

/** RFC 4271's name for the state of a session. */
export type SessionName = "idle" | "connect" | "active" | "openSent" | "openConfirm" | "established";

/** A session that nobody has asked for yet. */
export const initialSession: SessionState = {
  dial: "stopped",
  failures: 0,
  connections: [],
  wasEstablished: false,
  isPlain: false,
};

/** Names the state as RFC 4271 section 8.2.2 does: that of the connection which has come farthest. */
export function sessionName({ dial, connections }: SessionState): SessionName {
  for (const name of ["established", "openConfirm", "openSent"] as const) {
    if (connections.some((connection) => connection.name === name)) return name;
  }
  if (dial === "dialing") return "connect";
  return dial === "waiting" ? "active" : "idle";
}

/** The connection whose OPENs have been exchanged. */
export type AgreedConnection = Exclude<SessionConnection, { name: "openSent" }>;

/** Whether both OPENs have been exchanged. */
export const isAgreed = (connection: SessionConnection): connection is AgreedConnection =>
  connection.name !== "openSent";
