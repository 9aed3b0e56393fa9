import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import {
  bindSocket,
  bindToDevice,
  closeSocket,
  interfaceIndex,
  openUdpSocket,
  receiveOnlyFrom,
  setHopLimit,
  setTrafficClass,
  type UdpSender,
} from "@heraldlb/link";
import { type Family, familyOf, type Ip, isIpv6, isLinkLocal, parseIp } from "@heraldlb/net";
import type { BfdNetwork, BfdReceiver, BfdSender, Listening, Origin, Sending } from "./network.ts";

// GTSM: RFC 5881 section 5. Over several hops it tells the other side how far away we are (RFC 5883 section 5).
const HOPS = 255;
// One less: whoever sent it sees that it has been returned, and does not return it again.
const MIRRORED_HOPS = 254;
// CS6, network control: a queue that drops it would end sessions.
const TRAFFIC_CLASS = 0xc0;

/** The kernel's UDP. */
export const udpNetwork: BfdNetwork = {
  listen: (on, onDatagram) => new Receiver(on, onDatagram),
  openSender: (from, onSent) => new Sender(from, onSent),
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

class Receiver implements BfdReceiver {
  readonly #fd: number;
  readonly #family: Family;
  readonly #socket: Socket;
  readonly #device: string | undefined;
  readonly #index: number;
  #hasFailed = false;

  constructor({ local, port, device }: Listening, onDatagram: (datagram: Uint8Array, origin: Origin) => void) {
    this.#family = familyOf(local);
    this.#device = device;
    this.#index = indexOf(device);
    const opened = open({ local, port, device }, (fd) => {
      receiveOnlyFrom(fd, this.#family, []);
      setHopLimit(fd, this.#family, MIRRORED_HOPS);
    });
    this.#fd = opened.fd;
    this.#socket = opened.socket;
    this.#socket.on("message", (datagram: Uint8Array, from: RemoteInfo) => {
      const source = parseIp(from.address.split("%", 1)[0] ?? "");
      if (source) onDatagram(datagram, { source, port: from.port });
    });
    this.#socket.on("error", () => {
      this.#hasFailed = true;
    });
  }

  setSenders(senders: readonly UdpSender[]): void {
    receiveOnlyFrom(this.#fd, this.#family, senders);
  }

  reply(datagram: Uint8Array, { source, port }: Origin): void {
    // The sender of a lost echo packet is the one to notice.
    this.#socket.send(datagram, port, zoned(source, this.#device), () => {});
  }

  isStale(): boolean {
    return this.#hasFailed || indexOf(this.#device) !== this.#index;
  }

  close(): void {
    this.#socket.close();
  }
}

class Sender implements BfdSender {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #address: string;
  readonly #onResult: (error: Error | null) => void;
  #isClosed = false;

  constructor({ local, sourcePort, remote, port, device }: Sending, onSent: (error: Error | undefined) => void) {
    const family = familyOf(local);
    this.#socket = open({ local, port: sourcePort, device }, (fd) => {
      // It receives nothing.
      receiveOnlyFrom(fd, family, []);
      setHopLimit(fd, family, HOPS);
      setTrafficClass(fd, family, TRAFFIC_CLASS);
    }).socket;
    this.#port = port;
    this.#address = zoned(remote, device);
    this.#onResult = (error) => {
      if (!this.#isClosed) onSent(error ?? undefined);
    };
    this.#socket.on("error", this.#onResult);
  }

  send(datagram: Uint8Array): void {
    this.#socket.send(datagram, this.#port, this.#address, this.#onResult);
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }
}

/** Opens a socket; nothing stays open if that fails. */
function open(
  { local, port, device }: Listening,
  prepare: (fd: number) => void,
): { readonly fd: number; readonly socket: Socket } {
  const family = familyOf(local);
  const fd = openUdpSocket(family);
  try {
    prepare(fd);
    if (device !== undefined) bindToDevice(fd, device);
    bindSocket(fd, { address: local, port, scope: isLinkLocal(local) ? indexOf(device) : 0 });
    // dgram looks up even addresses, a turn later; these need no looking up.
    const lookup = (address: string, _options: unknown, done: (error: null, address: string, family: number) => void) =>
      done(null, address, family === "ipv4" ? 4 : 6);
    const socket = createSocket({ type: family === "ipv4" ? "udp4" : "udp6", lookup });
    socket.bind({ fd });
    return { fd, socket };
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
}

const indexOf = (device: string | undefined): number => (device === undefined ? 0 : interfaceIndex(device));

const zoned = (address: Ip, device: string | undefined): string =>
  isIpv6(address) && isLinkLocal(address) && device !== undefined ? `${address}%${device}` : address;
