import { LinkError, type UdpSender } from "@heraldlb/link";
import type { BfdNetwork, BfdReceiver, BfdSender, Listening, Origin, Sending } from "./network.ts";

/** A socket that somebody listens on. */
export interface FakeReceiver {
  readonly on: Listening;
  senders: readonly UdpSender[];
  isStale: boolean;
  isClosed: boolean;
  readonly replies: { readonly datagram: Uint8Array; readonly to: Origin }[];
  deliver(datagram: Uint8Array, origin: Origin): void;
}

/** A socket that somebody sends from. */
export interface FakeSender {
  readonly from: Sending;
  readonly sent: Uint8Array[];
  isClosed: boolean;
  fail(errno: string): void;
}

/** A network that a test looks into. */
export class FakeNetwork implements BfdNetwork {
  readonly receivers: FakeReceiver[] = [];
  readonly senders: FakeSender[] = [];
  /** Errors that opening the next senders ends with, and the ports of all attempts. */
  readonly refusals: string[] = [];
  readonly attempts: number[] = [];
  /** Errors that listening on that port ends with. */
  readonly taken: Map<number, string> = new Map();
  /** What lies in sockets; each turn of the loop reads one. */
  readonly unread: (() => void)[] = [];

  listen(on: Listening, onDatagram: (datagram: Uint8Array, origin: Origin) => void): BfdReceiver {
    refuse(this.taken.get(on.port));
    const receiver: FakeReceiver = {
      on,
      senders: [],
      isStale: false,
      isClosed: false,
      replies: [],
      deliver: onDatagram,
    };
    this.receivers.push(receiver);
    return {
      setSenders: (senders: readonly UdpSender[]) => {
        receiver.senders = senders;
      },
      reply: (datagram: Uint8Array, to: Origin) => void receiver.replies.push({ datagram, to }),
      isStale: () => receiver.isStale,
      close: () => {
        receiver.isClosed = true;
      },
    };
  }

  openSender(from: Sending, onSent: (error: Error | undefined) => void): BfdSender {
    this.attempts.push(from.sourcePort);
    refuse(this.refusals.shift());
    const sender: FakeSender = {
      from,
      sent: [],
      isClosed: false,
      fail: (code) => onSent(Object.assign(new Error(code), { code })),
    };
    this.senders.push(sender);
    return {
      send: (datagram: Uint8Array) => {
        sender.sent.push(datagram);
        onSent(undefined);
      },
      close: () => {
        sender.isClosed = true;
      },
    };
  }

  turn(): Promise<void> {
    this.unread.shift()?.();
    return Promise.resolve();
  }

  /** The socket that is open there. */
  on(port: number, local?: string): FakeReceiver {
    const found = this.receivers.find(
      ({ on, isClosed }) => !isClosed && on.port === port && (local === undefined || on.local === local),
    );
    if (!found) throw new Error(`nobody listens on ${port}`);
    return found;
  }
}

function refuse(errno: string | undefined): void {
  if (errno !== undefined) throw new LinkError("system", errno, { errno });
}
