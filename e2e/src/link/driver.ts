// Runs inside a network namespace and does what the tests tell it on standard input, one JSON object a line. It
// answers each with a line that has the same `id`, and tells events in lines without one.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
import {
  arpAndNdpFilter,
  arpFilter,
  type FrameBackend,
  type FrameFilter,
  type FrameSocket,
  type FrameStatistics,
  LinkError,
  type MulticastGroups,
  ndpFilter,
  openFrameSocket,
  openMulticastGroups,
  watchInterfaces,
} from "@heraldlb/link";
import type { Ipv6 } from "@heraldlb/net";
import { systemClock } from "@heraldlb/runtime";
import { fromHex, toHex } from "./frames.ts";
import { misuse } from "./misuse.ts";

/** Names of the filters that a driver knows. */
export type FilterName = "arp" | "ndp" | "both";

const FILTERS: Readonly<Record<FilterName, () => FrameFilter>> = {
  arp: arpFilter,
  ndp: ndpFilter,
  both: arpAndNdpFilter,
};

/** What is known of a socket that was opened. */
export interface Opened {
  readonly index: number;
  readonly receiveBufferBytes: number;
}

/** What a driver can be told. */
export interface Commands {
  open(socket: string, interfaceName: string, backend: FrameBackend, filter: FilterName): Promise<Opened>;
  send(socket: string, frames: readonly string[]): number;
  /** Sends one frame again and again, evenly. */
  pace(socket: string, frame: string, perSecond: number, total: number): Promise<number>;
  /** Sends as much as goes for a time. */
  flood(socket: string, frame: string, ms: number): Promise<number>;
  setFilter(socket: string, filter: FilterName): Promise<void>;
  statistics(socket: string): Promise<FrameStatistics>;
  close(socket: string): Promise<void>;
  /** Keep quiet about frames, as when there are very many of them. */
  mute(): void;
  /** The next frames make the handler throw. */
  throwNext(): void;
  /** Opens and closes sockets, four at a time; tells what was open before and after. */
  rounds(interfaceName: string, backend: FrameBackend, count: number): Promise<{ before: object; after: object }>;
  descriptors(): object;
  watch(receiveBufferBytes: number): void;
  unwatch(): void;
  /** Keeps the event loop busy. */
  block(ms: number): void;
  join(interfaceIndex: number, groups: readonly Ipv6[]): void;
  leave(groups: readonly Ipv6[]): void;
  startWorker(interfaceName: string): Promise<void>;
  endWorker(): Promise<void>;
  ping(): void;
  /** Calls the addon of that file with wrong arguments; returns what it accepted. */
  misuse(addon: string): Promise<string[]>;
  /** The shared libraries in this process. */
  libraries(): string[];
  /** Ends the process with code 7, with everything open. */
  exit(): void;
}

const sockets = new Map<string, FrameSocket>();
let groups: MulticastGroups | undefined;
let watching = new AbortController();
let worker: Worker | undefined;
let isMuted = false;
let throwsNext = false;

