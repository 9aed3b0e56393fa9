import type { Socket } from "node:net";
import {
  AdjRibIn,
  AdjRibOut,
  type Notification,
  notification,
  type SessionConfig,
  type SessionName,
} from "@heraldlb/bgp";
import type { Interface } from "@heraldlb/link";
import type { Ip, Ipv4, Prefix } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import { linkLocalOf } from "../interface-selection.ts";
import { describeEnd } from "./describe-end.ts";
import type { BgpPeer, RouteAttributes } from "./desired.ts";
import type { MessageCounts } from "./message-counts.ts";
import { defaultIdentifier, interfaceWith } from "./next-hop.ts";
import { changeOfPeer, isSamePeer } from "./peer-change.ts";
import { RouteSender } from "./route-sender.ts";
import { type ReportedEffect, SessionDriver } from "./session-driver.ts";
import { type NodeFacts, sessionConfig } from "./session-settings.ts";
import type { DialTarget } from "./tcp.ts";
import { TroubleLog } from "./trouble-log.ts";

/** What a session needs of the outside. */
export interface SessionEnvironment extends NodeFacts {
  readonly clock: Clock;
  readonly log: Logger;
  /** At least 0, less than 1. */
  random(): number;
  /** The node's interfaces as they are now. */
  interfaces(): readonly Interface[];
  /** How many of each peer's routes are kept to look at. */
  readonly keptRoutes: number;
  /** Called when a session is established or not any more, or has caught up, or cannot be had; and sometimes for nothing. */
  onChange?(session: PeerSession): void;
}

/** Why a session ends for good: the speaker will be back soon, it was drained or stopped, or the peer is not wanted. */
export type Ending = "restart" | "shutdown" | "removed";

// RFC 9687 section 3.
const SEND_HOLD_MS = 480_000;

/** The session with one peer: its settings, what the peer shall know, and the connection that brings it there. */
export class PeerSession {
  readonly #env: SessionEnvironment;
  readonly #log: Logger;
  readonly #driver: SessionDriver;
  readonly #rib = new AdjRibOut<RouteAttributes>();
  readonly #received: AdjRibIn;
  #peer: BgpPeer;
  #config: SessionConfig;
  /** Where a peer without an address has been found. */
  #neighbor: Ip | undefined;
  #sender: RouteSender | undefined;
  #sendHold: Disposable | undefined;
  #isStarted = false;
  #isEnded = false;
  readonly #trouble: TroubleLog;

