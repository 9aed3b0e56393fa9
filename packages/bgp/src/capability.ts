import type { Family } from "@heraldlb/net";

/**
 * What a speaker offers in its OPEN (RFC 5492).
 *
 * A family is its unicast routes (SAFI 1). Other families are left out of the lists. `unknown` keeps a capability that
 * Herald does not interpret, a multiprotocol one of another family, and one whose value is malformed.
 */
export type Capability =
  /** RFC 4760. */
  | { readonly type: "multiprotocol"; readonly family: Family }
  /** RFC 2918. */
  | { readonly type: "routeRefresh" }
  /** RFC 8950. */
  | { readonly type: "extendedNextHop"; readonly entries: readonly ExtendedNextHop[] }
  /** RFC 8654. */
  | { readonly type: "extendedMessage" }
  | GracefulRestart
  /** RFC 6793. The number is the OPEN's `asn`. */
  | { readonly type: "fourByteAs" }
  /** RFC 7911. */
  | { readonly type: "addPath"; readonly entries: readonly AddPath[] }
  /** RFC 7313. */
  | { readonly type: "enhancedRouteRefresh" }
  /** RFC 9494. */
  | { readonly type: "longLivedGracefulRestart"; readonly entries: readonly LongLivedGracefulRestart[] }
  /** draft-walton-bgp-hostname-capability. */
  | { readonly type: "hostname"; readonly hostname: string; readonly domain: string }
  | { readonly type: "unknown"; readonly code: number; readonly value: Uint8Array };

/** Routes of `family` may have a next hop of the family `nextHop` (RFC 8950 section 4). */
export interface ExtendedNextHop {
  readonly family: Family;
  readonly nextHop: Family;
}

/** The sender keeps forwarding while it restarts, or helps its peer to (RFC 4724 section 3). */
export interface GracefulRestart {
  readonly type: "gracefulRestart";
  /** It has just restarted: wait for nothing from it but its routes. */
  readonly restarted: boolean;
  /** A NOTIFICATION other than a hard reset also keeps routes (RFC 8538 section 2). */
  readonly notification: boolean;
  /** How long a restart takes, 0 to 4095. */
  readonly restartSeconds: number;
  readonly entries: readonly { readonly family: Family; readonly forwarding: boolean }[];
}

/** Which direction the sender can use path identifiers in (RFC 7911 section 4). */
export interface AddPath {
  readonly family: Family;
  readonly mode: "receive" | "send" | "both";
}

/** How long stale routes are kept at low preference after a graceful restart's time (RFC 9494 section 3.1). */
export interface LongLivedGracefulRestart {
  readonly family: Family;
  readonly forwarding: boolean;
  /** 0 to 16777215. */
  readonly staleSeconds: number;
}
