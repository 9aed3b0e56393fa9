import type { Family, Ipv4 } from "@heraldlb/net";
import type { BgpMessage, ReceivedMessage } from "./message.ts";
import type { NegotiatedSession } from "./negotiation.ts";
import type { Notification } from "./notification.ts";
import type { Open } from "./open.ts";
import type { RouteRefresh } from "./route-refresh.ts";
import type { ReceivedUpdate } from "./update.ts";

/** What happened, at `now` milliseconds on a clock that never goes back. */
export type SessionEvent = { readonly now: number } & (
  | { readonly type: "start" }
  | Stop
  /** The session must end for a reason of this side's, BFD for example, and be tried again later. */
  | { readonly type: "fail"; readonly notification: Notification }
  | Connected
  | { readonly type: "dialFailed" }
  /** The peer, or the network, ended a connection. */
  | { readonly type: "closed"; readonly connection: number }
  | { readonly type: "received"; readonly connection: number; readonly message: ReceivedMessage }
  /** What was received is no message. */
  | { readonly type: "malformed"; readonly connection: number; readonly notification: Notification }
  | { readonly type: "expired"; readonly timer: SessionTimer }
  /** The peer shall send its whole table again, if it can (RFC 2918). */
  | { readonly type: "refresh"; readonly family: Family }
);

/** There shall be no session. */
export interface Stop {
  readonly type: "stop";
  /** Why. Unset: connections are closed without a word, and a peer that agreed to it keeps its routes (RFC 4724). */
  readonly notification: Notification | undefined;
  /** Whether a peer that would keep its routes over a NOTIFICATION may (RFC 8538). */
  readonly routes: "keep" | "drop";
}

/** A dialled connection has been made, or one of the peer's accepted. */
export interface Connected {
  readonly type: "connected";
  /** Names the connection; never used again. */
  readonly connection: number;
  readonly isIncoming: boolean;
  /** The BGP identifier to use on it. */
  readonly identifier: Ipv4;
}

/** What to do, in this order. */
export type SessionEffect =
  | { readonly type: "dial" }
  /** Drop the connection that is being made. */
  | { readonly type: "abandon" }
  | { readonly type: "send"; readonly connection: number; readonly message: BgpMessage }
  /** Close it once all has been sent, and drop its timers. */
  | { readonly type: "close"; readonly connection: number }
  /** (Re)start a timer. Up to the share `jitter` of its time is to be taken away at random (RFC 4271 section 10). */
  | { readonly type: "arm"; readonly timer: SessionTimer; readonly ms: number; readonly jitter: number }
  | { readonly type: "disarm"; readonly timer: SessionTimer }
  /** Routes may be exchanged. */
  | { readonly type: "up"; readonly connection: number; readonly session: NegotiatedSession; readonly peer: Open }
  | { readonly type: "ended"; readonly connection: number; readonly wasUp: boolean; readonly end: SessionEnd }
  /** The peer's routes, or the marks around their repetition (RFC 7313). */
  | { readonly type: "routes"; readonly message: ReceivedUpdate | RouteRefresh }
  /** The peer wants the whole table again. */
  | { readonly type: "refreshRequested"; readonly family: Family };

/** A timer of the session, or of one of its connections. */
export type SessionTimer =
  | { readonly name: "retry" }
  | { readonly name: "hold" | "keepalive"; readonly connection: number };

/** Why a connection ended. */
export type SessionEnd =
  | { readonly reason: "sent" | "received"; readonly notification: Notification }
  /** The peer or the network closed it. */
  | { readonly reason: "closed" }
  /** This side closed it without a word, for a graceful restart. */
  | { readonly reason: "restarting" }
  /** The peer opened another one, which shows that it has restarted (RFC 4724 section 5). */
  | { readonly reason: "replaced" };
