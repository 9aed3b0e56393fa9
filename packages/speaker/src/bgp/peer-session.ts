import type { Socket } from "node:net";
import {
  AdjRibIn,
  AdjRibOut,
  type AgreedConnection,
  initialSession,
  isAgreed,
  type Notification,
  notification,
  type SessionConfig,
  type SessionEffect,
  type SessionEnd,
  type SessionEvent,
  type SessionName,
  type SessionState,
  type SessionTimer,
  sessionName,
  stepSession,
} from "@heraldlb/bgp";
import type { Interface } from "@heraldlb/link";
import type { Ip, Ipv4, Prefix } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import { BgpConnection } from "./connection.ts";
import { describeEnd } from "./describe-end.ts";
import type { BgpPeer, RouteAttributes } from "./desired.ts";
import { Dialing } from "./dialing.ts";
import { type MessageCounts, noMessages } from "./message-counts.ts";
import { defaultIdentifier } from "./next-hop.ts";
import { changeOfPeer, isSamePeer } from "./peer-change.ts";
import { RouteSender } from "./route-sender.ts";
import { type NodeFacts, sessionConfig } from "./session-settings.ts";
import { NamedTimers } from "./timers.ts";

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
  /** Called whenever a session is established. */
  onUp?(session: PeerSession): void;
}

/** Why a session ends for good: the speaker will be back soon, it has been drained or stopped, or the peer is not wanted. */
export type Ending = "restart" | "shutdown" | "removed";

type Untimed<E> = E extends unknown ? Omit<E, "now"> : never;

// RFC 9687 section 3.
const SEND_HOLD_MS = 480_000;

/** The session with one peer: carries out what the session machine decides, on sockets and clocks. */
export class PeerSession {
  readonly #env: SessionEnvironment;
  readonly #log: Logger;
  readonly #timers: NamedTimers;
  readonly #rib = new AdjRibOut<RouteAttributes>();
  readonly #received: AdjRibIn;
  readonly #connections = new Map<number, BgpConnection>();
  readonly #events: SessionEvent[] = [];
  readonly sent: MessageCounts = noMessages();
  readonly receivedMessages: MessageCounts = noMessages();
  #peer: BgpPeer;
  #config: SessionConfig;
  /** Where a peer without an address has been found. */
  #neighbor: Ip | undefined;
  #state: SessionState = initialSession;
  #dialing: Dialing | undefined;
  #sender: RouteSender | undefined;
  #nextConnection = 1;
  #isStepping = false;
  #isEnded = false;
  #trouble: string | undefined;

  constructor(peer: BgpPeer, env: SessionEnvironment) {
    this.#env = env;
    this.#peer = peer;
    this.#config = sessionConfig(peer, env);
    this.#log = env.log.child({ peer: peer.name });
    this.#timers = new NamedTimers(env.clock);
    this.#received = new AdjRibIn(env.keptRoutes);
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
    return this.#running()?.localAddress;
  }

  /** RFC 4271's name of the session's state. */
  get state(): SessionName {
    return sessionName(this.#state);
  }

  /** Why the session is not up, or was not, the last time that it failed. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** How many prefixes the peer shall know, and how many it has been told of. */
  get routes(): { readonly wanted: number; readonly announced: number } {
    return { wanted: this.#rib.wanted, announced: this.#rib.announced };
  }

  /** Whether the peer has been told all routes, and that these were all. */
  get isConverged(): boolean {
    return this.#sender !== undefined && this.#rib.isDone;
  }

  /** What the peer announced, as far as it is kept. */
  get received(): AdjRibIn {
    return this.#received;
  }

  /** Wants a session, if it is known with whom. */
  start(): void {
    if (this.address) this.#happen({ type: "start" });
  }

  /** Takes other settings, and opens the session again only if they need it. */
  configure(peer: BgpPeer): void {
    const before = this.#peer;
    if (isSamePeer(before, peer)) return;
    const running = this.#running();
    const change = running ? changeOfPeer(before, peer, running) : "replace";
    this.#peer = peer;
    this.#config = sessionConfig(peer, this.#env);
    if (change === "none") return;
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
    if (!sender.connection.isFull) this.#timers.stop("sendHold");
    else if (!this.#timers.has("sendHold")) {
      const ms = Math.max(SEND_HOLD_MS, 2000 * sender.session.holdSeconds);
      this.#timers.start("sendHold", ms, () => this.fail(notification("sendHoldTimerExpired")));
    }
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
    else this.#connected(socket, { isIncoming: true });
  }

  /** Ends the session because of something that this side knows, BFD for example; it is tried again later. */
  fail(cause: Notification): void {
    this.#happen({ type: "fail", notification: cause });
  }

  /** Ends the session for good, in the order that `ending` asks for. */
  end(ending: Ending, cause: Notification): void {
    this.#isEnded = true;
    const keepsRoutes = ending === "restart" && this.#running()?.connection.session.gracefulRestart !== undefined;
    if (!keepsRoutes) {
      this.#rib.clear();
      this.#sender?.sendAll();
    }
    this.#happen({
      type: "stop",
      notification: keepsRoutes ? undefined : cause,
      routes: keepsRoutes ? "keep" : "drop",
    });
    this.#timers.stop("sendHold");
  }

