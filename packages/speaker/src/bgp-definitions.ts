import type { BfdProfile } from "./bfd/desired-session.ts";
import type { BgpPeer, BgpRoute } from "./bgp/desired.ts";

/** A router that this node has a session with, and what goes with the session. */
export interface NodePeer {
  readonly bgp: BgpPeer;
  /** How to watch it with BFD; undefined: not at all. */
  readonly bfd: BfdProfile | undefined;
  /** How long routes ask for the traffic to go elsewhere before the node, which ends, withdraws them. */
  readonly gracefulShutdownMs: number;
}

/** One difference from what was defined before. */
export type NodeChange =
  | { readonly type: "peer"; readonly peer: NodePeer }
  | { readonly type: "peerGone"; readonly name: string }
  | { readonly type: "route"; readonly route: BgpRoute }
  | { readonly type: "routeGone"; readonly id: string };

/** What a router is called when it could not be applied. */
export const peerLabel = (name: string): string => `BGPPeer ${name}`;

/** What a route is called when it could not be applied. */
export const routeLabel = (id: string): string => `route ${id}`;

/** What an item is called when it could not be applied. */
export function changeLabel(change: NodeChange): string {
  switch (change.type) {
    case "peer":
      return peerLabel(change.peer.bgp.name);
    case "peerGone":
      return peerLabel(change.name);
    case "route":
      return routeLabel(change.route.id);
    case "routeGone":
      return routeLabel(change.id);
  }
}

/** All routers and routes of this node. */
export interface NodeBgp {
  readonly peers: readonly NodePeer[];
  readonly routes: readonly BgpRoute[];
}

/** The routers and routes that concern this node, as the definitions say. */
export class BgpDefinitions {
  readonly #peers = new Map<string, NodePeer>();
  readonly #routes = new Map<string, BgpRoute>();

  constructor({ peers, routes }: NodeBgp = { peers: [], routes: [] }) {
    for (const peer of peers) this.#peers.set(peer.bgp.name, peer);
    for (const route of routes) this.#routes.set(route.id, route);
  }

  get all(): NodeBgp {
    return { peers: [...this.#peers.values()], routes: [...this.#routes.values()] };
  }

  /** Takes everything there is now. Returns what to do about it. */
  replace({ peers, routes }: NodeBgp): readonly NodeChange[] {
    const names = new Set(peers.map(({ bgp }) => bgp.name));
    const ids = new Set(routes.map(({ id }) => id));
    const gonePeers = [...this.#peers.keys()].filter((name) => !names.has(name));
    const goneRoutes = [...this.#routes.keys()].filter((id) => !ids.has(id));
    return this.update([
      ...goneRoutes.map((id) => ({ type: "routeGone", id }) as const),
      ...routes.map((route) => ({ type: "route", route }) as const),
      ...gonePeers.map((name) => ({ type: "peerGone", name }) as const),
      ...peers.map((peer) => ({ type: "peer", peer }) as const),
    ]);
  }

  /** Takes changes. Returns those that are any. */
  update(changes: readonly NodeChange[]): readonly NodeChange[] {
    return changes.filter((change) => this.#take(change));
  }

  #take(change: NodeChange): boolean {
    switch (change.type) {
      case "peer":
        return put(this.#peers, change.peer.bgp.name, change.peer);
      case "route":
        return put(this.#routes, change.route.id, change.route);
      case "peerGone":
        return this.#peers.delete(change.name);
      case "routeGone":
        return this.#routes.delete(change.id);
    }
  }
}

function put<T>(map: Map<string, T>, key: string, value: T): boolean {
  const before = map.get(key);
  map.set(key, value);
  return before === undefined || JSON.stringify(before) !== JSON.stringify(value);
}
