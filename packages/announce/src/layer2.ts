import type { Labels, Selector } from "@heraldlb/labels";

/** An L2Advertisement in force. */
export interface Layer2Advertisement {
  readonly name: string;
  /** Names and selectors of pools; both empty: every pool. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  /** Empty: every node. */
  readonly nodeSelectors: readonly Selector[];
  /** Empty: every Service. */
  readonly serviceSelectors: readonly Selector[];
  /** Exact interface names; empty: every interface. */
  readonly interfaces: readonly string[];
  readonly preferredNodes: readonly NodePreference[];
  /** How often its announcements are repeated, in milliseconds; undefined: never. */
  readonly refreshMs?: number | undefined;
}

/** A soft preference: its weight counts for each node that the selector matches. */
export interface NodePreference {
  /** 1 to 100. */
  readonly weight: number;
  readonly selector: Selector;
}

/** A pool, as far as advertisements look at it. */
export interface AnnouncedPool {
  readonly name: string;
  readonly labels: Labels;
}

/** A node that may announce. */
export interface AnnouncingNode {
  readonly name: string;
  readonly labels: Labels;
  /** The node's condition `NetworkUnavailable` is True. */
  readonly networkUnavailable: boolean;
}

/** An endpoint of a Service, from its EndpointSlices. */
export interface Endpoint {
  /** The node it runs on; undefined never counts as local to any. */
  readonly node?: string | undefined;
  readonly ready?: boolean | undefined;
  readonly serving?: boolean | undefined;
}

/** A Service with addresses, as far as announcing looks at it. */
export interface AnnouncedService {
  /** `namespace/name`. */
  readonly key: string;
  readonly labels: Labels;
  /** The pool of its addresses. */
  readonly pool: string;
  readonly externalTrafficPolicy: "Cluster" | "Local";
  /** The sharing annotation is present, with whatever value. */
  readonly sharingRequested: boolean;
  readonly endpoints: readonly Endpoint[];
  /** How often its announcements are repeated, in milliseconds; undefined: as often as its advertisements say. */
  readonly refreshMs?: number | undefined;
}

/** Everything that decides about nodes before a Service is looked at. */
export interface Layer2World {
  readonly advertisements: readonly Layer2Advertisement[];
  readonly pools: readonly AnnouncedPool[];
  readonly nodes: readonly AnnouncingNode[];
  /** The label `node.kubernetes.io/exclude-from-external-load-balancers` has no effect. */
  readonly ignoreExcludeLabel: boolean;
}

/** Why a node does not announce; the strings are those of MetalLB. */
export type WithdrawReason =
  | "notOwner"
  | "noMatchingAdvertisement"
  | "sharedIPWithServiceSelector"
  | "nodeNetworkUnavailable"
  | "nodeLabeledExcludeBalancers"
  | "noLocalEndpoint";

/** A node that may own the addresses of a Service. */
export interface Layer2Candidate {
  readonly node: string;
  /** Sum of the weights of matching preferences; the higher one wins. */
  readonly preference: number;
  /** Over which interfaces it announces; names are sorted. */
  readonly interfaces: "all" | readonly string[];
  /** How often its announcements are repeated, in milliseconds; undefined: never. */
  readonly refreshMs?: number | undefined;
}

/** Who may announce a Service's addresses over layer 2, and why the others may not. */
export interface Layer2Plan {
  /** Sorted by node. */
  readonly candidates: readonly Layer2Candidate[];
  /** Why each of the other nodes may not, sorted by node. */
  readonly withheld: readonly { readonly node: string; readonly reason: WithdrawReason }[];
  /** Set when nobody may announce: worth telling the Service's owner. */
  readonly warning?: { readonly reason: WithdrawReason | "noNodes"; readonly message: string } | undefined;
}
