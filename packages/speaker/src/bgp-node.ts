import { setTimeout } from "node:timers/promises";
import { notification, WELL_KNOWN_COMMUNITIES } from "@heraldlb/bgp";
import { type Interface, openFrameSocket, openMulticastGroups, watchInterfaces } from "@heraldlb/link";
import { familyOf, type Ip, isLinkLocal, prefixContains, prefixOf } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { Registry } from "prom-client";
import { registerBfdMetrics } from "./bfd/bfd-metrics.ts";
import { type DesiredSession, sessionKey } from "./bfd/desired-session.ts";
import type { BfdReport, BfdStatistics } from "./bfd/live-session.ts";
import { registerBgpMetrics } from "./bgp/bgp-metrics.ts";
import { BgpSpeaker } from "./bgp/bgp-speaker.ts";
import type { BgpRoute } from "./bgp/desired.ts";
import type { ListenAddress } from "./bgp/listener.ts";
import { NeighborDiscovery } from "./bgp/neighbor-discovery.ts";
import type { PeerSession } from "./bgp/peer-session.ts";
import type { RestartFacts } from "./bgp/session-settings.ts";
import type { NodeBgp, NodeChange, NodePeer } from "./bgp-definitions.ts";

/** What {@link BgpNode} needs of the outside. */
export interface BgpNodeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly node: string;
  readonly restart: RestartFacts;
  /** Where to accept connections; undefined: nowhere. */
  readonly listen: ListenAddress | undefined;
  /** Makes the answering thread's BFD sessions these. */
  tellBfd(sessions: readonly DesiredSession[]): void;
}

// The process has 5 s to end in good order.
const LONGEST_GRACE_MS = 3_000;
// What the answering thread needs at most to say so.
const ADMIN_DOWN_MS = 20;

/** BGP on this node: sessions and routes as the definitions say, with BFD beside them. Loaded when a router is defined. */
export class BgpNode {
  readonly #options: BgpNodeOptions;
  readonly #interfaces = new Map<number, Interface>();
  readonly #watching = new AbortController();
  readonly #speaker: BgpSpeaker;
  readonly #discovery: NeighborDiscovery;
  readonly #peers = new Map<string, NodePeer>();
  readonly #routes = new Map<string, BgpRoute>();
  /** This end of each session that was ever up, by the name of the peer: BFD goes between the same addresses. */
  readonly #locals = new Map<string, Ip>();
  readonly #watched = new Map<string, string>();
  readonly #bfdUp = new Set<string>();
  #bfd: readonly BfdStatistics[] = [];

  private constructor(options: BgpNodeOptions) {
    this.#options = options;
    const { clock, log, registry, node, restart, listen } = options;
    const shared = { clock, log, random: Math.random, interfaces: () => [...this.#interfaces.values()] };
    this.#speaker = new BgpSpeaker({
      ...{ ...shared, node, restart, listen, keptRoutes: 0 },
      onUp: (session) => this.#onUp(session),
    });
    this.#discovery = new NeighborDiscovery(
      { ...shared, openSocket: openFrameSocket, openGroups: openMulticastGroups },
      (name, address) => address && this.#speaker.setNeighbor(name, address),
    );
    registerBgpMetrics(registry, () => this.#speaker.sessions.values());
    registerBfdMetrics(registry, () => this.#bfd);
  }

  /** Begins with all that is defined, once it is known which interfaces there are. */
  static async start(options: BgpNodeOptions, all: NodeBgp, onBug: (error: unknown) => void): Promise<BgpNode> {
    const node = new BgpNode(options);
    const ready = Promise.withResolvers<void>();
    node.#follow(ready.resolve).catch(onBug);
    await ready.promise;
    node.apply([
      ...all.routes.map((route) => ({ type: "route", route }) as const),
      ...all.peers.map((peer) => ({ type: "peer", peer }) as const),
    ]);
    return node;
  }

  /** Whether every router has been told everything. */
  get isConverged(): boolean {
    return this.#speaker.sessions.values().every((session) => session.isConverged);
  }

  /** Takes changes, which are on the wire before the call returns as far as connections take them. */
  apply(changes: readonly NodeChange[]): void {
    for (const change of changes) this.#remember(change);
    this.#speaker.apply(
      changes.map((change) => (change.type === "peer" ? { type: "peer", peer: change.peer.bgp } : change)),
    );
    if (!changes.some(({ type }) => type === "peer" || type === "peerGone")) return;
    this.#discovery.apply(this.#unnumbered());
    this.#tellBfd();
  }

