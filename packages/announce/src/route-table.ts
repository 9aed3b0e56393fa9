import type { Prefix } from "@heraldlb/net";
import type { BgpRoute } from "./bgp.ts";

/** What a node announces for one prefix; several only if its peers are told differently. */
export type NodeRoutes = readonly BgpRoute[];

/**
 * The routes of one node: what its Services want announced, one route for each prefix and peer. A change costs work in
 * proportion to the Services of the prefixes that it touches.
 */
export class RouteTable {
  readonly #wanted = new Map<Prefix, Map<string, readonly BgpRoute[]>>();
  readonly #ofService = new Map<string, readonly BgpRoute[]>();
  readonly #settled = new Map<Prefix, NodeRoutes>();

  /** All prefixes with their routes. */
  get routes(): ReadonlyMap<Prefix, NodeRoutes> {
    return this.#settled;
  }

  /** The prefixes that a Service wants announced. */
  prefixesOf(service: string): ReadonlySet<Prefix> {
    return new Set((this.#ofService.get(service) ?? []).map(({ prefix }) => prefix));
  }

  /** The Services that want a prefix announced. */
  servicesOf(prefix: Prefix): Iterable<string> {
    return this.#wanted.get(prefix)?.keys() ?? [];
  }

  /** The Service now wants exactly these routes; none ends its part. Returns the prefixes whose routes are different. */
  set(service: string, routes: readonly BgpRoute[]): Prefix[] {
    const before = this.#ofService.get(service) ?? [];
    if (before === routes) return [];
    const prefixes = new Set([...before, ...routes].map(({ prefix }) => prefix));
    if (routes.length > 0) this.#ofService.set(service, routes);
    else this.#ofService.delete(service);
    return Array.from(prefixes).filter((prefix) => {
      const wanted = this.#wanted.get(prefix) ?? new Map<string, readonly BgpRoute[]>();
      const mine = routes.filter((route) => route.prefix === prefix);
      if (mine.length > 0) wanted.set(service, mine);
      else wanted.delete(service);
      if (wanted.size > 0) this.#wanted.set(prefix, wanted);
      else this.#wanted.delete(prefix);
      return this.#settle(prefix, Array.from(wanted.values()).flat());
    });
  }

  #settle(prefix: Prefix, wanted: readonly BgpRoute[]): boolean {
    const before = this.#settled.get(prefix) ?? [];
    const now = settle(wanted);
    if (JSON.stringify(before) === JSON.stringify(now)) return false;
    if (now.length > 0) this.#settled.set(prefix, now);
    else this.#settled.delete(prefix);
    return true;
  }
}

/**
 * Makes of all that is wanted for a prefix one route for each peer: communities are united, weights added up. What
 * contradicts otherwise (advertisements that do are set aside before) is decided for the higher LOCAL_PREF, and the
 * lower MED and number of prepended AS, whatever the order. `peers` empty stands for the peers that no route names.
 */
function settle(wanted: readonly BgpRoute[]): NodeRoutes {
  const forAll = wanted.filter(({ peers }) => peers.length === 0);
  const named = new Set(wanted.flatMap(({ peers }) => peers));
  const ofPeers = Array.from(named, (peer) => {
    const route = merge([...forAll, ...wanted.filter(({ peers }) => peers.includes(peer))]);
    return { peer, route, key: JSON.stringify(route) };
  });
  const general = forAll.length > 0 ? merge(forAll) : undefined;
  const groups = Map.groupBy(
    ofPeers.filter(({ key }) => !general || key !== JSON.stringify(general)),
    ({ key }) => key,
  );
  const special = Array.from(groups.values(), (group): BgpRoute => {
    const [first] = group;
    return { ...(first as (typeof group)[number]).route, peers: group.map(({ peer }) => peer).toSorted() };
  });
  const sorted = special.toSorted((a, b) => ((a.peers[0] ?? "") < (b.peers[0] ?? "") ? -1 : 1));
  return general ? [...sorted, general] : sorted;
}

function merge(routes: readonly BgpRoute[]): BgpRoute {
  const [first] = routes;
  const meds = routes.flatMap(({ med }) => (med === undefined ? [] : [med]));
  const weights = routes.flatMap(({ weight }) => (weight === undefined ? [] : [weight]));
  return {
    prefix: (first as BgpRoute).prefix,
    localPref: Math.max(...routes.map(({ localPref }) => localPref)),
    communities: Array.from(new Set(routes.flatMap(({ communities }) => communities))).toSorted(),
    med: meds.length > 0 ? Math.min(...meds) : undefined,
    prepend: Math.min(...routes.map(({ prepend }) => prepend)),
    weight: weights.length > 0 ? weights.reduce((sum, weight) => sum + weight, 0) : undefined,
    peers: [],
  };
}
