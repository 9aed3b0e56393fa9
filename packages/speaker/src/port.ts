import type { GroupId } from "@heraldlb/election";
import {
  arpAndNdpFilter,
  arpFilter,
  type FrameBackend,
  type FrameFilter,
  type FrameHandlers,
  type FrameSocket,
  type FrameSocketOptions,
  type FrameStatistics,
  type LinkError,
  type MulticastGroups,
  ndpFilter,
} from "@heraldlb/link";
import { type Ip, type Ipv6, isIpv4, type Mac, macFromBytes } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { AddressTable, ServedAddress } from "./address-table.ts";
import { type GratuitousArp, gratuitousArp, gratuitousFrames, probeFrame } from "./announcement.ts";
import { arpResponder } from "./arp-responder.ts";
import { ETHER_TYPE_OFFSET, type OwnMacs, u16 } from "./frame-bytes.ts";
import type { UsableInterface } from "./interface-selection.ts";
import { Memberships } from "./memberships.ts";
import { ndpResponder } from "./ndp-responder.ts";
import type { ResponderOutput, Verdict } from "./responder.ts";

/** What all ports share. */
export interface PortEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  readonly backend: FrameBackend;
  readonly table: AddressTable;
  /** The MAC addresses of the node. */
  readonly own: OwnMacs;
  openSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket>;
  openGroups(index: number): MulticastGroups;
  /** Does something soon, but after answering. */
  later(work: () => void): void;
  /** Asked before frames are looked at: false if they are to be dropped. */
  admit(frames: number): boolean;
  /** Whether what is heard of a group's addresses matters: this node answers for them, or could. */
  isHeld(group: GroupId): boolean;
  /** Another host claims an address, or asks whether anybody has it. */
  heard(kind: "claim" | "probe", address: Ip, mac: Mac, name: string): void;
  /** What became of a frame. */
  count(verdict: Verdict): void;
  /** The socket has been opened, or has failed for good. */
  onReadiness(): void;
}

/** An interface with a MAC address, on which ARP, NDP or both work. */
export interface PortLink extends UsableInterface {
  readonly mac: Mac;
}

/** A whole gratuitous round, or what of it is urgent, or the rest. */
export type RoundPart = keyof typeof PARTS;

const PARTS = { whole: [0], first: [0, 1], rest: [1] } as const;

type Respond = (frame: Uint8Array) => Verdict;

const RETRY_MS = 1_000;
const ETHER_TYPE_ARP = 0x0806;

/**
 * One interface on which addresses are answered for: its socket, its responders and its multicast groups.
 *
 * It belongs to one incarnation of the interface: a changed MAC address is a matter of `update`, a new index of a new
 * port.
 */
export class Port {
  readonly #env: PortEnvironment;
  readonly #ended = new AbortController();
  readonly #memberships: Memberships;
  #link: PortLink;
  #socket: FrameSocket | undefined;
  #arp: Respond | undefined;
  #ndp: Respond | undefined;
  #gratuitousArp: GratuitousArp;

