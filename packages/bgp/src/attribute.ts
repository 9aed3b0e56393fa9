import type { Family, Ip, Ipv4, Ipv6 } from "@heraldlb/net";
import type { AsPathSegment } from "./as-path.ts";
import type { ExtendedCommunity, LargeCommunity } from "./community.ts";
import type { Nlri } from "./nlri.ts";

/**
 * A path attribute (RFC 4271 section 5).
 *
 * AS4_PATH and AS4_AGGREGATOR are not among them: decoding merges them into `asPath` and `aggregator`, encoding for a
 * peer without four-byte AS numbers adds them (RFC 6793). `unknown` is an optional transitive one that Herald does not
 * interpret; encoding sets its Partial bit.
 */
export type PathAttribute =
  | { readonly type: "origin"; readonly origin: Origin }
  | { readonly type: "asPath"; readonly segments: readonly AsPathSegment[] }
  | { readonly type: "nextHop"; readonly address: Ipv4 }
  | { readonly type: "med"; readonly value: number }
  | { readonly type: "localPref"; readonly value: number }
  | { readonly type: "atomicAggregate" }
  | { readonly type: "aggregator"; readonly asn: number; readonly address: Ipv4 }
  /** RFC 1997: 32 bits each, the administrator's AS number in the upper half. */
  | { readonly type: "communities"; readonly values: readonly number[] }
  /** RFC 4456. */
  | { readonly type: "originatorId"; readonly identifier: Ipv4 }
  /** RFC 4456. */
  | { readonly type: "clusterList"; readonly identifiers: readonly Ipv4[] }
  | MpReach
  | MpUnreach
  /** RFC 4360. */
  | { readonly type: "extendedCommunities"; readonly values: readonly ExtendedCommunity[] }
  /** RFC 8092. */
  | { readonly type: "largeCommunities"; readonly values: readonly LargeCommunity[] }
  | { readonly type: "unknown"; readonly code: number; readonly value: Uint8Array };

/** Where a route came from (RFC 4271 section 5.1.1). */
export type Origin = "igp" | "egp" | "incomplete";

/** Where to send packets: an address, and with a global IPv6 one possibly the link-local one (RFC 2545 section 3). */
export interface NextHop {
  readonly address: Ip;
  readonly linkLocal?: Ipv6;
}

/** Announced routes of a family with their next hop (RFC 4760 section 3). */
export interface MpReach {
  readonly type: "mpReach";
  readonly family: Family;
  /** IPv6, except that IPv4 routes may also have an IPv4 one. */
  readonly nextHop: NextHop;
  readonly nlri: readonly Nlri[];
}

/** Withdrawn routes of a family (RFC 4760 section 4). Without any it marks the End-of-RIB (RFC 4724 section 2). */
export interface MpUnreach {
  readonly type: "mpUnreach";
  readonly family: Family;
  readonly nlri: readonly Nlri[];
}