const commands: Commands = {
  async open(name, interfaceName, backend, filter) {
    const socket = await open(name, interfaceName, backend, FILTERS[filter]());
    sockets.set(name, socket);
    return { index: socket.index, receiveBufferBytes: socket.receiveBufferBytes };
  },
  send: (name, frames) => get(name).sendAll(frames.map(fromHex)),
  async pace(name, hex, perSecond, total) {
    const [socket, frame, start] = [get(name), fromHex(hex), systemClock.now()];
    let sent = 0;
    while (sent < total) {
      const due = Math.min(total, Math.floor(((systemClock.now() - start) / 1000) * perSecond));
      if (due > sent) sent += socket.sendAll(new Array<Uint8Array>(due - sent).fill(frame));
      await systemClock.sleep(1);
    }
    return sent;
  },
  async flood(name, hex, ms) {
    const [socket, end] = [get(name), systemClock.now() + ms];
    const frames = new Array<Uint8Array>(256).fill(fromHex(hex));
    let sent = 0;
    for (; systemClock.now() < end; await new Promise(setImmediate)) sent += socket.sendAll(frames);
    return sent;
  },
  setFilter: (name, filter) => get(name).setFilter(FILTERS[filter]()),
  statistics: (name) => get(name).statistics(),
  async close(name) {
    await get(name).close();
    sockets.delete(name);
  },
  mute() {
    isMuted = true;
  },
  throwNext() {
    throwsNext = true;
  },
  async rounds(interfaceName, backend, count) {
    let left = count;
    const chain = async () => {
      for (; left > 0; left--) await (await open("round", interfaceName, backend, arpAndNdpFilter())).close();
    };
    // One that stays open keeps what all share; a child process before that starts what stays for good.
    await (await open("round", interfaceName, backend, arpAndNdpFilter())).close();
    await using _open = await open("round", interfaceName, backend, arpAndNdpFilter());
    const before = descriptors();
    await Promise.all([chain(), chain(), chain(), chain()]);
    return { before, after: descriptors() };
  },
  descriptors,
  watch(receiveBufferBytes) {
    watching = new AbortController();
    void watch(watching.signal, receiveBufferBytes).catch((error: unknown) =>
      tell({ event: "failed", error: `${error}` }),
    );
  },
  unwatch: () => watching.abort(),
  block(ms) {
    for (const end = systemClock.now() + ms; systemClock.now() < end; );
  },
  join(index, addresses) {
    groups ??= openMulticastGroups(index);
    for (const address of addresses) groups.join(address);
  },
  leave(addresses) {
    for (const address of addresses) groups?.leave(address);
  },
  async startWorker(interfaceName) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: interfaceName });
    worker.on("message", (message: object) => tell({ event: "worker", ...message }));
    await new Promise((resolve) => worker?.once("message", resolve));
  },
  async endWorker() {
    await worker?.terminate();
  },
  ping() {},
  misuse,
  libraries: () => [...new Set(readFileSync("/proc/self/maps", "utf8").match(/[^/\n]+\.(so|node)\b/g))],
  exit: () => process.exit(7),
};

function open(name: string, interfaceName: string, backend: FrameBackend, filter: FrameFilter): Promise<FrameSocket> {
  return openFrameSocket(
    { interface: interfaceName, backend, filter },
    {
      onFrames(frames) {
        if (!isMuted) tell({ event: "frames", socket: name, frames: frames.map(toHex) });
        if (!throwsNext) return;
        throwsNext = false;
        throw new Error("thrown by a handler");
      },
      onError: ({ code, errno }) => tell({ event: "error", socket: name, code, errno }),
    },
  );
}

async function watch(signal: AbortSignal, receiveBufferBytes: number): Promise<void> {
  for await (const event of watchInterfaces(signal, { receiveBufferBytes })) tell({ event: "interface", ...event });
}

function get(name: string): FrameSocket {
  const socket = sockets.get(name);
  if (!socket) throw new RangeError(`no socket ${name}`);
  return socket;
}

/** What is open, by kind, and how many child processes there are. */
function descriptors(): object {
  const kinds = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/:\[\d+\]$/, "")];
    } catch {
      // The descriptor of the listing itself.
      return [];
    }
  });
  const counts: Record<string, number> = {};
  for (const kind of kinds.sort()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify({ ...message, at: systemClock.now() })}\n`);
}

async function obey(line: string): Promise<void> {
  const { id, command, args } = JSON.parse(line) as { id: number; command: keyof Commands; args: unknown[] };
  try {
    const run = commands[command] as (...args: unknown[]) => unknown;
    tell({ id, result: (await run(...args)) ?? null });
  } catch (error) {
    tell({ id, error: String(error), code: error instanceof LinkError ? error.code : undefined });
  }
}

process.on("uncaughtException", (error) => tell({ event: "uncaught", message: error.message }));
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void obey(line));
lines.on("close", async () => {
  watching.abort();
  groups?.close();
  await Promise.all([...sockets.values()].map((socket) => socket.close()));
  await worker?.terminate();
});
