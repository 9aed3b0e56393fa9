import { isDeepStrictEqual } from "node:util";
import {
  type BgpAdvertisement,
  type BgpConflict,
  BgpPlanner,
  type BgpRoute,
  type BgpWorld,
  type NodeRoutes,
  RouteTable,
} from "@heraldlb/announce";
import { peersOfNode, type ResolvedPeer, resolveBgp } from "@heraldlb/config";
import type { Holding } from "@heraldlb/ipam";
import { type Family, familyOf, type Ip, type Prefix, prefixAddress } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import type { PeerDefinition, RouteDefinition, ServiceDefinition } from "./bgp-definition.ts";
import { hearersOf, hearingOf, isHeardOf } from "./bgp-hearers.ts";
import { peerDefinition } from "./bgp-peers.ts";
import { prefixOf, routeId } from "./bgp-route-id.ts";
import { bgpService, bgpWorld, communitiesOf } from "./bgp-world.ts";
import type { Definitions } from "./definitions.ts";
import { FormerAdvertisements } from "./former-advertisements.ts";
import type { PeerPasswords } from "./peer-passwords.ts";
import type { BgpSilence, Unannounced } from "./unannounced.ts";
import type { World } from "./world.ts";

/** What a plan of BGP depends on. */
export interface BgpPlanOptions {
  readonly world: World;
  readonly definitions: Definitions;
  readonly log: Logger;
  readonly ignoreExcludeLabel: boolean;
  /** What nobody may announce by BGP. */
  readonly unannounced: Unannounced;
  /** By which advertisements stranded Services were announced last, by their keys. */
  readonly former: ReadonlyMap<string, readonly BgpAdvertisement[]>;
  readonly passwords: PeerPasswords;
  /** A Service's addresses; undefined if it has none. */
  holdingOf(service: string): Holding | undefined;
}

/** What one node is told. */
interface NodeState {
  readonly routes: RouteTable;
  peers: ReadonlyMap<string, PeerDefinition>;
  /** Ids of the routes that it was told for a prefix. */
  readonly told: Map<Prefix, readonly string[]>;
}

// Of those that are forgotten nodes are told once more than need be.
const MOST_VARIANTS = 16;

const plannerOf = (facts: BgpWorld, advertisements: readonly BgpAdvertisement[]): BgpPlanner =>
  new BgpPlanner({ ...facts, advertisements });

/** The routers and routes of all nodes, kept up to date Service by Service. */
export class BgpPlan {
  readonly #options: BgpPlanOptions;
  #planner: BgpPlanner;
  readonly #former: FormerAdvertisements<BgpAdvertisement, BgpWorld, BgpPlanner>;
  #hasPeers = false;
  readonly #nodes = new Map<string, NodeState>();
  /** For each Service with routes: the nodes that have them. */
  readonly #planned = new Map<string, readonly string[]>();
  readonly #definitions = new WeakMap<BgpRoute, RouteDefinition>();
  /** As nodes are told of a Service, each way once: they differ where nodes announce it by other routes. */
  readonly #services = new Map<string, readonly ServiceDefinition[]>();
  readonly #peers = new Map<string, PeerDefinition>();
  readonly #conflicts = new Map<string, string>();
  readonly #stale = new Set<string>();

  constructor(options: BgpPlanOptions) {
    this.#options = options;
    const facts = bgpWorld(options.world, [], options.ignoreExcludeLabel);
    this.#former = new FormerAdvertisements(facts, { remembered: options.former, plannerOf });
    this.#planner = this.refresh();
  }

  /** Services whose routes are still to be planned again. */
  get staleServices(): number {
    return this.#stale.size;
  }

  /** Routers, advertisements, pools or nodes have changed: every Service is to be planned again, by `proceed`. */
  refresh(): BgpPlanner {
    const { world, ignoreExcludeLabel } = this.#options;
    const { peers, advertisements } = resolveBgp(world.inForce);
    const facts = bgpWorld(world, advertisements, ignoreExcludeLabel);
    this.#planner = new BgpPlanner(facts);
    this.#former.refresh(facts);
    this.#hasPeers = peers.length > 0;
    this.#tellPeers(peers);
    for (const key of world.serviceKeys) this.#stale.add(key);
    return this.#planner;
  }

  /** These Services' addresses, labels or endpoints may have changed. */
  update(services: Iterable<string>): void {
    for (const service of services) {
      this.#stale.delete(service);
      this.#plan(service);
    }
  }

