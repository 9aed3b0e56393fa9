import type { Family } from "@heraldlb/net";
import type { GracefulRestart } from "./capability.ts";

/** What the form of messages depends on, once the OPENs have been exchanged. */
export interface CodecOptions {
  /** Whether AS numbers in attributes have four bytes (RFC 6793). */
  readonly fourByteAs: boolean;
  /** Whether messages may exceed 4096 bytes (RFC 8654): what the peer offers counts for sending, ours for receiving. */
  readonly extendedMessage: Directions<boolean>;
  /** Families whose routes carry path identifiers (RFC 7911). */
  readonly addPath: Directions<readonly Family[]>;
  /** Whether IPv4 routes may have an IPv6 next hop (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Whether the peer is of our AS: LOCAL_PREF and route reflection's attributes come from internal peers only. */
  readonly peer: "internal" | "external";
}

/** One value for what we send, one for what we receive. */
export interface Directions<T> {
  readonly send: T;
  readonly receive: T;
}

/** What two OPENs agree on. */
export interface NegotiatedSession extends CodecOptions {
  /** The smaller of the two; 0 is no keepalives at all. */
  readonly holdSeconds: number;
  /** The peer's. */
  readonly asn: number;
  /** Families that may be exchanged; IPv4 alone if a side does not speak of families (RFC 4760 section 8). */
  readonly families: readonly Family[];
  readonly routeRefresh: boolean;
  /** Both mark the begin and end of a refresh (RFC 7313). */
  readonly enhancedRouteRefresh: boolean;
  /** The peer's offer, if both offer it. */
  readonly gracefulRestart: GracefulRestart | undefined;
}
