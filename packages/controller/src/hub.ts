import { StreamError } from "@heraldlb/api";
import type { ControllerMessage, Reply, StreamId } from "@heraldlb/election";
import type { Mac } from "@heraldlb/net";
import type { Clock } from "@heraldlb/runtime";
import type { Definitions } from "./definitions.ts";
import { Encoder } from "./encoder.ts";
import type { Greeting, Request } from "./messages.ts";
import type { Order, OrderWindowOptions } from "./order-window.ts";
import { encodeMessage, encodeOrders, encodePeers } from "./responses.ts";
import { Session, type SessionStream } from "./session.ts";

// What a speaker decodes and passes on in a millisecond: what comes next on the stream waits for so much at most.
const ORDERS_A_MESSAGE = 256;

/** Why a stream is closed: `stepController`'s reasons. */
export type CloseReason = "silent" | "replaced" | "refused" | "protocol" | "bye";

/** Settings of the hub. */
export interface HubOptions {
  readonly clock: Pick<Clock, "now">;
  readonly definitions: Definitions;
  /** Identity of this process, which numbers the definitions' revisions. */
  readonly identity: string;
  /** How many snapshots are sent at a time. */
  readonly snapshots: number;
  /** How many orders of one speaker are under way at a time, and how long each at most. */
  readonly orders: OrderWindowOptions;
}

/** What metrics show of the hub. */
export interface HubStatus {
  readonly streams: number;
  /** Speakers that have applied the newest revision. */
  readonly current: number;
  readonly waitingForSnapshot: number;
}

/**
 * The streams of all speakers: what each was told, and what it lacks.
 *
 * Orders leave together at the end of the turn that brought them, but for those that wait because many are under way,
 * and for an Assign that waits for the definition that its speaker needs. Definitions flow while the hub is open: one
 * snapshot for each stream, then deltas.
 */
export class Hub {
  readonly #clock: HubOptions["clock"];
  readonly #orders: OrderWindowOptions;
  readonly #definitions: Definitions;
  readonly #identity: string;
  readonly #encoder: Encoder;
  readonly #sessions = new Map<StreamId, Session>();
  readonly #waiting = new Set<Session>();
  /** Whose orders may leave at the end of the turn; true: it was heard in this turn. */
  readonly #due = new Map<Session, boolean>();
  readonly #free: number;
  #sending = 0;
  #isOpen = false;
  #lastId = 0;
  #toldAll = 0;

  constructor({ clock, definitions, identity, snapshots, orders }: HubOptions) {
    this.#clock = clock;
    this.#orders = orders;
    this.#definitions = definitions;
    this.#identity = identity;
    this.#encoder = new Encoder(identity);
    this.#free = snapshots;
  }

