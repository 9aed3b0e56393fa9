import type { Socket } from "node:net";
import { notification, shutdownNotification } from "@heraldlb/bgp";
import type { Ip, Prefix } from "@heraldlb/net";
import type { BgpChange, BgpDesired, BgpPeer } from "./desired.ts";
import { type ListenAddress, PeerListener } from "./listener.ts";
import { PeerSession, type SessionEnvironment } from "./peer-session.ts";
import { RouteTable } from "./route-table.ts";
import { plainAddress } from "./tcp.ts";

/** What the BGP sessions of a node need of the outside. */
export interface BgpEnvironment extends SessionEnvironment {
  /** Where to accept connections of peers; unset: nowhere. */
  readonly listen: ListenAddress | undefined;
  /** Called with the names of routes that peers were told of, or of which they were told otherwise. */
  onRoutes?(ids: Iterable<string>): void;
}

// So many routes, counted once for each peer, are told of in some ten milliseconds.
const MUCH = 10_000;

/**
 * The BGP sessions of this node, and what they announce.
 *
 * Nothing happens before the first `replace`: a session is opened only when it is known what it shall say, since the end
 * of the table is announced with it. A change is sent before the call returns, as far as the connections take it; only
 * if it is of very many routes, peers are told of it one after the other.
 */
export class BgpSpeaker {
  readonly #env: BgpEnvironment;
  readonly #routes = new RouteTable();
  readonly #sessions = new Map<string, PeerSession>();
  /** What is done one after the other, a turn of the event loop each. */
  readonly #waiting: (() => void)[] = [];
  /** Peers that are not wanted any more and are being told so. */
  readonly #removed = new Set<Promise<void>>();
  readonly #neighbors = new Map<string, Ip>();
  readonly #listener: PeerListener | undefined;

  constructor(env: BgpEnvironment) {
    this.#env = env;
    this.#listener = env.listen && new PeerListener(env.listen, env, (socket) => this.#accept(socket));
  }

  /** All sessions, by the name of the peer. */
  get sessions(): ReadonlyMap<string, PeerSession> {
    return this.#sessions;
  }

  /** The names of all routes. */
  get routeIds(): Iterable<string> {
    return this.#routes.ids();
  }