  constructor(peer: BgpPeer, env: SessionEnvironment) {
    this.#env = env;
    this.#peer = peer;
    this.#config = sessionConfig(peer, env);
    this.#log = env.log.child({ peer: peer.name });
    this.#trouble = new TroubleLog(this.#log);
    this.#received = new AdjRibIn(env.keptRoutes);
    this.#driver = new SessionDriver({
      clock: env.clock,
      random: () => env.random(),
      config: () => this.#config,
      target: () => this.#target(),
      identifier: (localAddress) => this.#identifierOn(localAddress),
      changed: (from, to, event) => this.#log.debug("BGP session changed", { from, to, event }),
      unreached: (reason) => this.#note("BGP peer not reached", reason),
      drained: () => this.flush(),
      reported: (effect) => this.#take(effect),
    });
  }

  get peer(): BgpPeer {
    return this.#peer;
  }

  /** Where the peer is, as far as that is known. */
  get address(): Ip | undefined {
    return this.#peer.address ?? this.#neighbor;
  }

  /** This side's address, while the session is up. */
  get localAddress(): Ip | undefined {
    return this.#driver.running?.localAddress;
  }

  /** RFC 4271's name of the session's state. */
  get state(): SessionName {
    return this.#driver.state;
  }

  /** Why the session is not up, or was not, the last time that it failed. */
  get trouble(): string | undefined {
    return this.#trouble.last;
  }

  /** How many messages of each kind the peer was sent, and has sent. */
  get messages(): { readonly sent: Readonly<MessageCounts>; readonly received: Readonly<MessageCounts> } {
    const { sent, received } = this.#driver;
    return { sent, received };
  }

  /** How many prefixes the peer shall know, and how many it has been told of. */
  get routes(): { readonly wanted: number; readonly announced: number } {
    return { wanted: this.#rib.wanted, announced: this.#rib.announced };
  }

  /** Whether the peer has been told all routes, and that these were all. */
  get isConverged(): boolean {
    return this.#sender !== undefined && this.#rib.isDone;
  }

  /** Whether the peer has been told of a prefix. */
  hasTold(prefix: Prefix): boolean {
    return this.#rib.isAnnounced(prefix);
  }

  /** What the peer announced, as far as it is kept. */
  get received(): AdjRibIn {
    return this.#received;
  }

  /** Wants a session, if it is known with whom. */
  start(): void {
    if (this.#isEnded) return;
    this.#isStarted = true;
    if (this.address) this.#driver.happen({ type: "start" });
  }

  /** Takes other settings, and opens the session again only if they need it. */
  configure(peer: BgpPeer): void {
    const before = this.#peer;
    if (isSamePeer(before, peer)) return;
    const running = this.#driver.running;
    const change = running ? changeOfPeer(before, peer, running) : "replace";
    this.#peer = peer;
    this.#config = sessionConfig(peer, this.#env);
    if (change === "none") return;
    this.#trouble.repeat();
    this.#log.info("BGP session opens again with other settings", { change });
    this.#begin(change === "replace" ? "drop" : "keep");
  }

  /** Says where a peer without an address is; undefined if that is not known any more, which ends nothing. */
  setNeighbor(address: Ip | undefined): void {
    const before = this.#neighbor;
    this.#neighbor = address;
    if (this.#peer.address || !address || before === address) return;
    this.#begin("keep");
  }

  /** Wants a prefix announced, or not (any more). `flush` sends it. */
  setRoute(prefix: Prefix, attributes: RouteAttributes | undefined): void {
    if (attributes) this.#rib.set(prefix, attributes);
    else this.#rib.delete(prefix);
  }

  /** Sends what the peer has not been told, as far as the connection takes it; the rest follows by itself. */
  flush(): void {
    const sender = this.#sender;
    if (!sender) return;
    sender.send();
    if (!sender.connection.isFull) this.#stopSendHold();
    else if (!this.#sendHold) {
      const ms = Math.max(SEND_HOLD_MS, 2000 * sender.session.holdSeconds);
      this.#sendHold = this.#env.clock.timer(ms, () => this.fail(notification("sendHoldTimerExpired")));
    }
    this.#env.onChange?.(this);
  }

  /** The node's interfaces have changed, and with them perhaps the next hops. */
  interfacesChanged(): void {
    this.#sender?.interfacesChanged();
    this.flush();
  }

  /** Takes a connection that the peer has made. */
  accept(socket: Socket): void {
    // The kernel checks the TTL of a dialled connection only: an accepted one's descriptor is not to be had.
    if (this.#isEnded || this.#peer.ttlSecurityHops !== undefined) socket.destroy();
    else this.#driver.accept(socket);
  }

  /** Ends the session because of something that this side knows, BFD for example; it is tried again later. */
  fail(cause: Notification): void {
    this.#driver.happen({ type: "fail", notification: cause });
  }

  /** Ends the session for good, in the order that `ending` asks for. Resolves when all that was said has left. */
  async end(ending: Ending, cause: Notification): Promise<void> {
    this.#isEnded = true;
    const keepsRoutes = ending === "restart" && this.#driver.running?.connection.session.gracefulRestart !== undefined;
    if (!keepsRoutes) {
      this.#rib.clear();
      this.#sender?.sendAll();
    }
    this.#driver.happen({
      type: "stop",
      notification: keepsRoutes ? undefined : cause,
      routes: keepsRoutes ? "keep" : "drop",
    });
    await this.#driver.closed;
  }

  #begin(routes: "keep" | "drop"): void {
    if (!this.#isStarted) return;
    this.#driver.happen({ type: "stop", notification: notification("otherConfigurationChange"), routes });
    this.start();
  }

  #stopSendHold(): void {
    this.#sendHold?.[Symbol.dispose]();
    this.#sendHold = undefined;
  }

  #target(): DialTarget {
    const { address } = this;
    // Nothing is begun without one.
    if (!address) throw new TypeError(`nobody knows where ${this.#peer.name} is`);
    const { vrf, interface: name } = this.#peer;
    const link = this.#env.interfaces().find((candidate) => candidate.name === name);
    // A router that was found on an interface knows this side by what was sent there; the kernel may prefer another one.
    const known = this.#peer.address === undefined && link ? linkLocalOf(link) : undefined;
    const sourceAddress = this.#peer.sourceAddress ?? known;
    return { ...this.#peer, address, sourceAddress, device: vrf ?? name, scope: link?.index };
  }

  #identifierOn(localAddress: Ip): Ipv4 {
    if (this.#peer.routerId) return this.#peer.routerId;
    const interfaces = this.#env.interfaces();
    const name = this.#peer.interface ?? interfaceWith(localAddress, interfaces);
    return defaultIdentifier({ localAddress, interface: name }, interfaces, this.#env.node);
  }

  #take(effect: ReportedEffect): void {
    switch (effect.type) {
      case "up":
        this.#up(effect);
        break;
      case "ended":
        this.#ended(effect);
        break;
      case "routes":
        if (this.#env.keptRoutes > 0) this.#received.apply(effect.message);
        break;
      case "refreshRequested":
        this.#sender?.refresh(effect.family);
        this.flush();
        break;
    }
  }

  #up({ connection: id, session, peer }: Extract<ReportedEffect, { type: "up" }>): void {
    const connection = this.#driver.connection(id);
    if (!connection) return;
    connection.options = session;
    this.#trouble.over();
    this.#log.info("BGP session established", {
      ...{ address: this.address, asn: session.asn, identifier: peer.identifier },
      ...{ families: session.families, holdSeconds: session.holdSeconds },
      gracefulRestart: session.gracefulRestart !== undefined,
    });
    this.#sender = new RouteSender(this.#rib, {
      connection,
      session,
      asn: this.#peer.asn,
      interface: this.#peer.interface,
      interfaces: () => this.#env.interfaces(),
      log: this.#log,
      sent: this.#driver.sent,
    });
    this.flush();
  }

  #ended({ wasUp, end }: Extract<ReportedEffect, { type: "ended" }>): void {
    if (wasUp) {
      this.#sender = undefined;
      this.#rib.close();
      this.#received.clear();
      this.#stopSendHold();
    }
    this.#note(wasUp ? "BGP session lost" : "BGP session not established", describeEnd(end));
  }

  #note(message: string, reason: string): void {
    this.#trouble.note(message, reason, { address: this.address });
    this.#env.onChange?.(this);
  }
}
