import type { Socket } from "node:net";
import {
  type AgreedConnection,
  initialSession,
  isAgreed,
  type SessionConfig,
  type SessionEffect,
  type SessionEvent,
  type SessionName,
  type SessionState,
  type SessionTimer,
  sessionName,
  stepSession,
} from "@heraldlb/bgp";
import type { Ip, Ipv4 } from "@heraldlb/net";
import type { Clock } from "@heraldlb/runtime";
import { BgpConnection } from "./connection.ts";
import { Dialing } from "./dialing.ts";
import { type MessageCounts, noMessages } from "./message-counts.ts";
import type { DialTarget } from "./tcp.ts";
import { NamedTimers } from "./timers.ts";

/** What the driver cannot carry out itself. */
export type ReportedEffect = Extract<SessionEffect, { type: "up" | "ended" | "routes" | "refreshRequested" }>;

/** Who owns a session and knows what it is for. */
export interface SessionOwner {
  readonly clock: Clock;
  /** At least 0, less than 1. */
  random(): number;
  /** What the session shall be, as of now. */
  config(): SessionConfig;
  /** Where the peer is, as of now. */
  target(): DialTarget;
  /** The BGP identifier to use on a connection from that address. */
  identifier(localAddress: Ip): Ipv4;
  /** The name of the session's state has become another one. */
  changed(from: SessionName, to: SessionName, event: SessionEvent["type"]): void;
  /** No connection could be made. */
  unreached(reason: string): void;
  /** There is room on the connection again. */
  drained(): void;
  reported(effect: ReportedEffect): void;
}

type Untimed<E> = E extends unknown ? Omit<E, "now"> : never;

/** Carries out on sockets and clocks what the session machine decides. */
export class SessionDriver {
  readonly sent: MessageCounts = noMessages();
  readonly received: MessageCounts = noMessages();
  readonly #owner: SessionOwner;
  readonly #timers: NamedTimers;
  readonly #connections = new Map<number, BgpConnection>();
  readonly #closing = new Set<Promise<void>>();
  readonly #events: SessionEvent[] = [];
  #state: SessionState = initialSession;
  #dialing: Dialing | undefined;
  #nextConnection = 1;
  #isStepping = false;

  constructor(owner: SessionOwner) {
    this.#owner = owner;
    this.#timers = new NamedTimers(owner.clock);
  }

  /** RFC 4271's name of the session's state. */
  get state(): SessionName {
    return sessionName(this.#state);
  }

  /** The connection on which the OPENs have been exchanged, if there is one. */
  get running(): { readonly connection: AgreedConnection; readonly localAddress: Ip } | undefined {
    const connection = this.#state.connections.find(isAgreed);
    const link = connection && this.#connections.get(connection.id);
    return link && { connection, localAddress: link.localAddress };
  }

  /** Resolves when nothing is left of connections that were ended. */
  get closed(): Promise<unknown> {
    return Promise.all(this.#closing);
  }

  /** A connection by the number that effects name it with. */
  connection(id: number): BgpConnection | undefined {
    return this.#connections.get(id);
  }

  /** Takes a connection that the peer has made. */
  accept(socket: Socket): void {
    this.#connected(socket, { isIncoming: true });
  }

  /** Lets an event happen. Those that come up while one is dealt with wait for their turn. */
  happen(event: Untimed<SessionEvent>): void {
    this.#events.push({ ...event, now: this.#owner.clock.now() } as SessionEvent);
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
    // Nobody has refused it either: a router with another password, for one, is silent.
    if (this.#dialing && event.type === "expired" && event.timer.name === "retry") this.#owner.unreached("no answer");
    const { state, effects } = stepSession(this.#state, event, this.#owner.config());
    this.#state = state;
    for (const effect of effects) this.#obey(effect);
    if (this.state !== before) this.#owner.changed(before, this.state, event.type);
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
      default:
        this.#owner.reported(effect);
    }
  }

  #dial(): void {
    this.#dialing = new Dialing(this.#owner.target(), {
      connected: (socket) => {
        this.#dialing = undefined;
        this.#connected(socket, { isIncoming: false });
      },
      failed: (reason) => {
        this.#dialing = undefined;
        this.#owner.unreached(reason);
        this.happen({ type: "dialFailed" });
      },
    });
  }

  #connected(socket: Socket, { isIncoming }: { readonly isIncoming: boolean }): void {
    const id = this.#nextConnection++;
    const connection = BgpConnection.open(socket, this.#owner.clock, {
      received: (message) => {
        this.received[message.type]++;
        this.happen({ type: "received", connection: id, message });
      },
      malformed: (notification) => this.happen({ type: "malformed", connection: id, notification }),
      drained: () => this.#owner.drained(),
      closed: () => this.happen({ type: "closed", connection: id }),
    });
    if (!connection) {
      // It was gone before it was there.
      if (!isIncoming) this.happen({ type: "dialFailed" });
      return;
    }
    this.#connections.set(id, connection);
    const identifier = this.#owner.identifier(connection.localAddress);
    this.happen({ type: "connected", connection: id, isIncoming, identifier });
  }

  #close(id: number): void {
    const connection = this.#connections.get(id);
    if (!connection) return;
    this.#connections.delete(id);
    const closed = connection.close();
    this.#closing.add(closed);
    // Never rejects, and is waited for where the session ends.
    void closed.then(() => this.#closing.delete(closed));
    for (const name of ["hold", "keepalive"] as const) this.#timers.stop(timerName({ name, connection: id }));
  }

  #arm({ timer, ms, jitter }: Extract<SessionEffect, { type: "arm" }>): void {
    const expire = () => this.happen({ type: "expired", timer });
    // After a pause of the whole process the timer is due before what has arrived is read: the peer may be alive.
    const onExpiry = timer.name === "hold" ? () => void setImmediate(expire) : expire;
    this.#timers.start(timerName(timer), ms * (1 - jitter * this.#owner.random()), onExpiry);
  }
}

const timerName = (timer: SessionTimer): string =>
  timer.name === "retry" ? timer.name : `${timer.name} ${timer.connection}`;