  /** Plans so many of the Services that are to be planned again. */
  proceed(count: number): void {
    this.update(this.#stale.values().take(count).toArray());
  }

  /** Services that are announced by advertisements that are gone, since this was last asked; none: not any more. */
  takeNews(): ReadonlyMap<string, readonly BgpAdvertisement[]> {
    return this.#former.takeNews();
  }

  /** For each node that announces a Service, the ids of the routes that it was told to announce it by. */
  routesOf(service: string): ReadonlyMap<string, readonly string[]> {
    const nodes = this.#planned.get(service) ?? [];
    return new Map(nodes.map((node) => [node, routesFor(service, this.#node(node))]));
  }

  /** For each node that announces a Service, the names of the routers that are to hear of its addresses of a family. */
  hearersOf(service: string, family: Family): ReadonlyMap<string, ReadonlySet<string>> {
    const hearers = new Map<string, ReadonlySet<string>>();
    for (const node of this.#planned.get(service) ?? []) {
      const { routes, peers } = this.#node(node);
      const prefixes = [...routes.prefixesOf(service)].filter((prefix) => familyOf(prefixAddress(prefix)) === family);
      const its = prefixes.flatMap((prefix) => routes.routes.get(prefix) ?? []);
      const names = new Set(its.flatMap((route) => hearersOf(route, peers)));
      if (names.size > 0) hearers.set(node, names);
    }
    return hearers;
  }

  /** Keys of the Services that a route is announced for, on whichever node. */
  servicesOf(route: string): ReadonlySet<string> {
    const prefix = prefixOf(route);
    return new Set(this.#nodes.values().flatMap(({ routes }) => routes.servicesOf(prefix)));
  }

  #plan(service: string): void {
    const { world, holdingOf } = this.#options;
    const before = this.#planned.get(service);
    const holding = holdingOf(service);
    if (!holding) this.#former.forget(service);
    const known = this.#hasPeers && holding && bgpService(world, service, holding);
    const plan = known ? this.#plannerFor(service, holding).plan(known) : undefined;
    this.#warn(service, plan?.conflicts ?? []);
    const routes: ReadonlyMap<string, readonly BgpRoute[]> = plan?.routes ?? new Map();
    for (const node of new Set([...(before ?? []), ...routes.keys()])) {
      const state = this.#node(node);
      for (const prefix of state.routes.set(service, routes.get(node) ?? [])) this.#tell(node, state, prefix);
      this.#tellService(node, state, service);
    }
    if (routes.size > 0) this.#planned.set(service, [...routes.keys()]);
    else {
      this.#planned.delete(service);
      this.#services.delete(service);
    }
    this.#options.unannounced.noteBgp(service, plan ? (plan.warning ?? this.#unheard(service, routes)) : "unreached");
  }

  #plannerFor(service: string, { pool, stranded }: Holding): BgpPlanner {
    return this.#former.note(service, { pool, isStranded: stranded !== undefined }) ?? this.#planner;
  }

  /** Routes that no router hears of are as good as none. */
  #unheard(service: string, routes: ReadonlyMap<string, readonly BgpRoute[]>): BgpSilence {
    const unheard = new Set<Prefix>();
    const heard = new Set<Prefix>();
    for (const [node, its] of routes) {
      for (const route of its) {
        const { prefix } = route;
        if (!heard.has(prefix)) (isHeardOf(route, this.#node(node).peers) ? heard : unheard).add(prefix);
      }
    }
    const [first] = unheard.difference(heard);
    if (first === undefined) return undefined;
    const why = `no selected node has a BGPPeer that hears of ${first}`;
    return { reason: "noPeers", message: `no node announces ${JSON.stringify(service)} by BGP: ${why}` };
  }

  #node(name: string): NodeState {
    const known = this.#nodes.get(name);
    if (known) return known;
    const state: NodeState = { routes: new RouteTable(), peers: new Map(), told: new Map() };
    this.#nodes.set(name, state);
    return state;
  }

  /** Tells a node of a prefix, as far as its routers hear of it. */
  #tell(node: string, state: NodeState, prefix: Prefix): void {
    const { routes, told } = state;
    const { definitions } = this.#options;
    const wanted: NodeRoutes = routes.routes.get(prefix) ?? [];
    const items = wanted.filter((route) => isHeardOf(route, state.peers)).map((route) => this.#definition(route));
    const ids = items.map(({ id }) => id);
    const before = told.get(prefix) ?? [];
    for (const id of before) if (!ids.includes(id)) definitions.untell(node, { type: "route", id });
    for (const item of items) definitions.tell(node, item);
    if (ids.length > 0) told.set(prefix, ids);
    else told.delete(prefix);
    if (ids.join() === before.join()) return;
    for (const service of routes.servicesOf(prefix)) this.#tellService(node, state, service);
  }

  /** Tells a node that its routes are for a Service, too. */
  #tellService(node: string, state: NodeState, service: string): void {
    const { definitions, holdingOf } = this.#options;
    const addresses = holdingOf(service)?.addresses;
    const routes = routesFor(service, state);
    if (addresses && routes.length > 0) definitions.tell(node, this.#serviceDefinition(service, addresses, routes));
    else definitions.untell(node, { type: "service", id: service });
  }

  #serviceDefinition(id: string, addresses: readonly Ip[], routes: readonly string[]): ServiceDefinition {
    const variants = this.#services.get(id) ?? [];
    const same = variants.find(
      (each) => each.addresses.join() === addresses.join() && `${each.routes}` === `${routes}`,
    );
    if (same) return same;
    const definition: ServiceDefinition = { type: "service", id, addresses, routes };
    this.#services.set(id, [definition, ...variants].slice(0, MOST_VARIANTS));
    return definition;
  }

  #definition(route: BgpRoute): RouteDefinition {
    const known = this.#definitions.get(route);
    if (known) return known;
    const { prefix, peers, localPref, communities, med = 0, prepend, weight = 0 } = route;
    const id = routeId(prefix, peers);
    const told = { localPref, med, ...communitiesOf(communities), prepend, weight };
    const definition: RouteDefinition = { type: "route", id, prefix, peers, ...told };
    this.#definitions.set(route, definition);
    return definition;
  }

  #tellPeers(resolved: readonly ResolvedPeer[]): void {
    const nodes = this.#options.world.nodes();
    const names = new Set(nodes.map(({ name }) => name));
    this.#options.passwords.note(resolved);
    for (const name of this.#nodes.keys()) if (!names.has(name)) this.#setPeers(name, []);
    const peers = new Map(
      resolved.flatMap((one) => {
        const definition = this.#peerDefinition(one);
        return definition ? [[definition.id, definition]] : [];
      }),
    );
    for (const { name, labels } of nodes) {
      this.#setPeers(
        name,
        peersOfNode(resolved, labels).flatMap(({ peer }) => peers.get(peer.metadata.name) ?? []),
      );
    }
    this.#peers.clear();
    for (const [name, peer] of peers) this.#peers.set(name, peer);
  }

  /** The very one as before if nothing is different; none while its password is not known. */
  #peerDefinition(resolved: ResolvedPeer): PeerDefinition | undefined {
    const password = this.#options.passwords.of(resolved);
    if (password === undefined) return undefined;
    const before = this.#peers.get(resolved.peer.metadata.name);
    const definition = peerDefinition(resolved, password);
    return isDeepStrictEqual(before, definition) ? before : definition;
  }

