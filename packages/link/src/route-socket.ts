import { attempt, errnoError, native } from "./native.ts";
import { createRing, type Ring, startReading } from "./receiver.ts";
import { decodeRouteMessages, type RouteMessage } from "./rtnetlink.ts";
import { FAMILY, netlinkAddress } from "./socket-address.ts";
import { setReceiveBuffer } from "./socket-option.ts";

/** Bits of the multicast groups of rtnetlink(7) that can be subscribed to. */
export const ROUTE_GROUP = { link: 0x1, ipv4Address: 0x10, ipv6Address: 0x100 } as const;

const NETLINK_ROUTE = 0;
const SOCK_RAW = 3;
// The kernel's largest datagram in a listing, and enough of them for one wake-up.
const SLOT = 32_768;
const SLOTS = 8;

/** Where a {@link RouteSocket} delivers. */
export interface RouteHandlers {
  onMessages(messages: readonly RouteMessage[]): void;
  /** Messages were lost, because the buffer was full: what is known must be asked for again. */
  onLost(): void;
}

/** A connection to the kernel's routing tables. */
export interface RouteSocket {
  /** Sends one request. Throws a `LinkError`. */
  send(request: Uint8Array): void;
  close(): Promise<void>;
}

let sharedRing: Ring | undefined;

/** Subscribes to {@link ROUTE_GROUP}s. Throws a `LinkError`. */
export function openRouteSocket(groups: number, receiveBufferBytes: number, handlers: RouteHandlers): RouteSocket {
  const fd = attempt("open rtnetlink", (native) => native.socket(FAMILY.netlink, SOCK_RAW, NETLINK_ROUTE));
  try {
    setReceiveBuffer(fd, receiveBufferBytes);
    attempt("subscribe to rtnetlink", (native) => native.bind(fd, netlinkAddress(groups)));
  } catch (error) {
    native().close(fd);
    throw error;
  }
  sharedRing ??= createRing(SLOTS, SLOT);
  const reading = startReading(fd, sharedRing, {
    onDatagrams: (datagrams, truncated) => {
      const messages = datagrams.flatMap(decodeRouteMessages);
      if (messages.length > 0) handlers.onMessages(messages);
      if (truncated > 0 || messages.some(({ type }) => type === "overrun")) handlers.onLost();
    },
    // ENOBUFS says so outright; whatever else it may be, what is known is no longer certain.
    onErrno: () => handlers.onLost(),
  });
  return {
    send: (request) => {
      const errno = native().send(fd, request);
      if (errno !== 0) throw errnoError(errno, "ask rtnetlink");
    },
    close: () => reading.close(),
  };
}
