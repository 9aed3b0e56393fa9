import { constants } from "node:os";
import { encodeProgram } from "./bpf.ts";
import type { FilterProgram, FrameFilter } from "./filter.ts";
import type { FrameHandlers, FrameSocket, FrameSocketOptions, FrameStatistics } from "./frame-socket.ts";
import { downError, type Following, followLink, goneError } from "./link-feed.ts";
import { attempt, errnoError, native } from "./native.ts";
import { createRing, type Reading, type Ring, startReading } from "./receiver.ts";
import { FAMILY, int, packetAddress } from "./socket-address.ts";
import { setReceiveBuffer } from "./socket-option.ts";

const SOCK_RAW = 3;
const SOL_PACKET = 263;
const PACKET_STATISTICS = 6;
const PACKET_IGNORE_OUTGOING = 23;
const SLOT = 2048;
const SLOTS = 64;
const HEADER_LENGTH = 14;
const ETHER_TYPE_OFFSET = 12;
const { EMSGSIZE, EBADF } = constants.errno;

let sharedRing: Ring | undefined;

/** One descriptor: frames of one EtherType. */
interface Part {
  readonly fd: number;
  readonly reading: Reading;
  readonly bufferBytes: number;
}

/** Opens the `packet` backend. Throws a `LinkError`. */
export function openPacketSocket(
  { interface: name, filter, receiveBufferBytes = 4 << 20 }: FrameSocketOptions,
  handlers: FrameHandlers,
): FrameSocket {
  const index = attempt(`find interface ${name}`, (native) => native.interfaceIndex(name));
  if (index === 0) throw goneError(name);
  return new PacketSocket(name, index, receiveBufferBytes, filter, handlers);
}

class PacketSocket implements FrameSocket {
  readonly backend = "packet";
  readonly interface: string;
  readonly index: number;
  readonly receiveBufferBytes: number;
  readonly #requestedBufferBytes: number;
  readonly #handlers: FrameHandlers;
  readonly #parts = new Map<number, Part>();
  readonly #following: Following;
  readonly #counters = { received: 0, dropped: 0, oversized: 0, unsent: 0 };
  #wasUp = true;
  #closed: Promise<void> | undefined;

