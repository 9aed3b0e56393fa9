import type { AnswerMode, Epoch, GroupDefinition, GroupId, InterfaceSet, Link } from "@heraldlb/election";
import { allowsInterface } from "@heraldlb/election";
import type {
  FrameBackend,
  FrameHandlers,
  FrameSocket,
  FrameSocketOptions,
  InterfaceEvent,
  MulticastGroups,
} from "@heraldlb/link";
import type { Ip, Mac } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import { type AddressCounts, AddressTable, type ServedAddress } from "./address-table.ts";
import type { InterfaceRules } from "./interface-selection.ts";
import { Pacer, type Priority } from "./pacer.ts";
import type { Port, RoundPart } from "./port.ts";
import { Ports } from "./ports.ts";
import type { Verdict } from "./responder.ts";

/** What {@link Layer2} needs of the outside. */
export interface Layer2Dependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly rules: InterfaceRules;
  readonly backend: FrameBackend;
  openSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket>;
  openGroups(index: number): MulticastGroups;
  /** Asked before frames are looked at: false if they are to be dropped. */
  admit(frames: number): boolean;
}

/** Who is told what happens on the wire. */
export interface Layer2Listener {
  /** The usable interfaces have changed. */
  links(links: readonly Link[]): void;
  /** An interface of the node, usable or not, has got carrier. */
  networkUp(): void;
  /** Another host claims an address, or asks whether anybody has it. */
  heard(kind: "claim" | "probe", address: Ip, mac: Mac, name: string): void;
  /** The round that was to be confirmed is on the wire. */
  announced(group: GroupId, epoch: Epoch): void;
  /** The kernel has refused it, on every usable interface. */
  notSent(group: GroupId, epoch: Epoch): void;
}

/** A gratuitous round for a group. */
export interface AnnounceOrder {
  readonly group: GroupId;
  readonly epoch: Epoch;
  readonly interfaces: InterfaceSet;
  readonly confirm: boolean;
}

/** A question to the network whether anybody has a group's addresses. */
export interface ProbeOrder {
  readonly group: GroupId;
  readonly interfaces: InterfaceSet;
  readonly to?: Mac;
}

interface Round extends AnnounceOrder {
  readonly part: RoundPart;
  waiting: number;
  sent: number;
  /** There was an interface to send it on. */
  isTried: boolean;
}

// 5,000 first rounds are to be out in a second; twice that leaves room for a second interface and for noise.
// A burst is about a millisecond's work, the most that an answer has to wait.
const ANNOUNCE_PACE = { perSecond: 10_000, burst: 100 } as const;
const JOIN_PACE = { perSecond: 20_000, burst: 50 } as const;

/**
 * The addresses of this node on the wire: answers for them, announces them, asks for them.
 *
 * It decides nothing: what is answered, when it is announced and what a rival means are the ownership machine's.
 */
export class Layer2 {
  readonly #table = new AddressTable();
  readonly #ports: Ports;
  readonly #announcements: Pacer<readonly [Round, Ip]>;
  readonly #listener: Layer2Listener;
  readonly #held = new Set<GroupId>();
  readonly #verdicts = new Map<Verdict, number>();

