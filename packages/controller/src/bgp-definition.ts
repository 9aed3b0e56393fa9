import type { Ip, Prefix } from "@heraldlb/net";

/** A router, as a node that has a session with it is told of it. Absent fields are off. */
export interface PeerDefinition {
  readonly type: "peer";
  /** Name of the BGPPeer. */
  readonly id: string;
  readonly address?: Ip | undefined;
  readonly interface: string;
  readonly port: number;
  readonly asn: number;
  readonly peerAsn: number | "internal" | "external";
  readonly sourceAddress?: Ip | undefined;
  readonly routerId: string;
  readonly holdSeconds: number;
  readonly keepaliveSeconds: number;
  /** 0: the speaker's choice. */
  readonly connectRetrySeconds: number;
  /** Empty: no signatures. Never logged. */
  readonly password: string;
  readonly vrf: string;
  readonly isMultiHop: boolean;
  /** 0: not checked. */
  readonly ttlSecurityHops: number;
  readonly isDualStack: boolean;
  readonly hasGracefulRestart: boolean;
  readonly hasAddPath: boolean;
  readonly gracefulShutdownMs: number;
  readonly bfd?: BfdDefinition | undefined;
}

/** How a speaker watches a router with BFD. */
export interface BfdDefinition {
  readonly receiveIntervalMs: number;
  readonly transmitIntervalMs: number;
  readonly detectMultiplier: number;
  /** 0: no echo mode. */
  readonly echoIntervalMs: number;
  readonly isPassive: boolean;
  readonly minimumTtl: number;
}

/** A route, as a node that announces it is told of it. */
export interface RouteDefinition {
  readonly type: "route";
  /** Unique on the node. */
  readonly id: string;
  readonly prefix: Prefix;
  /** Empty: all peers that no other route of the prefix names. */
  readonly peers: readonly string[];
  /** 0: the default. */
  readonly localPref: number;
  readonly med: number;
  readonly communities: readonly number[];
  readonly largeCommunities: readonly (readonly [number, number, number])[];
  readonly prepend: number;
  /** 0: no link bandwidth. */
  readonly weight: number;
}

/** A Service that routes of a node are for, as the node is told of it: for its metrics. */
export interface ServiceDefinition {
  readonly type: "service";
  /** The Service's key. */
  readonly id: string;
  readonly addresses: readonly Ip[];
  /** Ids of the routes. */
  readonly routes: readonly string[];
}
