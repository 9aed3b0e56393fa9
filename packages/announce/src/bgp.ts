import type { Selector } from "@heraldlb/labels";
import type { Ip, Prefix } from "@heraldlb/net";
import type { AnnouncedPool, AnnouncedService, AnnouncingNode } from "./layer2.ts";

/** A BGPAdvertisement in force, its communities resolved. */
export interface BgpAdvertisement {
  readonly name: string;
  /** Names and selectors of pools; both empty: every pool. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  /** Empty: every node. */
  readonly nodeSelectors: readonly Selector[];
  /** Empty: every Service. */
  readonly serviceSelectors: readonly Selector[];
  /** Names of BGPPeers; empty: all. */
  readonly peers: readonly string[];
  /** Prefix length of IPv4 routes. */
  readonly aggregationLength: number;
  /** Prefix length of IPv6 routes. */
  readonly aggregationLengthV6: number;
  /** LOCAL_PREF towards iBGP peers; 0: the default. */
  readonly localPref: number;
  /** Canonical texts, `64512:1` and `large:64512:1:2`. */
  readonly communities: readonly string[];
  /** MULTI_EXIT_DISC; undefined: as the session does. */
  readonly med?: number | undefined;
  /** How often the own AS number is prepended towards eBGP peers. */
  readonly prepend: number;
  /** Routes carry a link bandwidth in proportion to the node's endpoints. */
  readonly linkBandwidth: boolean;
}

/** A Service with addresses, as far as BGP looks at it. */
export interface BgpService extends Omit<AnnouncedService, "sharingRequested"> {
  readonly addresses: readonly Ip[];
}

/** Everything that decides about nodes before a Service is looked at. */
export interface BgpWorld {
  /** Those that were in force first come first: of two that contradict each other the earlier one counts. */
  readonly advertisements: readonly BgpAdvertisement[];
  readonly pools: readonly AnnouncedPool[];
  readonly nodes: readonly AnnouncingNode[];
  /** The label `node.kubernetes.io/exclude-from-external-load-balancers` has no effect. */
  readonly ignoreExcludeLabel: boolean;
}

/** A route that a node announces. */
export interface BgpRoute {
  readonly prefix: Prefix;
  /** 0: the default. */
  readonly localPref: number;
  /** Sorted. */
  readonly communities: readonly string[];
  readonly med?: number | undefined;
  readonly prepend: number;
  /** Endpoints that the node's share of the traffic is in proportion to; undefined: no weights. */
  readonly weight?: number | undefined;
  /** Names of BGPPeers, sorted; empty: all. */
  readonly peers: readonly string[];
}

/** Why a node announces no routes for a Service; the strings are those of MetalLB. */
export type BgpWithdrawReason =
  | "notOwner"
  | "noMatchingAdvertisement"
  | "nodeNetworkUnavailable"
  | "nodeLabeledExcludeBalancers"
  | "noLocalEndpoints"
  | "noEndpoints";

/** Two advertisements with different LOCAL_PREFs for one route. */
export interface BgpConflict {
  /** The one that counts. */
  readonly kept: string;
  /** The one that has no effect on the Service. */
  readonly ignored: string;
  /** For its owner, one sentence. */
  readonly message: string;
}

/** What each node announces for a Service, and why the others announce nothing. */
export interface BgpPlan {
  /** By node, in its order. */
  readonly routes: ReadonlyMap<string, readonly BgpRoute[]>;
  /** Sorted by node. */
  readonly withheld: readonly { readonly node: string; readonly reason: BgpWithdrawReason }[];
  readonly conflicts: readonly BgpConflict[];
  /** Set when no node announces any: worth telling the Service's owner. */
  readonly warning?: { readonly reason: BgpWithdrawReason | "noNodes"; readonly message: string } | undefined;
}