  constructor(dependencies: Layer2Dependencies, listener: Layer2Listener) {
    const { clock } = dependencies;
    this.#listener = listener;
    this.#announcements = new Pacer(clock, ANNOUNCE_PACE, ([round, address]) => this.#announce(round, address));
    const joins = new Pacer<() => void>(clock, JOIN_PACE, (join) => join());
    this.#ports = new Ports(
      {
        ...dependencies,
        table: this.#table,
        later: (work) => joins.put(work, "first"),
        isHeld: (group) => this.#held.has(group),
        heard: (kind, address, mac, name) => listener.heard(kind, address, mac, name),
        count: (verdict) => void this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1),
      },
      {
        links: (links) => listener.links(links),
        networkUp: () => listener.networkUp(),
        added: (port) => this.#listenForHeld(port),
      },
    );
  }

  /** The usable interfaces as they are now. */
  get links(): readonly Link[] {
    return this.#ports.links;
  }

  /** Takes note of a change of the node's interfaces. */
  interfaceEvent(event: InterfaceEvent): void {
    this.#ports.apply(event);
  }

  /** Defines a group or changes its addresses. A new one is not answered for. */
  define(group: GroupDefinition): void {
    const held = this.#held.has(group.id);
    if (held) this.#listen(group.id, "unlisten");
    this.#table.define(group);
    if (held) this.#listen(group.id, "listen");
  }

  /** Forgets a group. */
  undefine(group: GroupId): void {
    this.release(group);
    this.#table.remove(group);
  }

  /** Has solicitations for a group's addresses delivered: all that could be answered or contested. */
  hold(group: GroupId): void {
    if (this.#held.has(group)) return;
    this.#held.add(group);
    this.#listen(group, "listen");
  }

  /** Ends `hold`. */
  release(group: GroupId): void {
    if (this.#held.delete(group)) this.#listen(group, "unlisten");
  }

  /** Sets what is answered for a group, at once. */
  answer(group: GroupId, mode: AnswerMode): void {
    this.#table.setMode(group, mode);
  }

  /**
   * Sends a round for each address of a group, as soon as the pace allows. When thousands of groups are taken at once,
   * the first form of each goes out before the second one of any.
   */
  announce(order: AnnounceOrder): void {
    const { confirm } = order;
    const isUrgent = confirm && this.#announcements.isRushed;
    this.#put(order, isUrgent ? "first" : "whole", confirm ? "first" : "later");
    if (isUrgent) this.#put({ ...order, confirm: false }, "rest", "later");
  }

  #put(order: AnnounceOrder, part: RoundPart, priority: Priority): void {
    const addresses = this.#table.group(order.group);
    const round: Round = { ...order, part, waiting: addresses.length, sent: 0, isTried: false };
    for (const { address } of addresses) this.#announcements.put([round, address], priority);
  }

  /** Whether many groups are being announced for the first time: what can wait had better do so. */
  get isRushed(): boolean {
    return this.#announcements.isRushed;
  }

  /** Asks at once for each address of a group. */
  probe({ group, interfaces, to }: ProbeOrder): void {
    for (const entry of this.#table.group(group)) {
      for (const port of this.#portsFor(entry, interfaces)) port.probe(entry, to);
    }
  }

  /** What has changed in the addresses' counts since the last call. */
  takeCounts(): AddressCounts[] {
    return this.#table.takeCounts();
  }

  /** How many frames met which fate since the last call. */
  takeVerdicts(): ReadonlyMap<Verdict, number> {
    const taken = new Map(this.#verdicts);
    this.#verdicts.clear();
    return taken;
  }

  /** The open ports. */
  get ports(): Iterable<Port> {
    return this.#ports;
  }

  /** Closes all sockets: from then on nothing is answered. */
  async close(): Promise<void> {
    this.#announcements.clear();
    await this.#ports.close();
  }

  #announce(round: Round, address: Ip): void {
    const entry = this.#table.group(round.group).find((other) => other.address === address);
    // Lost, or given away, while it waited.
    if (entry?.mode === "all") {
      for (const port of this.#portsFor(entry, round.interfaces)) {
        const sent = port.announce(entry, round.part);
        if (sent === undefined) continue;
        entry.gratuitous += sent;
        round.sent += sent;
        round.isTried = true;
      }
    }
    round.waiting--;
    if (round.waiting > 0 || !round.confirm || !round.isTried) return;
    this.#listener[round.sent > 0 ? "announced" : "notSent"](round.group, round.epoch);
  }

  *#portsFor(entry: ServedAddress, interfaces: InterfaceSet = "all"): Generator<Port, void, undefined> {
    for (const port of this.#ports) {
      const { name } = port.link;
      if (allowsInterface(entry.interfaces, name) && allowsInterface(interfaces, name)) yield port;
    }
  }

  #listen(group: GroupId, change: "listen" | "unlisten"): void {
    for (const entry of this.#table.group(group)) {
      for (const port of this.#portsFor(entry)) port[change](entry);
    }
  }

  #listenForHeld(port: Port): void {
    for (const group of this.#held) {
      for (const entry of this.#table.group(group)) {
        if (allowsInterface(entry.interfaces, port.link.name)) port.listen(entry);
      }
    }
  }
}
