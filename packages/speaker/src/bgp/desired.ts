import type { LargeCommunity } from "@heraldlb/bgp";
import type { Ip, Ipv4, Prefix } from "@heraldlb/net";

/** All that this node's BGP sessions shall be and say. */
export interface BgpDesired {
  readonly peers: readonly BgpPeer[];
  readonly routes: readonly BgpRoute[];
}

/** One difference from what was desired before. */
export type BgpChange =
  | { readonly type: "peer"; readonly peer: BgpPeer }
  | { readonly type: "peerGone"; readonly name: string }
  | { readonly type: "route"; readonly route: BgpRoute }
  | { readonly type: "routeGone"; readonly id: string };

/** A router to have a session with. Unset fields are off, or as the comment says. */
export interface BgpPeer {
  /** Names the peer among all, and in routes. */
  readonly name: string;
  /** Where it is. Unset for the router at the other end of `interface`, which is found in another way. */
  readonly address?: Ip | undefined;
  /** The interface of a link-local address, or of an unknown one. */
  readonly interface?: string | undefined;
  readonly port: number;
  /** The AS number that this side uses. */
  readonly asn: number;
  readonly peerAsn: number | "internal" | "external";
  /** Where to connect from. Unset: the kernel chooses. */
  readonly sourceAddress?: Ip | undefined;
  /** Unset: the IPv4 address that the connection comes from, or another one of its interface's, or made of the node's name. */
  readonly routerId?: Ipv4 | undefined;
  readonly holdSeconds: number;
  readonly keepaliveSeconds: number;
  /** Unset: attempts take up to 10 s, and pauses grow from 0.5 to 5 s. */
  readonly connectRetrySeconds?: number | undefined;
  /** Signs all segments (RFC 2385): 1 to 80 bytes of UTF-8. Never logged. */
  readonly password?: string | undefined;
  /** The VRF's device, which connections are bound to. */
  readonly vrf?: string | undefined;
  /** The peer may be several hops away. */
  readonly isMultiHop?: boolean | undefined;
  /** Both sides send with a TTL of 255, and drop what comes over more hops than these (GTSM, RFC 5082). Unset: no check. */
  readonly ttlSecurityHops?: number | undefined;
  /** Carries both families; otherwise that of the address alone. A peer without an address carries both. */
  readonly isDualStack?: boolean | undefined;
  /** The peer shall keep routes while the speaker restarts (RFC 4724). */
  readonly hasGracefulRestart?: boolean | undefined;
  /** Numbers the paths that are sent (RFC 7911). */
  readonly hasAddPath?: boolean | undefined;
}

/** A route to announce, to some peers or to all. There is at most one for each prefix and peer. */
export interface BgpRoute {
  /** Names the route in later changes. */
  readonly id: string;
  readonly prefix: Prefix;
  /** Names of peers. Unset: all. */
  readonly peers?: readonly string[] | undefined;
  readonly attributes: RouteAttributes;
}

/** What is said of a route beside where it leads. */
export interface RouteAttributes {
  /** Told to internal peers only. Unset: 100. */
  readonly localPref?: number | undefined;
  /** Unset: 0. */
  readonly med?: number | undefined;
  readonly communities?: readonly number[] | undefined;
  readonly largeCommunities?: readonly LargeCommunity[] | undefined;
  /** How many more times external peers see this side's AS number in the path. */
  readonly prepend?: number | undefined;
  /** The weight among equal routes, in bytes per second (draft-ietf-idr-link-bandwidth). */
  readonly linkBandwidth?: number | undefined;
}
