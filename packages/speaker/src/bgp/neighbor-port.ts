import { decodeEthernet, ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import {
  type FrameHandlers,
  type FrameSocket,
  type FrameSocketOptions,
  LinkError,
  type MulticastGroups,
  routerDiscoveryFilter,
} from "@heraldlb/link";
import {
  ALL_NODES,
  ALL_ROUTERS,
  decodeNdpPacket,
  encodeNdpPacket,
  type NdpPacket,
  presenceAdvertisement,
  routerSolicitation,
} from "@heraldlb/ndp";
import { DecodeError, type Ipv6, type Mac, multicastMac } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import type { PaceEnvironment } from "./neighbor-advertiser.ts";
import type { NeighborLink } from "./neighbor-link.ts";

/** What a port needs of the outside. */
export interface NeighborPortEnvironment extends PaceEnvironment {
  readonly log: Logger;
  openSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket>;
  /** Opens the memberships of the interface with this index. */
  openGroups(index: number): MulticastGroups;
}

/** Somebody on the link. */
export interface Station {
  readonly address: Ipv6;
  readonly mac: Mac;
}

/** Who is told what a port hears. */
export interface NeighborPortListener {
  /** It can send and hear from now on. */
  opened(): void;
  /** A valid Router Solicitation or Advertisement; `mac` is what its frame came from. */
  received(packet: NdpPacket, mac: Mac): void;
}

const RETRY_MS = 5_000;
const RECEIVE_BUFFER = 64 << 10;

/**
 * Router discovery on one interface, for as long as the interface has the same addresses.
 *
 * On Ethernet frames rather than on a raw ICMPv6 socket. Either needs CAP_NET_RAW, which the speaker has for ARP and
 * NDP; but a frame shows hop limit and destination, so that one decoder judges all of RFC 4861's rules, the kernel drops
 * all else by a filter, and nothing can go out by another interface.
 */
export class NeighborPort {
  readonly #link: NeighborLink;
  readonly #env: NeighborPortEnvironment;
  readonly #listener: NeighborPortListener;
  #groups: MulticastGroups | undefined;
  #socket: FrameSocket | undefined;
  #retry: Disposable | undefined;
  #isClosed = false;

  constructor(link: NeighborLink, env: NeighborPortEnvironment, listener: NeighborPortListener) {
    this.#link = link;
    this.#env = env;
    this.#listener = listener;
    this.#join();
    // `#open` handles its errors itself.
    void this.#open(1);
  }

  solicit(): void {
    this.#send(routerSolicitation(this.#sender), multicastMac(ALL_ROUTERS));
  }

  /** To one station, or to all nodes. */
  advertise({ address, mac }: Station = { address: ALL_NODES, mac: multicastMac(ALL_NODES) }): void {
    this.#send(presenceAdvertisement(this.#sender, address), mac);
  }

  /** Nothing is sent or heard any more. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.[Symbol.dispose]();
    this.#groups?.close();
    // Nobody needs to know when its descriptor is gone.
    void this.#socket?.close();
  }

  get #sender(): { readonly mac: Mac; readonly source: Ipv6 } {
    return { mac: this.#link.mac, source: this.#link.linkLocal };
  }

  #send(packet: NdpPacket, destination: Mac): void {
    const payload = encodeNdpPacket(packet);
    this.#socket?.send(encodeEthernet({ destination, source: this.#link.mac, etherType: ETHER_TYPE.ipv6, payload }));
  }

  /** Solicitations go to all routers, a group that the kernel joins only where it forwards. */
  #join(): void {
    try {
      this.#groups = this.#env.openGroups(this.#link.index);
      this.#groups.join(ALL_ROUTERS);
    } catch (error) {
      this.#complain("router solicitations may not be heard", error);
    }
  }

  async #open(attempt: number): Promise<void> {
    const { name, index } = this.#link;
    try {
      const socket = await this.#env.openSocket(
        { interface: name, filter: routerDiscoveryFilter(), receiveBufferBytes: RECEIVE_BUFFER },
        {
          onFrames: (frames) => {
            for (const frame of frames) this.#receive(frame);
          },
          // Down and gone are known from the list of interfaces too, and it hears again by itself.
          onError: (error) => error.code === "system" && this.#complain("router discovery disturbed", error),
        },
      );
      // A name that means another interface by now: the list of interfaces is about to say so.
      if (this.#isClosed || socket.index !== index) await socket.close();
      else {
        this.#socket = socket;
        this.#listener.opened();
      }
    } catch (error) {
      if (this.#isClosed) return;
      if (attempt === 1) this.#complain("router discovery not possible, trying again", error);
      this.#retry = this.#env.clock.timer(RETRY_MS, () => void this.#open(attempt + 1));
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      const frame = decodeEthernet(bytes);
      this.#listener.received(decodeNdpPacket(frame.payload), frame.source);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#env.log.debug("router discovery packet discarded", { interface: this.#link.name, reason: error.message });
    }
  }

  #complain(message: string, error: unknown): void {
    if (!(error instanceof LinkError)) throw error;
    this.#env.log.warn(message, { interface: this.#link.name, reason: error.message });
  }
}