  /** A speaker has dialled. */
  connect(stream: SessionStream): Session {
    const session = new Session(++this.#lastId, stream, this.#orders);
    this.#sessions.set(session.id, session);
    return session;
  }

  /** The stream has ended, whoever ended it. */
  disconnect(session: Session): void {
    session.phase = "gone";
    this.#sessions.delete(session.id);
    this.#waiting.delete(session);
    this.#due.delete(session);
  }

  /** Notes what a speaker says about its definitions and holdings. */
  note(session: Session, request: Request): void {
    switch (request.type) {
      case "greeting":
        this.#greet(session, request);
        break;
      case "heartbeat":
        session.stamp = request.stamp;
        this.#due.set(session, true);
        break;
      case "acks":
        for (const { group } of request.acks) session.window.settle(group, this.#clock.now());
        this.#due.set(session, true);
        break;
      case "holdings":
        for (const { group, state } of request.changed) {
          if (state === "none") session.holds.delete(group);
          else session.holds.add(group);
          session.window.settle(group, this.#clock.now());
        }
        this.#due.set(session, true);
        break;
      case "applied":
        session.applied = Math.max(session.applied, request.revision);
        break;
      default:
    }
  }

  /** Puts a message into a stream; an order leaves at the end of the turn at the earliest. */
  send(id: StreamId, message: ControllerMessage): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    if (message.type === "reply" || message.type === "drained") session.send(encodeMessage(message));
    else this.#order(session, message);
  }

  /** Ends a stream behind what was sent, and behind what the speaker is to lose. */
  close(id: StreamId, reason: CloseReason): void {
    const session = this.#sessions.get(id);
    if (!session) return;
    this.#sendOrders(session, session.window.takeRevokes());
    this.disconnect(session);
    session.end(ENDINGS[reason]?.());
  }

  /** From now on speakers are told definitions, each one beginning with a snapshot. */
  open(): void {
    this.#isOpen = true;
    for (const session of this.#sessions.values()) {
      if (session.node !== undefined) this.#enqueue(session);
    }
    this.#admit();
  }

  /** From now on nobody is told definitions: another controller does it. */
  shut(): void {
    this.#isOpen = false;
    this.#waiting.clear();
    for (const session of this.#sessions.values()) {
      session.phase = "idle";
      session.orders.clear();
      session.window.clear();
    }
  }

  /** Sends the orders that may leave, tells every speaker what has changed for it, and starts snapshots that wait. */
  endTurn(): void {
    for (const [session, heard] of this.#due) this.#release(session, heard);
    this.#due.clear();
    if (this.#waiting.size > 0) this.#admit();
    const { revision } = this.#definitions;
    if (this.#toldAll === revision) return;
    this.#toldAll = revision;
    for (const session of this.#sessions.values()) this.#tell(session);
  }

  /** Tells the MAC addresses of all nodes, in order, to every speaker that was told others, or none. */
  tellPeers(macs: readonly Mac[]): void {
    const peers = macs.join();
    const message = encodePeers(macs);
    for (const session of this.#sessions.values()) {
      if (session.node === undefined || session.peers === peers) continue;
      session.peers = peers;
      session.send(message);
    }
  }

  /** Says one last word to every speaker, then ends all streams. */
  endAll(lastWord: Omit<Reply, "echo"> | undefined): void {
    for (const session of [...this.#sessions.values()]) {
      this.#sendOrders(session, session.window.takeRevokes());
      if (lastWord && session.node !== undefined) {
        session.send(encodeMessage({ ...lastWord, echo: session.stamp }));
      }
      this.disconnect(session);
      session.end();
    }
  }

  status(): HubStatus {
    const { revision } = this.#definitions;
    let current = 0;
    for (const { applied, sent, told } of this.#sessions.values()) {
      if (sent === revision && applied >= told) current++;
    }
    return { streams: this.#sessions.size, current, waitingForSnapshot: this.#waiting.size };
  }

  #greet(session: Session, { hello, appliedRevision, revisionHolder }: Greeting): void {
    session.node = hello.node;
    session.stamp = hello.stamp;
    for (const { group } of hello.holdings) session.holds.add(group);
    if (!this.#isOpen) return;
    if (revisionHolder === this.#identity && this.#definitions.remembers(appliedRevision)) {
      session.startAt(appliedRevision);
      this.#tell(session);
      return;
    }
    this.#enqueue(session);
  }

  #order(session: Session, order: Order): void {
    // The definition that it needs goes before it.
    if (order.type === "assign" && session.phase === "current") this.#tell(session);
    session.orders.delete(order.group);
    if (order.type !== "assign" || session.phase === "current" || session.holds.has(order.group)) {
      session.window.put(order);
      if (!this.#due.has(session)) this.#due.set(session, false);
      return;
    }
    // What has not left yet is overruled.
    session.window.drop(order.group);
    session.orders.set(order.group, order);
    if (this.#waiting.has(session)) this.#admit();
  }

  /** Sends the orders that wait and may leave. */
  #release(session: Session, heard: boolean): void {
    this.#sendOrders(session, session.window.take(this.#clock.now(), { heard }));
  }

  /** Stamps orders with the stamp that is the last one by now, and sends them. */
  #sendOrders(session: Session, orders: readonly Order[]): void {
    // Those of an earlier term, which some that waited may be, must not be taken for this one's.
    for (const [term, ofTerm] of Map.groupBy(orders, ({ epoch }) => epoch.term)) {
      for (let at = 0; at < ofTerm.length; at += ORDERS_A_MESSAGE) {
        session.send(encodeOrders(ofTerm.slice(at, at + ORDERS_A_MESSAGE), { term, stamp: session.stamp }));
      }
    }
  }

  #enqueue(session: Session): void {
    if (session.phase === "sending") return;
    session.phase = "waiting";
    this.#waiting.add(session);
  }

  /** Starts snapshots while there is room: first where an order waits, then in the order of arrival. */
  #admit(): void {
    while (this.#sending < this.#free && this.#waiting.size > 0) {
      const [first] = this.#waiting;
      const next = [...this.#waiting].find(({ orders }) => orders.size > 0) ?? first;
      if (!next) return;
      this.#waiting.delete(next);
      // Nobody waits for it: it ends with its stream, and never rejects.
      void this.#sendSnapshot(next);
    }
  }

  async #sendSnapshot(session: Session): Promise<void> {
    this.#sending++;
    session.phase = "sending";
    const { revision } = this.#definitions;
    const chunks = this.#encoder.snapshot(revision, this.#definitions.snapshot(session.node ?? ""));
    for (const chunk of chunks) {
      if (session.phase !== "sending") break;
      session.send(chunk);
      // Without waiting a fresh speaker's first order would be late by an event loop's turn.
      if (chunks.length > 1) await session.stream.flushed();
    }
    this.#sending--;
    if (session.phase === "sending") {
      session.startAt(revision);
      this.#tell(session);
      for (const order of session.orders.values()) session.window.put(order);
      session.orders.clear();
      this.#release(session, false);
    }
    this.#admit();
  }

  #tell(session: Session): void {
    const { revision } = this.#definitions;
    if (session.phase !== "current" || session.sent === revision || session.node === undefined) return;
    const delta = this.#definitions.delta(session.node, session.sent);
    if (!delta) {
      this.#enqueue(session);
      this.#admit();
      return;
    }
    session.sent = revision;
    if (delta.changed.length === 0 && delta.removed.length === 0) return;
    for (const part of this.#encoder.delta(session.told, revision, delta)) session.send(part);
    session.told = revision;
  }
}

const ENDINGS: { readonly [R in CloseReason]?: () => StreamError } = {
  silent: () => new StreamError("unavailable", "nothing was heard for the detection time"),
  replaced: () => new StreamError("alreadyExists", "REPLACED"),
  refused: () => new StreamError("alreadyExists", "REPLACED"),
  protocol: () => new StreamError("invalidArgument", "the message does not belong here"),
};