  #begin(routes: "keep" | "drop"): void {
    this.#happen({ type: "stop", notification: notification("otherConfigurationChange"), routes });
    this.start();
  }

  #running(): { readonly connection: AgreedConnection; readonly localAddress: Ip } | undefined {
    const connection = this.#state.connections.find(isAgreed);
    const link = connection && this.#connections.get(connection.id);
    return link && { connection, localAddress: link.localAddress };
  }

  /** Events that come up while one is dealt with wait for their turn. */
  #happen(event: Untimed<SessionEvent>): void {
    this.#events.push({ ...event, now: this.#env.clock.now() } as SessionEvent);
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#step(next);
    } finally {
      this.#isStepping = false;
    }
  }

  #step(event: SessionEvent): void {
    const before = this.state;
    const { state, effects } = stepSession(this.#state, event, this.#config);
    this.#state = state;
    for (const effect of effects) this.#obey(effect);
    if (this.state !== before)
      this.#log.debug("BGP session changed", { from: before, to: this.state, event: event.type });
  }

  #obey(effect: SessionEffect): void {
    switch (effect.type) {
      case "dial":
        this.#dial();
        break;
      case "abandon":
        this.#dialing?.abandon();
        this.#dialing = undefined;
        break;
      case "send":
        this.sent[effect.message.type]++;
        this.#connections.get(effect.connection)?.send(effect.message);
        break;
      case "close":
        this.#close(effect.connection);
        break;
      case "arm":
        this.#arm(effect);
        break;
      case "disarm":
        this.#timers.stop(timerName(effect.timer));
        break;
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

  #dial(): void {
    const { address, ...peer } = this.#peer;
    const device = peer.vrf ?? peer.interface;
    const scope = this.#env.interfaces().find(({ name }) => name === peer.interface)?.index;
    const target = { ...peer, address: this.address as Ip, device, scope };
    this.#dialing = new Dialing(target, {
      connected: (socket) => {
        this.#dialing = undefined;
        this.#connected(socket, { isIncoming: false });
      },
      failed: (reason) => {
        this.#dialing = undefined;
        this.#note("BGP peer not reached", reason);
        this.#happen({ type: "dialFailed" });
      },
    });
  }

  #connected(socket: Socket, { isIncoming }: { readonly isIncoming: boolean }): void {
    const id = this.#nextConnection++;
    const connection = BgpConnection.open(socket, this.#env.clock, {
      received: (message) => {
        this.receivedMessages[message.type]++;
        this.#happen({ type: "received", connection: id, message });
      },
      malformed: (cause) => this.#happen({ type: "malformed", connection: id, notification: cause }),
      drained: () => this.flush(),
      closed: () => this.#happen({ type: "closed", connection: id }),
    });
    if (!connection) {
      // It was gone before it was there.
      if (!isIncoming) this.#happen({ type: "dialFailed" });
      return;
    }
    this.#connections.set(id, connection);
    const identifier = this.#identifierOn(connection);
    this.#happen({ type: "connected", connection: id, isIncoming, identifier });
  }

  #identifierOn({ localAddress }: BgpConnection): Ipv4 {
    const { routerId, interface: name } = this.#peer;
    return routerId ?? defaultIdentifier({ localAddress, interface: name }, this.#env.interfaces(), this.#env.node);
  }

  #close(id: number): void {
    this.#connections.get(id)?.close();
    this.#connections.delete(id);
    for (const name of ["hold", "keepalive"] as const) this.#timers.stop(timerName({ name, connection: id }));
  }

  #arm({ timer, ms, jitter }: Extract<SessionEffect, { type: "arm" }>): void {
    const expire = () => this.#happen({ type: "expired", timer });
    // After a pause of the whole process the timer is due before what has arrived is read: the peer may be alive.
    const onExpiry = timer.name === "hold" ? () => void setImmediate(expire) : expire;
    this.#timers.start(timerName(timer), ms * (1 - jitter * this.#env.random()), onExpiry);
  }

  #up({ connection: id, session, peer }: Extract<SessionEffect, { type: "up" }>): void {
    const connection = this.#connections.get(id);
    if (!connection) return;
    connection.options = session;
    this.#trouble = undefined;
    this.#log.info("BGP session established", {
      address: this.address,
      asn: session.asn,
      identifier: peer.identifier,
      families: session.families,
      holdSeconds: session.holdSeconds,
      gracefulRestart: session.gracefulRestart !== undefined,
    });
    const { asn, interface: name } = this.#peer;
    this.#sender = new RouteSender(this.#rib, {
      connection,
      session,
      asn,
      interface: name,
      interfaces: () => this.#env.interfaces(),
      log: this.#log,
      sent: this.sent,
    });
    this.flush();
    this.#env.onUp?.(this);
  }

  #ended({ wasUp, end }: { readonly wasUp: boolean; readonly end: SessionEnd }): void {
    const reason = describeEnd(end);
    if (!wasUp) {
      this.#note("BGP session not established", reason);
      return;
    }
    this.#trouble = reason;
    this.#log.warn("BGP session lost", { reason });
    this.#sender = undefined;
    this.#rib.close();
    this.#received.clear();
    this.#timers.stop("sendHold");
  }

  /** The same trouble is not worth a line each time. */
  #note(message: string, reason: string): void {
    if (reason !== this.#trouble) this.#log.warn(message, { address: this.address, reason });
    this.#trouble = reason;
  }
}

const timerName = (timer: SessionTimer): string =>
  timer.name === "retry" ? timer.name : `${timer.name} ${timer.connection}`;