  #setPeers(node: string, peers: readonly PeerDefinition[]): void {
    const { definitions } = this.#options;
    const state = this.#node(node);
    const before = state.peers;
    state.peers = new Map(peers.map((peer) => [peer.id, peer]));
    for (const id of before.keys()) if (!state.peers.has(id)) definitions.untell(node, { type: "peer", id });
    // A route must be there before the session that is to carry it is opened.
    if (hearingOf(state.peers) !== hearingOf(before)) {
      for (const prefix of new Set([...state.routes.routes.keys(), ...state.told.keys()])) {
        this.#tell(node, state, prefix);
      }
    }
    for (const peer of peers) definitions.tell(node, peer);
  }

  #warn(service: string, conflicts: readonly BgpConflict[]): void {
    const text = conflicts.map(({ message }) => message).join("\n");
    if ((this.#conflicts.get(service) ?? "") === text) return;
    if (text === "") this.#conflicts.delete(service);
    else this.#conflicts.set(service, text);
    for (const { kept, ignored, message } of conflicts) {
      this.#options.log.warn("conflicting advertisements", { service, kept, ignored, detail: message });
    }
  }
}

/** Ids of the routes by which a node announces a Service. */
const routesFor = (service: string, { routes, told }: NodeState): readonly string[] =>
  Array.from(routes.prefixesOf(service), (prefix) => told.get(prefix) ?? []).flat();