  constructor(link: PortLink, env: PortEnvironment) {
    this.#env = env;
    this.#link = link;
    this.#gratuitousArp = gratuitousArp(link.mac);
    this.#memberships = new Memberships({
      open: () => env.openGroups(link.index),
      later: (work) => env.later(work),
      onError: (group, error) =>
        env.log.warn("multicast group not joined", { interface: link.name, group, reason: reasonOf(error) }),
    });
    this.#apply();
    // `#open` handles its errors itself, and goes on until the port is closed.
    void this.#open();
  }

  get link(): PortLink {
    return this.#link;
  }

  /** Whether frames can be received and, if the link is up, sent. */
  get ready(): boolean {
    return this.#socket !== undefined;
  }

  /** Takes note of a change of anything but the index. */
  update(link: PortLink): void {
    const before = this.#link;
    this.#link = link;
    if (link.mac === before.mac && link.linkLocal === before.linkLocal && link.arp === before.arp) return;
    this.#apply();
    const filter = filterOf(link);
    if (filter.expression === filterOf(before).expression) return;
    this.#socket?.setFilter(filter).catch((error: unknown) => this.#failed("frame filter not set", error));
  }

  /**
   * Sends a gratuitous round for an address, or only its first frame or the others. Returns how many went out; undefined
   * if the interface cannot carry them now.
   */
  announce({ address, words }: ServedAddress, part: RoundPart): number | undefined {
    const frames = isIpv4(address) ? this.#gratuitousArp(words) : gratuitousFrames(this.#link, address);
    if (!this.#usable || frames.length === 0) return undefined;
    return this.#socket?.sendAll(frames.slice(...PARTS[part]));
  }

  /** Asks whether another host has the address. */
  probe({ address }: ServedAddress, to: Mac | undefined): void {
    const frame = this.#usable ? probeFrame(this.#link, address, to) : undefined;
    if (frame) this.#socket?.send(frame);
  }

  /** Has solicitations for an address delivered, once for each call of `unlisten`. */
  listen({ address }: ServedAddress): void {
    if (!isIpv4(address)) this.#memberships.add(address as Ipv6);
  }

  unlisten({ address }: ServedAddress): void {
    if (!isIpv4(address)) this.#memberships.remove(address as Ipv6);
  }

  /** Its frames' counters; undefined while it is not open. */
  async statistics(): Promise<FrameStatistics | undefined> {
    return await this.#socket?.statistics();
  }

  /** Closes everything. Nothing is reported any more. */
  async close(): Promise<void> {
    this.#ended.abort();
    this.#memberships[Symbol.dispose]();
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }

  get #usable(): boolean {
    return this.#link.up && this.#link.carrier;
  }

  #apply(): void {
    const { name, mac, arp, linkLocal } = this.#link;
    const { own, table } = this.#env;
    this.#gratuitousArp = gratuitousArp(mac);
    const output: ResponderOutput = {
      send: (reply) => this.#socket?.send(reply) ?? false,
      claim: (entry, frame, at) => this.#heard("claim", entry, frame, at),
      probe: (entry, frame, at) => this.#heard("probe", entry, frame, at),
    };
    this.#arp = arp ? arpResponder({ name, mac, own }, table, output) : undefined;
    this.#ndp = linkLocal ? ndpResponder({ name, mac, own, linkLocal }, table, output) : undefined;
    // Without a link-local address the kernel has nothing to report its memberships from.
    if (linkLocal) this.#memberships.enable();
  }

  #heard(kind: "claim" | "probe", { address, group }: ServedAddress, frame: Uint8Array, at: number): void {
    if (!this.#env.isHeld(group)) return;
    this.#env.heard(kind, address, macFromBytes(frame.subarray(at, at + 6)), this.#link.name);
  }

  async #open(): Promise<void> {
    const { signal } = this.#ended;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const { name, index } = this.#link;
        const socket = await this.#env.openSocket(
          { interface: name, filter: filterOf(this.#link), backend: this.#env.backend },
          { onFrames: (frames) => this.#onFrames(frames), onError: (error) => this.#onError(error) },
        );
        if (signal.aborted || socket.index !== index) await socket.close();
        if (signal.aborted) return;
        // A name that means another interface by now: rtnetlink is about to say so, and this port to be closed.
        if (socket.index === index) return this.#opened(socket);
      } catch (error) {
        if (attempt === 0) this.#failed("interface cannot be opened", error);
      }
      await this.#env.clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  #opened(socket: FrameSocket): void {
    this.#socket = socket;
    const { name, index, mac } = this.#link;
    const { backend, receiveBufferBytes } = socket;
    this.#env.log.info("interface opened", { interface: name, index, mac, backend, receiveBufferBytes });
    this.#env.onReadiness();
  }

  #onFrames(frames: readonly Uint8Array[]): void {
    if (!this.#env.admit(frames.length)) return;
    for (const frame of frames) {
      const respond = u16(frame, ETHER_TYPE_OFFSET) === ETHER_TYPE_ARP ? this.#arp : this.#ndp;
      if (respond) this.#env.count(respond(frame));
    }
  }

  #onError(error: LinkError): void {
    const { name } = this.#link;
    // Going down and away is told by rtnetlink, too, and acted on there.
    const level = error.code === "down" || error.code === "gone" ? "debug" : "warn";
    this.#env.log[level]("interface trouble", { interface: name, code: error.code, reason: error.message });
  }

  #failed(message: string, error: unknown): void {
    this.#env.log.error(message, { interface: this.#link.name, reason: reasonOf(error) });
  }
}

function filterOf({ arp, linkLocal }: PortLink): FrameFilter {
  if (!arp) return ndpFilter();
  return linkLocal ? arpAndNdpFilter() : arpFilter();
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
