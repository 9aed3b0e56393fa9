import type { SessionConfig } from "@heraldlb/bgp";
import type { BgpPeer } from "./desired.ts";
import { familiesOf } from "./peer-change.ts";

/** What is known about this process's predecessor (RFC 4724 section 3). */
export interface RestartFacts {
  /** There was one, on this node. */
  readonly hasRestarted: boolean;
  /** The node has not been booted since, so packets were forwarded all along. */
  readonly keptForwarding: boolean;
}

/** What the session machine needs to know of a peer's settings. */
export interface NodeFacts {
  readonly node: string;
  readonly restart: RestartFacts;
}

// What FRR tells its peers. A speaker is back in a fraction of it, an upgrade of its image within it.
const RESTART_SECONDS = 120;

/** A peer's settings as the session machine takes them. */
export function sessionConfig(peer: BgpPeer, { node, restart }: NodeFacts): SessionConfig {
  const { asn, peerAsn, holdSeconds, keepaliveSeconds, connectRetrySeconds } = peer;
  const families = familiesOf(peer);
  return {
    asn,
    peerAsn,
    holdSeconds,
    keepaliveSeconds,
    connectRetrySeconds,
    families,
    extendedNextHop: families.length > 1,
    addPath: peer.hasAddPath ? "send" : undefined,
    gracefulRestart: peer.hasGracefulRestart ? { restartSeconds: RESTART_SECONDS, ...restart } : undefined,
    hostname: node,
  };
}
