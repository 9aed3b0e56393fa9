import { notification, WELL_KNOWN_COMMUNITIES } from "@heraldlb/bgp";
import { type Interface, openFrameSocket, openMulticastGroups, watchInterfaces } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { Registry } from "prom-client";
import { registerBfdMetrics } from "./bfd/bfd-metrics.ts";
import type { DesiredSession } from "./bfd/desired-session.ts";
import type { BfdReport, BfdStatistics } from "./bfd/live-session.ts";
import { BfdWatch } from "./bfd-watch.ts";
import { registerBgpMetrics } from "./bgp/bgp-metrics.ts";
import { BgpSpeaker } from "./bgp/bgp-speaker.ts";
import type { BgpRoute } from "./bgp/desired.ts";
import type { ListenAddress } from "./bgp/listener.ts";
import { NeighborDiscovery } from "./bgp/neighbor-discovery.ts";
import type { PeerSession } from "./bgp/peer-session.ts";
import type { RestartFacts } from "./bgp/session-settings.ts";
import type { NodeBgp, NodeChange, NodePeer } from "./bgp-definitions.ts";
import type { BgpFacts, BgpListener } from "./report.ts";
import { BgpReports } from "./report-bgp.ts";

/** What {@link BgpNode} needs of the outside. */
export interface BgpNodeOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly node: string;
  readonly restart: RestartFacts;
  /** Where to accept connections; undefined: nowhere. */
  readonly listen: ListenAddress | undefined;
  /** Hears what changes about `facts`. */
  readonly listener: BgpListener;
  /** Makes the answering thread's BFD sessions these. */
  tellBfd(sessions: readonly DesiredSession[]): void;
}

// The process has 5 s to end in good order.
const LONGEST_GRACE_MS = 3_000;
// What a router needs to hear that the connection is closed.
const BEFORE_ADMIN_DOWN_MS = 20;
// What the answering thread needs to say AdminDown.
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
  readonly #watch = new BfdWatch();
  readonly #reports: BgpReports;
  #bfd: readonly BfdStatistics[] = [];

  private constructor(options: BgpNodeOptions) {
    this.#options = options;
    const { clock, log, registry, node, restart, listen, listener } = options;
    const shared = { clock, log, random: Math.random, interfaces: () => [...this.#interfaces.values()] };
    this.#speaker = new BgpSpeaker({
      ...{ ...shared, node, restart, listen, keptRoutes: 0 },
      onChange: (session) => this.#onChange(session),
      onRoutes: (ids) => listener.routesChanged(ids),
    });
    this.#reports = new BgpReports(this.#speaker, listener);
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

  /** What is on the wire. */
  get facts(): BgpFacts {
    return this.#reports;
  }

  /** Takes changes, which are on the wire before the call returns as far as connections take them. */
  apply(changes: readonly NodeChange[]): void {
    for (const change of changes) this.#remember(change);
    this.#speaker.apply(
      changes.map((change) => (change.type === "peer" ? { type: "peer", peer: change.peer.bgp } : change)),
    );
    for (const change of changes) if (change.type === "peerGone") this.#reports.peerGone(change.name);
    if (!changes.some(({ type }) => type === "peer" || type === "peerGone")) return;
    this.#discovery.apply(this.#unnumbered());
    this.#tellBfd();
  }

  /** A BFD session has changed: a router that is gone for BFD is gone for BGP. */
  bfdChanged(report: BfdReport): void {
    for (const name of this.#watch.changed(report)) this.#speaker.sessions.get(name)?.fail(notification("bfdDown"));
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
      await this.#options.clock.sleep(grace);
    }
    // AdminDown goes first, or the router takes the end of BFD for that of the node.
    this.#discovery.close();
    await this.#speaker.close("restart", "herald-speaker ends");
    // FRR takes AdminDown for a failure unless it knows by then that the speaker restarts, and silence in any case.
    await this.#options.clock.sleep(BEFORE_ADMIN_DOWN_MS);
    this.#options.tellBfd([]);
    await this.#options.clock.sleep(ADMIN_DOWN_MS);
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

  #onChange(session: PeerSession): void {
    this.#reports.sessionChanged(session);
    const { peer, localAddress } = session;
    if (!localAddress || this.#locals.get(peer.name) === localAddress) return;
    this.#locals.set(peer.name, localAddress);
    this.#tellBfd();
  }

  #tellBfd(): void {
    const ends = ({ bgp }: NodePeer) => {
      const remote = this.#speaker.sessions.get(bgp.name)?.address;
      return { remote, local: bgp.sourceAddress ?? this.#locals.get(bgp.name) };
    };
    this.#options.tellBfd(this.#watch.watch(this.#peers.values(), ends, this.#interfaces.values()));
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
