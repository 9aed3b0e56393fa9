import type { Socket } from "node:net";
import { LinkError } from "@heraldlb/link";
import { type DialTarget, dialPeer } from "./tcp.ts";

/** Who is told how it went. Never before the constructor has returned. */
export interface DialListener {
  connected(socket: Socket): void;
  failed(reason: string): void;
}

/** An attempt to connect. */
export class Dialing {
  #socket: Socket | undefined;
  #isOver = false;

  constructor(target: DialTarget, listener: DialListener) {
    try {
      this.#watch(dialPeer(target), listener);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      queueMicrotask(() => this.#finish(() => listener.failed(error.message)));
    }
  }

  /** Gives it up. Nobody is told. */
  abandon(): void {
    this.#isOver = true;
    this.#socket?.destroy();
  }

  #watch(socket: Socket, listener: DialListener): void {
    this.#socket = socket;
    let reason = "closed";
    socket.once("connect", () => this.#finish(() => listener.connected(socket)));
    // Stays for good: an error that nobody listens for would end the process.
    socket.on("error", (error: Error) => {
      reason = error.message;
    });
    socket.once("close", () => this.#finish(() => listener.failed(reason)));
  }

  #finish(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    tell();
  }
}