  constructor(name: string, index: number, bufferBytes: number, filter: FrameFilter, handlers: FrameHandlers) {
    this.interface = name;
    this.index = index;
    this.#requestedBufferBytes = bufferBytes;
    this.#handlers = handlers;
    this.#following = followLink(index, {
      onLink: ({ up }) => {
        if (!up && this.#wasUp) handlers.onError(downError(name));
        this.#wasUp = up;
      },
      onGone: () => handlers.onError(goneError(name)),
    });
    try {
      this.#openParts(filter);
      this.receiveBufferBytes = Math.min(...[...this.#parts.values()].map(({ bufferBytes }) => bufferBytes));
    } catch (error) {
      // The error is what the caller must hear; the descriptors follow.
      void this.close();
      throw error;
    }
  }

  send(frame: Uint8Array): boolean {
    if (frame.length < HEADER_LENGTH) throw new RangeError(`a frame of ${frame.length} bytes`);
    const part = this.#partFor(frame);
    const errno = part ? native().send(part.fd, frame) : EBADF;
    if (errno === EMSGSIZE) throw new RangeError(`${frame.length} bytes are too many for ${this.interface}`);
    if (errno !== 0) this.#counters.unsent++;
    return errno === 0;
  }

  sendAll(frames: readonly Uint8Array[]): number {
    let sent = 0;
    while (sent < frames.length) {
      const run = this.#runFrom(frames, sent);
      const part = this.#partFor(run[0] as Uint8Array);
      const accepted = part ? native().sendMany(part.fd, run) : 0;
      sent += accepted;
      if (accepted === run.length) continue;
      // Which error it was, and whether it is the caller's, only a call of its own tells.
      if (!this.send(frames[sent] as Uint8Array)) {
        this.#counters.unsent += frames.length - sent - 1;
        return sent;
      }
      sent++;
    }
    return sent;
  }

  async setFilter(filter: FrameFilter): Promise<void> {
    if (this.#closed !== undefined) return;
    await this.#apply(filter);
  }

  async statistics(): Promise<FrameStatistics> {
    for (const { fd } of this.#parts.values()) this.#countDrops(fd);
    return { ...this.#counters };
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    const parts = [...this.#parts.keys()].map((etherType) => this.#closePart(etherType));
    await Promise.all([this.#following.stop(), ...parts]);
  }

  async #apply(filter: FrameFilter): Promise<void> {
    this.#openParts(filter);
    const wanted = new Set(filter.programs.map(({ etherType }) => etherType));
    const unwanted = [...this.#parts.keys()].filter((etherType) => !wanted.has(etherType));
    await Promise.all(unwanted.map((etherType) => this.#closePart(etherType)));
  }

  #openParts({ programs }: FrameFilter): void {
    for (const program of programs) {
      const part = this.#parts.get(program.etherType);
      if (part) attachFilter(part.fd, program);
      else this.#parts.set(program.etherType, this.#openPart(program));
    }
  }

  #openPart(program: FilterProgram): Part {
    // Protocol 0 hears nothing, so that no frame comes before the filter is in place.
    const fd = attempt("open a packet socket", (native) => native.socket(FAMILY.packet, SOCK_RAW, 0));
    let bufferBytes: number;
    try {
      bufferBytes = setReceiveBuffer(fd, this.#requestedBufferBytes);
      attachFilter(fd, program);
      attempt(`bind to ${this.interface}`, (native) => {
        native.setOption(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, int(1));
        native.bind(fd, packetAddress(program.etherType, this.index));
      });
    } catch (error) {
      native().close(fd);
      throw error;
    }
    sharedRing ??= createRing(SLOTS, SLOT);
    const reading = startReading(fd, sharedRing, {
      onDatagrams: (frames, oversized) => {
        this.#counters.received += frames.length;
        this.#counters.oversized += oversized;
        if (frames.length > 0) this.#handlers.onFrames(frames);
      },
      onErrno: (errno) => {
        const error = errnoError(errno, `read from ${this.interface}`);
        // Down and gone come from the feed, once for all parts; the socket hears again by itself.
        if (error.code === "system") this.#handlers.onError(error);
      },
    });
    return { fd, reading, bufferBytes };
  }

  #closePart(etherType: number): Promise<void> {
    const part = this.#parts.get(etherType);
    if (!part) return Promise.resolve();
    this.#countDrops(part.fd);
    this.#parts.delete(etherType);
    return part.reading.close();
  }

  /** The frames from `start` on that go out by the same part. */
  #runFrom(frames: readonly Uint8Array[], start: number): readonly Uint8Array[] {
    const type = etherTypeOf(frames[start] as Uint8Array);
    const end = frames.findIndex((frame, i) => i > start && etherTypeOf(frame) !== type);
    return start === 0 && end === -1 ? frames : frames.slice(start, end === -1 ? undefined : end);
  }

  /** Any part could send any frame, but only its own type is marked with the right protocol for the kernel's filters. */
  #partFor(frame: Uint8Array): Part | undefined {
    return this.#parts.get(etherTypeOf(frame)) ?? this.#parts.values().next().value;
  }

  #countDrops(fd: number): void {
    const bytes = native().getOption(fd, SOL_PACKET, PACKET_STATISTICS, 8);
    const [, dropped = 0] = new Uint32Array(bytes.slice().buffer);
    this.#counters.dropped += dropped;
  }
}

function attachFilter(fd: number, { instructions }: FilterProgram): void {
  attempt("attach a filter", (native) => native.attachFilter(fd, encodeProgram(instructions)));
}

const etherTypeOf = (frame: Uint8Array) => ((frame[ETHER_TYPE_OFFSET] ?? 0) << 8) | (frame[ETHER_TYPE_OFFSET + 1] ?? 0);
