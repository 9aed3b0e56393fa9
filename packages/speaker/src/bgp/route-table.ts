import type { Prefix } from "@heraldlb/net";
import type { BgpRoute, RouteAttributes } from "./desired.ts";

interface Shared {
  readonly attributes: RouteAttributes;
  readonly key: string;
  uses: number;
}

/**
 * The desired routes. Equal attributes become one object, so that their prefixes can share a message.
 */
export class RouteTable {
  readonly #routes = new Map<string, BgpRoute>();
  readonly #byPrefix = new Map<Prefix, Map<string, BgpRoute>>();
  readonly #shared = new Map<string, Shared>();

  /** All prefixes that there are routes for. */
  prefixes(): Iterable<Prefix> {
    return this.#byPrefix.keys();
  }

  /** The names of all routes. */
  ids(): Iterable<string> {
    return this.#routes.keys();
  }

  /** Puts a route in the place of the one of that name; returns the prefixes that this may change something for. */
  set(route: BgpRoute): readonly Prefix[] {
    const shared = this.#share(route.attributes);
    const before = this.delete(route.id);
    shared.uses++;
    const { attributes } = shared;
    const kept = { ...route, attributes };
    this.#shared.set(shared.key, shared);
    this.#routes.set(route.id, kept);
    const others = this.#byPrefix.get(route.prefix);
    if (others) others.set(route.id, kept);
    else this.#byPrefix.set(route.prefix, new Map([[route.id, kept]]));
    return before.includes(route.prefix) ? before : [...before, route.prefix];
  }

  /** Removes a route; returns its prefix, if there was one. */
  delete(id: string): readonly Prefix[] {
    const route = this.#routes.get(id);
    if (!route) return [];
    const { prefix } = route;
    this.#routes.delete(id);
    const others = this.#byPrefix.get(prefix);
    others?.delete(id);
    if (others?.size === 0) this.#byPrefix.delete(prefix);
    const shared = this.#share(route.attributes);
    if (--shared.uses === 0) this.#shared.delete(shared.key);
    return [prefix];
  }

  /** The route of that name. */
  get(id: string): BgpRoute | undefined {
    return this.#routes.get(id);
  }

  /** All routes of a prefix. */
  of(prefix: Prefix): Iterable<BgpRoute> {
    return this.#byPrefix.get(prefix)?.values() ?? [];
  }

  /** What a peer is told of a prefix: a route that names the peer, or else one for all; of several the first by name. */
  routeFor(prefix: Prefix, peer: string): BgpRoute | undefined {
    let chosen: BgpRoute | undefined;
    for (const route of this.of(prefix)) {
      if (route.peers && !route.peers.includes(peer)) continue;
      if (!chosen || precedes(route, chosen)) chosen = route;
    }
    return chosen;
  }

  #share(attributes: RouteAttributes): Shared {
    const key = keyOf(attributes);
    return this.#shared.get(key) ?? { attributes, key, uses: 0 };
  }
}

function precedes(a: BgpRoute, b: BgpRoute): boolean {
  if ((a.peers === undefined) !== (b.peers === undefined)) return a.peers !== undefined;
  return a.id < b.id;
}

/** Names what the attributes say, whatever order their lists are in. */
function keyOf(attributes: RouteAttributes): string {
  const { localPref, med, communities = [], largeCommunities = [], prepend, linkBandwidth } = attributes;
  const large = largeCommunities.map(({ administrator, local1, local2 }) => `${administrator}:${local1}:${local2}`);
  return JSON.stringify([localPref, med, communities.toSorted(), large.toSorted(), prepend, linkBandwidth]);
}
