import type { UdpSender } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";

/** The well-known UDP ports: RFC 5881 section 4, RFC 5883 section 5. */
export const BFD_PORTS = { singleHop: 3784, echo: 3785, multihop: 4784 } as const;

/** What packets are received on. */
export interface Listening {
  readonly local: Ip;
  readonly port: number;
  /** Interface or VRF, if only what comes through it is to be received. */
  readonly device: string | undefined;
}

/** What the packets of one session are sent from. */
export interface Sending {
  readonly local: Ip;
  /** From 49152 to 65535, and the same as long as the session lives (RFC 5881 section 4). */
  readonly sourcePort: number;
  readonly remote: Ip;
  readonly port: number;
  readonly device: string | undefined;
}

/** A socket that packets are received on. */
export interface BfdReceiver {
  /** Whose packets to receive; nobody's before the first call. */
  setSenders(senders: readonly UdpSender[]): void;
  /** Sends a datagram back to where it came from, with a TTL that tells it from the sender's own (see `EchoMirror`). */
  reply(datagram: Uint8Array, to: Origin): void;
  /** It will receive nothing more: its interface is gone, or has been made anew. */
  isStale(): boolean;
  close(): void;
}

/** Where a datagram came from. */
export interface Origin {
  readonly source: Ip;
  readonly port: number;
}

/** A socket that packets are sent from. */
export interface BfdSender {
  send(datagram: Uint8Array): void;
  close(): void;
}

/** The network as sessions need it. What opens something throws a `LinkError`. */
export interface BfdNetwork {
  listen(on: Listening, onDatagram: (datagram: Uint8Array, origin: Origin) => void): BfdReceiver;
  /** What became of each datagram is told to `onSent`: `undefined` if it left, else the kernel's error. */
  openSender(from: Sending, onSent: (error: Error | undefined) => void): BfdSender;
  /** Resolves when the event loop has looked at all sockets once. */
  turn(): Promise<void>;
}
