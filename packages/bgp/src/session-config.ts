import type { Family } from "@heraldlb/net";

/** What one side wants of a session. */
export interface SessionConfig {
  /** The AS number that this side uses, 1 to 4294967295. */
  readonly asn: number;
  /** The peer's AS number, or whether it must be this side's or another one. */
  readonly peerAsn: number | "internal" | "external";
  /** After how much silence the peer is dead: 0 (never) or 3 to 65535. The smaller of both sides' counts. */
  readonly holdSeconds: number;
  /** How often to say that this side is alive; never less often than three times in the negotiated hold time. */
  readonly keepaliveSeconds: number;
  /** How long to try to connect, and to wait after a failure to. Unset: 10 s, and 0.5 s, doubled each time up to 5 s. */
  readonly connectRetrySeconds?: number | undefined;
  /** Waits for the peer to connect (RFC 4271 section 8.1.1, PassiveTcpEstablishment). */
  readonly isPassive?: boolean | undefined;
  /** Families to exchange. */
  readonly families: readonly Family[];
  /** Offers to send IPv4 routes with IPv6 next hops, and to take them (RFC 8950). */
  readonly extendedNextHop?: boolean | undefined;
  /** Which directions of path identifiers to offer, for all families (RFC 7911). */
  readonly addPath?: "receive" | "send" | "both" | undefined;
  readonly gracefulRestart?: RestartConfig | undefined;
  /** Told to the peer for its displays (draft-walton-bgp-hostname-capability). */
  readonly hostname?: string | undefined;
}

/** What the peer is told about restarts of this side (RFC 4724 section 3). */
export interface RestartConfig {
  /** How long the peer waits for this side to come back, 0 to 4095 seconds. */
  readonly restartSeconds: number;
  /** This process is the successor of one that had the session. */
  readonly hasRestarted: boolean;
  /** Packets were forwarded all along, so the peer may go on using what it learned before. */
  readonly keptForwarding: boolean;
}
