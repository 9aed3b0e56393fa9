import { Mailbox } from "@heraldlb/runtime";
import type { InterfaceEvent } from "./interface.ts";
import { InterfaceTable } from "./interface-table.ts";
import { errnoError } from "./native.ts";
import { openRouteSocket, ROUTE_GROUP, type RouteSocket } from "./route-socket.ts";
import { encodeAddressListing, encodeLinkListing, type RouteMessage } from "./rtnetlink.ts";

const RECEIVE_BUFFER_BYTES = 1 << 20;
const GROUPS = ROUTE_GROUP.link | ROUTE_GROUP.ipv4Address | ROUTE_GROUP.ipv6Address;

/** How {@link watchInterfaces} listens. */
export interface WatchOptions {
  /** Receive buffer in bytes; 1 MiB unless stated otherwise. A burst that does not fit costs another listing. */
  readonly receiveBufferBytes?: number | undefined;
}

/**
 * Yields all interfaces, then `synced`, then every change as the kernel reports it (rtnetlink), without polling.
 *
 * The kernel itself may hold a change of carrier back for up to a second after another one, on any interface.
 *
 * Ends when the signal aborts. Throws a {@link LinkError} if the kernel refuses.
 */
export async function* watchInterfaces(
  signal: AbortSignal,
  { receiveBufferBytes = RECEIVE_BUFFER_BYTES }: WatchOptions = {},
): AsyncGenerator<InterfaceEvent, void, undefined> {
  const inbox = new Mailbox<InterfaceEvent | Failure>();
  const watch = new Watch(receiveBufferBytes, (event) => inbox.put(event));
  try {
    watch.start();
    for await (const event of inbox.take(signal)) {
      if (event.type === "failed") throw event.error;
      yield event;
    }
  } finally {
    await watch.close();
  }
}

interface Failure {
  readonly type: "failed";
  readonly error: unknown;
}

/** One listing after the other on one socket, then events; all over again on a new socket when messages were lost. */
class Watch {
  readonly #receiveBufferBytes: number;
  readonly #put: (event: InterfaceEvent | Failure) => void;
  readonly #table = new InterfaceTable();
  #socket: RouteSocket | undefined;
  #awaiting: "links" | "addresses" | undefined;
  #inconsistent = false;
  #sequence = 0;

  constructor(receiveBufferBytes: number, put: (event: InterfaceEvent | Failure) => void) {
    this.#receiveBufferBytes = receiveBufferBytes;
    this.#put = put;
  }

  start(): void {
    this.#socket = openRouteSocket(GROUPS, this.#receiveBufferBytes, {
      onMessages: (messages) => this.#guard(() => this.#take(messages)),
      // What a full buffer left of an unfinished listing would only confuse the next one.
      onLost: () => this.#guard(() => this.#restart()),
    });
    this.#list();
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }

  #restart(): void {
    // The new socket need not wait for the end of the old one, which says nothing any more.
    void this.close();
    this.start();
  }

  #list(): void {
    this.#table.beginListing();
    this.#inconsistent = false;
    this.#awaiting = "links";
    this.#socket?.send(encodeLinkListing(++this.#sequence));
  }

  #take(messages: readonly RouteMessage[]): void {
    for (const message of messages) {
      if (message.type === "error" && message.errno !== 0) throw errnoError(message.errno, "list interfaces");
      if (message.type === "link" || message.type === "address") this.#inconsistent ||= message.interrupted;
      this.#table.apply(message).forEach(this.#put);
      if (message.type === "done") this.#onListed(message.interrupted);
    }
    this.#table.settle().forEach(this.#put);
  }

  #onListed(interrupted: boolean): void {
    this.#inconsistent ||= interrupted;
    if (this.#awaiting === "links") {
      this.#awaiting = "addresses";
      this.#socket?.send(encodeAddressListing(++this.#sequence));
    } else if (this.#inconsistent) {
      this.#list();
    } else {
      this.#awaiting = undefined;
      this.#table.endListing().forEach(this.#put);
    }
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#put({ type: "failed", error });
    }
  }
}