  /** A BFD session has changed: a router that is gone for BFD is gone for BGP. */
  bfdChanged({ session, state, remoteState }: BfdReport): void {
    const key = sessionKey(session);
    if (state === "up") {
      this.#bfdUp.add(key);
      return;
    }
    // Where BFD is turned off, at either end, the router is there all the same (RFC 5882 section 4.2).
    if (!this.#bfdUp.delete(key) || state === "adminDown" || remoteState === "adminDown") return;
    for (const [name, watched] of this.#watched) {
      if (watched === key) this.#speaker.sessions.get(name)?.fail(notification("bfdDown"));
    }
  }

  /** What the answering thread has counted. */
  bfdCounted(statistics: readonly BfdStatistics[]): void {
    this.#bfd = statistics;
  }

  /**
   * Ends all sessions, since the process ends: where graceful restart was agreed on, the router goes on forwarding;
   * other routers hear of the end, and before that, if they shall, that traffic had better go elsewhere.
   */
  async close(): Promise<void> {
    const graces = [...this.#peers.values()].map(({ bgp, gracefulShutdownMs }) => {
      return bgp.hasGracefulRestart ? 0 : gracefulShutdownMs;
    });
    const grace = Math.min(LONGEST_GRACE_MS, Math.max(0, ...graces));
    if (grace > 0) {
      this.#askToLeave();
      await setTimeout(grace);
    }
    // AdminDown goes first, or the router takes the end of BFD for that of the node.
    this.#options.tellBfd([]);
    await setTimeout(ADMIN_DOWN_MS);
    this.#discovery.close();
    await this.#speaker.close("restart", "herald-speaker ends");
    this.#watching.abort();
  }

  async #follow(ready: () => void): Promise<void> {
    for await (const event of watchInterfaces(this.#watching.signal)) {
      if (event.type === "changed") this.#interfaces.set(event.interface.index, event.interface);
      else if (event.type === "removed") this.#interfaces.delete(event.interface.index);
      else ready();
      this.#speaker.interfacesChanged();
      this.#discovery.interfacesChanged();
    }
  }

  /** The interfaces behind which routers are to be found. */
  #unnumbered(): string[] {
    return [...this.#peers.values()].flatMap(({ bgp }) => (bgp.address ? [] : (bgp.interface ?? [])));
  }

  #remember(change: NodeChange): void {
    switch (change.type) {
      case "peer":
        this.#peers.set(change.peer.bgp.name, change.peer);
        break;
      case "peerGone":
        this.#peers.delete(change.name);
        this.#locals.delete(change.name);
        break;
      case "route":
        this.#routes.set(change.route.id, change.route);
        break;
      case "routeGone":
        this.#routes.delete(change.id);
        break;
    }
  }

  #onUp({ peer, localAddress }: PeerSession): void {
    if (!localAddress || this.#locals.get(peer.name) === localAddress) return;
    this.#locals.set(peer.name, localAddress);
    this.#tellBfd();
  }

  #tellBfd(): void {
    const sessions = new Map<string, DesiredSession>();
    this.#watched.clear();
    for (const [name, { bfd, bgp }] of this.#peers) {
      const remote = this.#speaker.sessions.get(name)?.address;
      const local = bgp.sourceAddress ?? this.#locals.get(name);
      if (!bfd || !remote || !local || familyOf(remote) !== familyOf(local)) continue;
      const isMultihop = this.#isMultihop(bgp, remote);
      const over = isMultihop ? undefined : this.#interfaceTo(bgp, local);
      const session = { local, remote, interface: over, vrf: bgp.vrf, isMultihop, profile: bfd };
      sessions.set(sessionKey(session), session);
      this.#watched.set(name, sessionKey(session));
    }
    this.#options.tellBfd([...sessions.values()]);
  }

  /** Several hops are asked for, or are to be expected: to an iBGP peer that is on no link of this node. */
  #isMultihop({ isMultiHop, asn, peerAsn }: NodePeer["bgp"], remote: Ip): boolean {
    if (isMultiHop) return true;
    const isInternal = peerAsn === "internal" || peerAsn === asn;
    return isInternal && !isLinkLocal(remote) && !this.#isOnLink(remote);
  }

  #isOnLink(remote: Ip): boolean {
    const links = this.#interfaces.values();
    return links.some(({ addresses }) =>
      addresses.some(({ address, prefixLength }) => prefixContains(prefixOf(address, prefixLength), remote)),
    );
  }

  #interfaceTo({ interface: name }: NodePeer["bgp"], local: Ip): string | undefined {
    if (name !== undefined) return name;
    const links = this.#interfaces.values();
    return links.find(({ addresses }) => addresses.some(({ address }) => address === local))?.name;
  }

  #askToLeave(): void {
    const { gracefulShutdown } = WELL_KNOWN_COMMUNITIES;
    this.#speaker.apply(
      [...this.#routes.values()].map((route) => {
        const { attributes } = route;
        const communities = [...(attributes.communities ?? []), gracefulShutdown];
        return { type: "route", route: { ...route, attributes: { ...attributes, communities, localPref: 0 } } };
      }),
    );
  }
}
