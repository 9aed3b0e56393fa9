import type { Socket } from "node:net";
import {
  BgpError,
  type BgpMessage,
  type CodecOptions,
  decodeMessage,
  encodeMessage,
  INITIAL_CODEC_OPTIONS,
  longestMessage,
  MessageSplitter,
  type Notification,
  type ReceivedMessage,
} from "@heraldlb/bgp";
import type { Ip } from "@heraldlb/net";
import type { Clock } from "@heraldlb/runtime";
import { plainAddress } from "./tcp.ts";

/** Who is told what comes of a connection. */
export interface ConnectionListener {
  received(message: ReceivedMessage): void;
  /** What came is no message; nothing more comes. */
  malformed(notification: Notification): void;
  /** There is room for more. */
  drained(): void;
  closed(): void;
}

// How long the last words may take before the connection is reset.
const LINGER_MS = 2_000;

/** A connected TCP socket that carries messages. */
export class BgpConnection {
  readonly localAddress: Ip;
  /** What has been agreed on; to be set before the message after the peer's OPEN is read. */
  options: CodecOptions = INITIAL_CODEC_OPTIONS;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #splitter = new MessageSplitter(longestMessage(true));
  #isOver = false;
  #isCorked = false;

  /** Takes over the socket and begins to read; undefined if it is closed already. Nothing is told before this returns. */
  static open(socket: Socket, clock: Clock, listener: ConnectionListener): BgpConnection | undefined {
    const localAddress = plainAddress(socket.localAddress);
    return localAddress && new BgpConnection(socket, localAddress, { clock, listener });
  }

  private constructor(
    socket: Socket,
    localAddress: Ip,
    { clock, listener }: { readonly clock: Clock; readonly listener: ConnectionListener },
  ) {
    this.#socket = socket;
    this.#clock = clock;
    this.localAddress = localAddress;
    socket.on("data", (chunk) => this.#read(chunk, listener));
    socket.on("drain", () => listener.drained());
    // A reset is one way of closing; `close` follows.
    socket.on("error", () => {});
    socket.on("close", () => {
      if (!this.#isOver) listener.closed();
    });
    // The peer's end is the session's: there is nothing to say to somebody who has stopped listening.
    socket.on("end", () => {
      if (!this.#isOver) listener.closed();
    });
  }

  /** Whether what is sent now would be kept waiting by what has been sent. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Sends a message. What is sent in one turn of the event loop leaves together. */
  send(message: BgpMessage): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      queueMicrotask(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(encodeMessage(message, this.options));
  }

  /** Closes once all is sent, or after a while. Nothing is told any more. Never rejects. */
  close(): Promise<void> {
    this.#isOver = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.closed) return Promise.resolve();
    const limit = this.#clock.timer(LINGER_MS, () => this.#socket.destroy());
    this.#socket.once("close", () => {
      limit[Symbol.dispose]();
      resolve();
    });
    // What is left unread would make the kernel reset the connection, and the last words be lost.
    this.#socket.resume().end();
    return promise;
  }

  #read(chunk: Uint8Array, listener: ConnectionListener): void {
    if (this.#isOver) return;
    try {
      this.#splitter.push(chunk);
      for (let bytes = this.#splitter.next(); bytes && !this.#isOver; bytes = this.#splitter.next()) {
        listener.received(decodeMessage(bytes, this.options));
      }
    } catch (error) {
      if (!(error instanceof BgpError)) throw error;
      listener.malformed(error.notification);
    }
  }
}