  /** The names of the peers that were told of a route, or of what was there in its place. */
  hearers(id: string): readonly string[] {
    return [...this.#hearers(id)];
  }

  /** The prefix of a route that any peer was told of; undefined: none was. */
  prefixHeard(id: string): Prefix | undefined {
    return this.#hearers(id).next().done ? undefined : this.#routes.get(id)?.prefix;
  }

  *#hearers(id: string): Generator<string, void, undefined> {
    const route = this.#routes.get(id);
    if (!route) return;
    const { prefix } = route;
    for (const [name, session] of this.#sessions) {
      if (session.hasTold(prefix) && this.#routes.routeFor(prefix, name) === route) yield name;
    }
  }

  /** Takes all that is desired, and changes what differs. */
  replace({ peers, routes }: BgpDesired): void {
    const names = new Set(peers.map(({ name }) => name));
    const ids = new Set(routes.map(({ id }) => id));
    const oldRoutes = Array.from(this.#routes.ids()).filter((id) => !ids.has(id));
    const oldPeers = Array.from(this.#sessions.keys()).filter((name) => !names.has(name));
    this.apply([
      ...oldRoutes.map((id) => ({ type: "routeGone", id }) as const),
      ...routes.map((route) => ({ type: "route", route }) as const),
      ...oldPeers.map((name) => ({ type: "peerGone", name }) as const),
      ...peers.map((peer) => ({ type: "peer", peer }) as const),
    ]);
  }

  /** Takes changes of what is desired. Routes take effect before peers, whatever the order. */
  apply(changes: readonly BgpChange[]): void {
    const touched = new Set<Prefix>();
    for (const change of changes) for (const prefix of this.#applyRoute(change)) touched.add(prefix);
    const isMuch = touched.size * this.#sessions.size > MUCH;
    for (const session of this.#sessions.values()) {
      if (isMuch) this.#later(() => this.#tell(session, touched));
      else this.#tell(session, touched);
    }
    const isToldOf = () => this.#env.onRoutes?.(this.#concerned(changes, touched));
    if (isMuch) this.#later(isToldOf);
    else if (touched.size > 0) isToldOf();
    for (const change of changes) this.#applyPeer(change);
    this.#listener?.setKeys(this.#keys());
  }

  /** Says which router is at the other end of an interface, for peers without an address. */
  setNeighbor(interfaceName: string, address: Ip): void {
    this.#neighbors.set(interfaceName, address);
    for (const session of this.#sessions.values()) {
      if (session.peer.interface === interfaceName) session.setNeighbor(address);
    }
    this.#listener?.setKeys(this.#keys());
  }

  /** The node's interfaces or their addresses have changed. */
  interfacesChanged(): void {
    for (const session of this.#sessions.values()) session.interfacesChanged();
  }

  /**
   * Ends all sessions. `restart`: those that agreed on graceful restart end without a word, and their peers go on using
   * the routes. The others, and with `shutdown` all, withdraw their routes and say why they end. Resolves when all that
   * has left, or after two seconds.
   */
  async close(ending: "restart" | "shutdown", reason: string): Promise<void> {
    this.#listener?.close();
    const cause = shutdownNotification("administrativeShutdown", reason);
    const endings = Array.from(this.#sessions.values(), (session) => session.end(ending, cause));
    this.#sessions.clear();
    await Promise.all([...endings, ...this.#removed]);
  }

  /** Another route of a prefix may have come to the fore. */
  #concerned(changes: readonly BgpChange[], touched: Iterable<Prefix>): Set<string> {
    const gone = changes.flatMap((change) => (change.type === "routeGone" ? change.id : []));
    const ids = new Set(gone);
    for (const prefix of touched) for (const { id } of this.#routes.of(prefix)) ids.add(id);
    return ids;
  }

  #applyRoute(change: BgpChange): readonly Prefix[] {
    if (change.type === "route") return this.#routes.set(change.route);
    return change.type === "routeGone" ? this.#routes.delete(change.id) : [];
  }

  #applyPeer(change: BgpChange): void {
    if (change.type === "peer") this.#setPeer(change.peer);
    else if (change.type === "peerGone") this.#removePeer(change.name);
  }

  #setPeer(peer: BgpPeer): void {
    const known = this.#sessions.get(peer.name);
    if (known) {
      known.configure(peer);
      return;
    }
    const session = new PeerSession(peer, this.#env);
    this.#sessions.set(peer.name, session);
    this.#env.onChange?.(session);
    const neighbor = peer.interface && this.#neighbors.get(peer.interface);
    if (neighbor) session.setNeighbor(neighbor);
    this.#later(() => {
      this.#tell(session, this.#routes.prefixes());
      session.start();
    });
  }

  /** What may take long has a turn of the event loop to itself, so that nothing else waits for long. */
  #later(act: () => void): void {
    this.#waiting.push(act);
    if (this.#waiting.length === 1) setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#waiting[0]?.();
    this.#waiting.shift();
    if (this.#waiting.length > 0) setImmediate(() => this.#turn());
  }

  #removePeer(name: string): void {
    const session = this.#sessions.get(name);
    if (!session) return;
    this.#sessions.delete(name);
    const ended = session.end("removed", notification("peerDeconfigured"));
    this.#removed.add(ended);
    // Never rejects, and is waited for where everything ends.
    void ended.then(() => this.#removed.delete(ended));
  }

  #tell(session: PeerSession, prefixes: Iterable<Prefix>): void {
    for (const prefix of prefixes) {
      session.setRoute(prefix, this.#routes.routeFor(prefix, session.peer.name)?.attributes);
    }
    session.flush();
  }

  #keys(): Map<Ip, string> {
    const keys = new Map<Ip, string>();
    for (const { address, peer } of this.#sessions.values()) {
      if (address && peer.password !== undefined) keys.set(address, peer.password);
    }
    return keys;
  }

  /** Of several peers at one address the first one is meant; their sessions differ by ports that nobody dials from. */
  #accept(socket: Socket): void {
    const from = plainAddress(socket.remoteAddress);
    for (const session of this.#sessions.values()) {
      if (from === undefined || session.address !== from) continue;
      session.accept(socket);
      return;
    }
    this.#env.log.debug("BGP connection of a stranger refused", { address: from });
    socket.destroy();
  }
}
