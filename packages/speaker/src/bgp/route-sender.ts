import {
  type AdjRibOut,
  type BgpMessage,
  endOfRib,
  feedSession,
  type NegotiatedSession,
  type NextHop,
} from "@heraldlb/bgp";
import type { Interface } from "@heraldlb/link";
import type { Family } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import type { BgpConnection } from "./connection.ts";
import type { RouteAttributes } from "./desired.ts";
import type { MessageCounts } from "./message-counts.ts";
import { interfaceWith, nextHopFor } from "./next-hop.ts";
import { pathAttributes } from "./path-attributes.ts";

/** What routes are sent over. */
export interface SenderEnvironment {
  readonly connection: BgpConnection;
  readonly session: NegotiatedSession;
  /** This side's AS number. */
  readonly asn: number;
  /** The interface of a link-local peer. */
  readonly interface: string | undefined;
  interfaces(): readonly Interface[];
  readonly log: Logger;
  readonly sent: MessageCounts;
}

/** Tells the peer of an established session what it should know. */
export class RouteSender {
  readonly #rib: AdjRibOut<RouteAttributes>;
  readonly #env: SenderEnvironment;
  readonly #nextHops = new Map<Family, NextHop>();
  /** What the session goes through, once it is known. */
  #interface: string | undefined;
  #next: () => readonly BgpMessage[];

  /** Puts the whole table on the way. `send` sends it. */
  constructor(rib: AdjRibOut<RouteAttributes>, env: SenderEnvironment) {
    this.#rib = rib;
    this.#env = env;
    this.#interface = env.interface;
    this.#next = this.#feed();
    for (const family of env.session.families) this.#open(family);
  }

  get connection(): BgpConnection {
    return this.#env.connection;
  }

  get session(): NegotiatedSession {
    return this.#env.session;
  }

  /** Sends as much as the connection takes. */
  send(): void {
    while (!this.connection.isFull && this.#sendNext());
  }

  /** Sends everything, however long the connection will take. */
  sendAll(): void {
    while (this.#sendNext());
  }

  /** The peer asked for everything again. */
  refresh(family: Family): void {
    this.#rib.refresh(family, this.session.enhancedRouteRefresh ? "enhanced" : "plain");
  }

  /** Tells the peer of other next hops, if they are others now. */
  interfacesChanged(): void {
    for (const family of this.session.families) {
      const before = this.#nextHops.get(family);
      const now = this.#nextHopOf(family);
      if (!now || (now.address === before?.address && now.linkLocal === before.linkLocal)) continue;
      this.#env.log.info("BGP next hop changed", { family, from: before?.address, to: now.address });
      this.#nextHops.set(family, now);
      this.#next = this.#feed();
      if (before) this.#rib.resend(family);
      else this.#rib.open(family);
    }
  }

  #open(family: Family): void {
    const nextHop = this.#nextHopOf(family);
    if (nextHop) {
      this.#nextHops.set(family, nextHop);
      this.#rib.open(family);
      return;
    }
    this.#env.log.warn("BGP routes not announced: no address to be their next hop", { family });
    // A peer that waits for the end of the table should not wait for ever.
    this.#sendMessage(endOfRib(family));
  }

  #nextHopOf(family: Family): NextHop | undefined {
    const { connection, session } = this.#env;
    const { localAddress } = connection;
    const interfaces = this.#env.interfaces();
    // Looked for once: a node may have thousands of addresses, and they change often.
    this.#interface ??= interfaceWith(localAddress, interfaces);
    const source = { localAddress, interface: this.#interface, extendedNextHop: session.extendedNextHop };
    return nextHopFor(family, source, interfaces);
  }

  /** Remembers what attributes come to, so it has to be another one when that changes. */
  #feed(): () => readonly BgpMessage[] {
    const { session, asn } = this.#env;
    return feedSession(this.#rib, session, (attributes, family) => ({
      attributes: pathAttributes(attributes, asn, session),
      // Only families with one are open.
      nextHop: this.#nextHops.get(family) as NextHop,
    }));
  }

  #sendNext(): boolean {
    const messages = this.#next();
    for (const message of messages) this.#sendMessage(message);
    return messages.length > 0;
  }

  #sendMessage(message: BgpMessage): void {
    this.#env.sent[message.type]++;
    this.connection.send(message);
  }
}
