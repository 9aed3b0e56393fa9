import type { Labels } from "@heraldlb/labels";
import type { BgpPeer } from "./bgp-peer.ts";
import type { NodeIndex } from "./node-index.ts";
import { endpointKey } from "./peer-endpoint.ts";

interface Grants {
  /** In the order of granting. */
  readonly peers: BgpPeer[];
  /** Index of the peer that each node has there, as far as peers are `indexed`. */
  readonly byNode: Map<Labels, number>;
  indexed: number;
}

/** Which peer each node has at an address (or interface), port and VRF. */
export class EndpointClaims {
  readonly #nodes: NodeIndex;
  readonly #grants = new Map<string, Grants>();

  constructor(nodes: NodeIndex) {
    this.#nodes = nodes;
  }

  /** The first peer that has the endpoint on some node of this one. */
  holder(peer: BgpPeer): BgpPeer | undefined {
    const grants = this.#grants.get(endpointKey(peer));
    if (!grants) return undefined;
    const { nodeSelectors } = peer.spec;
    if (this.#nodes.isEmpty)
      return grants.peers.find(({ spec }) => this.#nodes.meet(spec.nodeSelectors, nodeSelectors));
    // Most endpoints have one peer only, which then need not be looked up by node.
    for (; grants.indexed < grants.peers.length; grants.indexed++) this.#index(grants);
    const held = [...this.#nodes.matching(nodeSelectors)].flatMap((labels) => grants.byNode.get(labels) ?? []);
    return held.length === 0 ? undefined : grants.peers[held.reduce((a, b) => Math.min(a, b))];
  }

  /** Gives the peer its endpoint, where no other one has it. */
  grant(peer: BgpPeer): void {
    const key = endpointKey(peer);
    const grants = this.#grants.get(key);
    if (grants) grants.peers.push(peer);
    else this.#grants.set(key, { peers: [peer], byNode: new Map(), indexed: 0 });
  }

  #index({ peers, byNode, indexed }: Grants): void {
    for (const labels of this.#nodes.matching(peers[indexed]?.spec.nodeSelectors ?? [])) {
      if (!byNode.has(labels)) byNode.set(labels, indexed);
    }
  }
}
