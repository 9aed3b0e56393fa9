import type { Server, Socket } from "node:net";
import { LinkError } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";
import { listenForPeers } from "./tcp.ts";

/** Where to accept connections. */
export interface ListenAddress {
  readonly address: Ip;
  readonly port: number;
}

/** What a listener needs of the outside. */
export interface ListenerEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  /** At least 0, less than 1. */
  random(): number;
}

const RETRY = { initialMs: 1_000, maxMs: 30_000 };

/** Accepts connections of peers. A port that is taken is tried again, for ever. */
export class PeerListener {
  readonly #where: ListenAddress;
  readonly #env: ListenerEnvironment;
  readonly #onConnection: (socket: Socket) => void;
  #keys: ReadonlyMap<Ip, string> = new Map();
  #server: Server | undefined;
  #retry: Disposable | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(where: ListenAddress, env: ListenerEnvironment, onConnection: (socket: Socket) => void) {
    this.#where = where;
    this.#env = env;
    this.#onConnection = onConnection;
    this.#open();
  }

  /** Says who must sign with which key. The kernel takes no key back from a socket, so a new one is opened. */
  setKeys(keys: ReadonlyMap<Ip, string>): void {
    if (this.#isClosed || isSame(keys, this.#keys)) return;
    this.#keys = keys;
    this.#stop();
    this.#open();
  }

  /** Accepts nothing any more. Connections stay. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #stop(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
    this.#server?.close();
    this.#server = undefined;
  }

  #open(): void {
    try {
      const server = listenForPeers({ ...this.#where, keys: this.#keys }, this.#onConnection);
      this.#server = server;
      server.on("error", (error) => this.#failed(server, error));
      server.once("listening", () => {
        this.#failures = 0;
        this.#env.log.info("listening for BGP peers", { ...this.#where });
      });
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#failed(undefined, error);
    }
  }

  #failed(server: Server | undefined, error: Error): void {
    if (server !== this.#server) return;
    this.#stop();
    const ms = backoff(RETRY, this.#failures++, this.#env.random());
    if (this.#failures === 1) {
      this.#env.log.warn("cannot listen for BGP peers, trying again", { ...this.#where, reason: error.message });
    }
    this.#retry = this.#env.clock.timer(ms, () => this.#open());
  }
}

const isSame = (a: ReadonlyMap<Ip, string>, b: ReadonlyMap<Ip, string>): boolean =>
  a.size === b.size && [...a].every(([address, key]) => b.get(address) === key);
