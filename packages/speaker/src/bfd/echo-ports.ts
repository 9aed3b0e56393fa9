import { decodeEcho } from "@heraldlb/bfd";
import { decodeEthernet, ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { type FrameHandlers, type FrameSocket, type FrameSocketOptions, udpFilter } from "@heraldlb/link";
import { DecodeError, type Ip, isIpv4, type Mac } from "@heraldlb/net";
import type { Clock, Logger } from "@heraldlb/runtime";
import { problemOf } from "./listeners.ts";
import { BFD_PORTS } from "./network.ts";
import { decodeUdpPacket, encodeUdpPacket } from "./udp-packet.ts";

/** What {@link EchoPorts} need of the outside. */
export interface EchoDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  openFrames(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket>;
}

/** A session whose echo packets go through an interface. */
export interface EchoSession {
  readonly interface: string;
  readonly local: Ip;
  readonly remote: Ip;
  readonly key: Uint8Array;
  /** An echo packet of its own has come back. */
  onEcho(sequence: number): void;
}

interface Port {
  socket: FrameSocket | undefined;
  isClosed: boolean;
  /** Where the other sides are, and who we are to them, as their control packets say. */
  readonly macs: Map<Ip, { readonly own: Mac; readonly theirs: Mac }>;
}

const SENT_HOPS = 255;
// The other side has forwarded it, once.
const RETURNED_HOPS = 254;
const RETRY_MS = 1_000;

/**
 * Echo packets (RFC 5881 section 4): addressed to ourselves, but sent to the other side's MAC, so that it forwards them
 * back without looking into them. The kernel would deliver such packets by loopback, hence frames.
 */
export class EchoPorts {
  readonly #dependencies: EchoDependencies;
  readonly #onFrame: () => void;
  readonly #sessions = new Map<number, EchoSession>();
  readonly #ports = new Map<string, Port>();

  constructor(dependencies: EchoDependencies, onFrame: () => void) {
    this.#dependencies = dependencies;
    this.#onFrame = onFrame;
  }

  /** Lets the session of that discriminator send and receive echo packets. */
  watch(discriminator: number, session: EchoSession): void {
    this.#sessions.set(discriminator, session);
    if (this.#ports.has(session.interface)) return;
    const port: Port = { socket: undefined, isClosed: false, macs: new Map() };
    this.#ports.set(session.interface, port);
    // Nobody waits: until it is open no echo packet leaves, and the session does without.
    void this.#open(session.interface, port);
  }

  /** Ends that; does nothing if it was not watched. */
  unwatch(discriminator: number): void {
    const session = this.#sessions.get(discriminator);
    if (!session) return;
    this.#sessions.delete(discriminator);
    const name = session.interface;
    if ([...this.#sessions.values()].some((other) => other.interface === name)) return;
    const port = this.#ports.get(name);
    this.#ports.delete(name);
    if (port) void this.#close(port);
  }

  /** Sends an echo packet; false if that is not possible, or not yet. */
  send(discriminator: number, payload: Uint8Array): boolean {
    const session = this.#sessions.get(discriminator);
    const port = session && this.#ports.get(session.interface);
    const macs = session && port?.macs.get(session.remote);
    if (!port?.socket || !macs) return false;
    const packet = encodeUdpPacket({
      source: session.local,
      destination: session.local,
      hops: SENT_HOPS,
      sourcePort: BFD_PORTS.echo,
      destinationPort: BFD_PORTS.echo,
      payload,
    });
    const etherType = isIpv4(session.local) ? ETHER_TYPE.ipv4 : ETHER_TYPE.ipv6;
    return port.socket.send(encodeEthernet({ destination: macs.theirs, source: macs.own, etherType, payload: packet }));
  }

  async close(): Promise<void> {
    this.#sessions.clear();
    const ports = [...this.#ports.values()];
    this.#ports.clear();
    await Promise.all(ports.map((port) => this.#close(port)));
  }

  async #open(name: string, port: Port): Promise<void> {
    const { clock, log, openFrames } = this.#dependencies;
    const reopen = () => {
      const { socket } = port;
      port.socket = undefined;
      void socket?.close();
      if (!port.isClosed) clock.timer(RETRY_MS, () => void this.#open(name, port));
    };
    if (port.isClosed) return;
    try {
      const filter = udpFilter([BFD_PORTS.singleHop, BFD_PORTS.echo]);
      const socket = await openFrames(
        { interface: name, filter },
        {
          onFrames: (frames) => {
            for (const frame of frames) this.#receive(name, port, frame);
          },
          onError: ({ code }) => code === "gone" && reopen(),
        },
      );
      if (port.isClosed) await socket.close();
      else port.socket = socket;
    } catch (error) {
      log.warn("cannot send BFD echo packets", { interface: name, problem: problemOf(error) });
      reopen();
    }
  }

  async #close(port: Port): Promise<void> {
    port.isClosed = true;
    await port.socket?.close();
  }

  #receive(name: string, port: Port, bytes: Uint8Array): void {
    this.#onFrame();
    try {
      const frame = decodeEthernet(bytes);
      const packet = decodeUdpPacket(frame.payload);
      if (packet.destinationPort === BFD_PORTS.singleHop) {
        const isNeighbour = [...this.#sessions.values()].some(
          (session) => session.interface === name && session.remote === packet.source,
        );
        if (!isNeighbour || packet.hops !== SENT_HOPS) return;
        port.macs.set(packet.source, { own: frame.destination, theirs: frame.source });
        return;
      }
      if (packet.hops !== RETURNED_HOPS) return;
      const echo = decodeEcho(packet.payload);
      const session = this.#sessions.get(echo.discriminator);
      if (session?.interface !== name || session.local !== packet.destination) return;
      if (session.key.every((byte, i) => byte === echo.key[i])) session.onEcho(echo.sequence);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
}
