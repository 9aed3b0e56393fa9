import type {
  FrameHandlers,
  FrameSocket,
  FrameSocketOptions,
  Interface,
  InterfaceEvent,
  MulticastGroups,
} from "@heraldlb/link";
import type { Ipv6, Mac } from "@heraldlb/net";

/** The MAC address of `eth`'s interfaces that have index 2. */
export const MAC: Mac = "02:00:00:00:00:02" as Mac;

/** An interface that is up and can do everything. */
export function eth(change: Partial<Interface> = {}): Interface {
  const index = change.index ?? 2;
  return {
    index,
    name: "eth0",
    mac: `02:00:00:00:00:0${index}` as Mac,
    up: true,
    carrier: true,
    loopback: false,
    broadcast: true,
    noArp: false,
    master: undefined,
    addresses: [{ address: `fe80::${index}` as Ipv6, prefixLength: 64, linkLocal: true, tentative: false }],
    ...change,
  };
}

/** The kernel reports an interface. */
export const changed = (link: Interface, previous?: Interface): InterfaceEvent => ({
  type: "changed",
  interface: link,
  previous,
});

/** A socket that a test hears with and sees what it sends. */
export interface FakeSocket {
  readonly options: FrameSocketOptions;
  readonly handlers: FrameHandlers;
  readonly sent: Uint8Array[];
  readonly filters: string[];
  closed: boolean;
}

/** Frame sockets and multicast groups in memory. */
export interface FakeNetwork {
  /** All that were opened, in order. */
  readonly sockets: readonly FakeSocket[];
  /** What was done to multicast groups, in order. */
  readonly groups: readonly string[];
  /** Makes sockets fail to open, and the kernel refuse to send. */
  readonly trouble: { open: Error | undefined; send: boolean };
  /** The index of each interface. */
  readonly indexes: Map<string, number>;
  openSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket>;
  openGroups(index: number): MulticastGroups;
}

export function fakeNetwork(): FakeNetwork {
  const sockets: FakeSocket[] = [];
  const groups: string[] = [];
  const trouble = { open: undefined as Error | undefined, send: false };
  const indexes = new Map([
    ["eth0", 2],
    ["eth1", 3],
  ]);

  async function openSocket(options: FrameSocketOptions, handlers: FrameHandlers): Promise<FrameSocket> {
    if (trouble.open) throw trouble.open;
    const socket: FakeSocket = { options, handlers, sent: [], filters: [], closed: false };
    sockets.push(socket);
    const close = async () => {
      socket.closed = true;
    };
    return {
      backend: options.backend ?? "packet",
      interface: options.interface,
      index: indexes.get(options.interface) ?? 0,
      receiveBufferBytes: 1,
      send: (frame) => !socket.closed && socket.sent.push(frame.slice()) > 0,
      sendAll: (frames) =>
        socket.closed || trouble.send ? 0 : frames.map((frame) => socket.sent.push(frame.slice())).length,
      setFilter: async ({ expression }) => void socket.filters.push(expression),
      statistics: async () => ({ received: 0, dropped: 5, oversized: 0, unsent: 0 }),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  const openGroups = (index: number): MulticastGroups => ({
    join: (group: Ipv6) => void groups.push(`join ${index} ${group}`),
    leave: (group: Ipv6) => void groups.push(`leave ${index} ${group}`),
    close: () => void groups.push(`close ${index}`),
    [Symbol.dispose]: () => {},
  });

  return { sockets, groups, trouble, indexes, openSocket, openGroups };
}
