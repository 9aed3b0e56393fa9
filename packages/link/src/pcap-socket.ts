import { ZERO_MAC } from "@heraldlb/net";
import { backoff, systemClock } from "@heraldlb/runtime";
import type { FrameFilter } from "./filter.ts";
import type { FrameHandlers, FrameSocket, FrameSocketOptions, FrameStatistics } from "./frame-socket.ts";
import { LinkError } from "./link-error.ts";
import { downError, type Following, followLink, goneError } from "./link-feed.ts";
import { attempt } from "./native.ts";
import { PcapProcess } from "./pcap-process.ts";
import type { CaptureCounters } from "./pcap-wire.ts";
import type { LinkState } from "./rtnetlink.ts";

const HEADER_LENGTH = 14;
const ETHER_TYPE_OFFSET = 12;
const RETRY = { initialMs: 50, maxMs: 2_000 };
const NOTHING: CaptureCounters = { dropped: 0, oversized: 0, unsent: 0 };

/** Opens the `pcap` backend. Rejects with a `LinkError`. */
export async function openPcapSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket> {
  const name = options.interface;
  const index = attempt(`find interface ${name}`, (native) => native.interfaceIndex(name));
  if (index === 0) throw goneError(name);
  const socket = new PcapSocket(index, options, handlers);
  try {
    await socket.settled();
    return socket;
  } catch (error) {
    await socket.close();
    throw error;
  }
}

/** Keeps a helper process on the interface while that is up, another one after each flap, change of MAC or death. */
class PcapSocket implements FrameSocket {
  readonly backend = "pcap";
  readonly interface: string;
  readonly index: number;
  readonly receiveBufferBytes: number;
  readonly #handlers: FrameHandlers;
  readonly #following: Following;
  readonly #leaving = new Set<Promise<void>>();
  #filter: FrameFilter;
  #link: LinkState | undefined;
  /** Captures. */
  #current: PcapProcess | undefined;
  /** Will take over when it captures. */
  #next: PcapProcess | undefined;
  #retry: Disposable | undefined;
  #isOpen = false;
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  #failures = 0;
  #received = 0;
  #unsent = 0;
  #past: CaptureCounters = NOTHING;
  #closed: Promise<void> | undefined;

  constructor(index: number, options: FrameSocketOptions, handlers: FrameHandlers) {
    this.interface = options.interface;
    this.index = index;
    this.receiveBufferBytes = options.receiveBufferBytes ?? 4 << 20;
    this.#handlers = handlers;
    this.#filter = options.filter;
    this.#following = followLink(index, {
      onLink: (link) => this.#onLink(link),
      onGone: () => this.#onGone(),
    });
  }

  send(frame: Uint8Array): boolean {
    if (frame.length < HEADER_LENGTH) throw new RangeError(`a frame of ${frame.length} bytes`);
    const sent = this.#current?.send(frame) ?? false;
    if (!sent) this.#unsent++;
    return sent;
  }

  sendAll(frames: readonly Uint8Array[]): number {
    const failed = frames.findIndex((frame) => !this.send(frame));
    if (failed === -1) return frames.length;
    this.#unsent += frames.length - failed - 1;
    return failed;
  }

  async setFilter(filter: FrameFilter): Promise<void> {
    this.#filter = filter;
    if (this.#closed || !this.#link?.up) return;
    this.#start();
    await this.settled();
  }

  /** Resolves when a helper captures, or the interface is down; rejects when there is no interface or no helper. */
  settled(): Promise<void> {
    const waiter = Promise.withResolvers<void>();
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  async statistics(): Promise<FrameStatistics> {
    const current = this.#current;
    if (current) await current.count();
    // If it left while it was asked, its counters are in the past ones already.
    const counters = current && current === this.#current ? add(this.#past, current.counters) : this.#past;
    return { ...counters, received: this.#received, unsent: this.#unsent + counters.unsent };
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    const unfollowed = this.#following.stop();
    this.#stop();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await Promise.all([unfollowed, ...this.#leaving]);
  }

  #onLink(link: LinkState): void {
    const before = this.#link;
    this.#link = link;
    if (!link.up) {
      this.#stop();
      this.#settle();
      if (before?.up !== false) this.#handlers.onError(downError(this.interface));
    } else if (!before?.up || before.mac !== link.mac) {
      this.#start();
    }
  }

  #onGone(): void {
    this.#stop();
    this.#link = undefined;
    this.#fail(goneError(this.interface));
  }

  #start(): void {
    this.#cancel();
    const process = new PcapProcess(
      { interface: this.interface, expression: this.#expression(), bufferBytes: this.receiveBufferBytes },
      {
        onReady: () => {
          this.#retire(this.#current);
          this.#current = process;
          this.#next = undefined;
          this.#failures = 0;
          this.#settle();
        },
        onFrames: (frames) => this.#deliver(frames),
        onEnd: (error) => this.#onEnd(process, error),
      },
    );
    this.#next = process;
  }

  /** Frames with the tag of a VLAN get past libpcap's filter, since the kernel keeps the tag beside them. */
  #deliver(frames: readonly Uint8Array[]): void {
    const wanted = frames.filter((frame) => this.#filter.programs.some(({ etherType }) => etherType === typeOf(frame)));
    this.#received += wanted.length;
    if (wanted.length > 0) this.#handlers.onFrames(wanted);
  }

  #onEnd(process: PcapProcess, error: LinkError): void {
    if (process === this.#current) this.#past = add(this.#past, process.counters);
    if (process === this.#current) this.#current = undefined;
    if (process === this.#next) this.#next = undefined;
    const wait = backoff(RETRY, this.#failures++, Math.random());
    this.#retry = systemClock.timer(wait, () => this.#start());
    this.#fail(this.#isOpen ? new LinkError("interrupted", error.message, { cause: error }) : error);
  }

  #settle(): void {
    this.#isOpen = true;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #fail(error: LinkError): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    if (this.#isOpen) this.#handlers.onError(error);
  }

  #stop(): void {
    this.#cancel();
    this.#retire(this.#current);
    this.#current = undefined;
  }

  /** Gives up what was going to be. */
  #cancel(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    this.#retire(this.#next);
    this.#next = undefined;
  }

  #retire(process: PcapProcess | undefined): void {
    if (!process) return;
    this.#past = add(this.#past, process.counters);
    const leaving = process.stop().then(() => void this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  /**
   * Neither this host's frames nor those for other hosts, as with the other backend. `inbound` would say it better,
   * but libpcap examines the first frame itself, where that part of the filter never holds.
   */
  #expression(): string {
    const mac = this.#link?.mac;
    if (mac === undefined || mac === ZERO_MAC) return this.#filter.expression;
    return `not ether src ${mac} and (ether multicast or ether dst ${mac}) and (${this.#filter.expression})`;
  }
}

const add = (a: CaptureCounters, b: CaptureCounters): CaptureCounters => ({
  dropped: a.dropped + b.dropped,
  oversized: a.oversized + b.oversized,
  unsent: a.unsent + b.unsent,
});

const typeOf = (frame: Uint8Array) => ((frame[ETHER_TYPE_OFFSET] ?? 0) << 8) | (frame[ETHER_TYPE_OFFSET + 1] ?? 0);
