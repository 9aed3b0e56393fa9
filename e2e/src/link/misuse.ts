import { createRequire } from "node:module";

type Call = (...args: unknown[]) => unknown;
type CallByName = (name: string, ...args: unknown[]) => unknown;

const AF_UNIX = 1;
const AF_PACKET = 17;
const SOCK_DGRAM = 2;
const SOCK_RAW = 3;
const ARP = 0x0806;
const LOOPBACK_INDEX = 1;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const EFAULT = 14;

const noop = () => {};

/** A view whose memory has gone elsewhere. */
function detached(): Uint8Array {
  const bytes = new Uint8Array(4096);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

/** Calls that must throw: wrong counts, types, ranges and lengths. */
const WRONG: readonly (readonly [name: string, ...args: unknown[]])[] = [
  ["socket"],
  ["socket", 1, 2],
  ["socket", "1", 2, 0],
  ["socket", 1.5, 2, 0],
  ["socket", 2 ** 40, 2, 0],
  ["socket", Number.NaN, 2, 0],
  ["close", -1],
  ["close", {}],
  ["bind", 0, new Uint8Array()],
  ["bind", 0, new Uint8Array(1)],
  ["bind", 0, new Uint8Array(129)],
  ["bind", 0, new Uint16Array(8)],
  ["bind", 0, new DataView(new ArrayBuffer(16))],
  ["bind", 0, detached()],
  ["socketName", -1],
  ["setOption", 0, SOL_SOCKET, SO_ATTACH_FILTER, new Uint8Array(16)],
  ["setOption", 0, SOL_SOCKET, 8, new Uint8Array(1025)],
  ["setOption", 0, SOL_SOCKET, 8, detached()],
  ["setOption", 0, SOL_SOCKET, 8, null],
  ["getOption", 0, SOL_SOCKET, 8, -1],
  ["getOption", 0, SOL_SOCKET, 8, 1025],
  ["attachFilter", 0, new Uint8Array()],
  ["attachFilter", 0, new Uint8Array(7)],
  ["attachFilter", 0, new Uint8Array(8 * 4097)],
  ["attachFilter", 0, detached()],
  ["send", 0, "text"],
  ["sendMany", 0, {}],
  ["sendMany", 0, [new Uint8Array(1), 1]],
  ["interfaceIndex", 7],
  ["lock", -1],
  ["unlock", "x"],
  ["start", -1, new Uint8Array(64), new Uint32Array(2), 64, noop],
  ["start", 0, new Uint8Array(63), new Uint32Array(2), 64, noop],
  ["start", 0, new Uint8Array(64), new Uint32Array(2), -64, noop],
  ["start", 0, new Uint8Array(64), new Uint32Array(2), 0, noop],
  ["start", 0, new Uint8Array(64), new Uint8Array(8), 64, noop],
  ["start", 0, new Uint8Array(64), new Uint32Array(2), 64, {}],
  ["start", 0, detached(), new Uint32Array(2), 64, noop],
  ["stop", {}, noop],
  ["stop", 7, noop],
  ["stop", undefined, noop],
];

/** Misuses the addon in this file; returns what was accepted although it should not have been. */
export async function misuse(addon: string): Promise<string[]> {
  const native = createRequire(import.meta.url)(addon) as Readonly<Record<string, Call>>;
  const call = (name: string, ...args: unknown[]) => native[name]?.(...args);
  const accepted = WRONG.filter(([name, ...args]) => !throws(() => call(name, ...args))).map((wrong) =>
    wrong.join(" "),
  );
  if (call("interfaceIndex", "x".repeat(5000)) !== 0) accepted.push("a very long interface name");

  // A getter that takes the memory away from an element which was looked at before it.
  const fd = call("socket", AF_UNIX, SOCK_DGRAM, 0) as number;
  const victim = new Uint8Array(4096);
  const trap = [victim];
  Object.defineProperty(trap, 1, { get: () => structuredClone(victim, { transfer: [victim.buffer] }) && victim });
  if (call("sendMany", fd, trap) !== 0) accepted.push("sending memory that is gone");

  // Memory that goes away while a socket reads into it.
  if ((await readIntoDetached(call)) !== EFAULT) accepted.push("reading into memory that is gone");

  // Takes no arguments that could be wrong; what was running has to run on.
  call("trim");

  const receiver = call("start", fd, new Uint8Array(64), new Uint32Array(2), 64, noop);
  await new Promise<void>((resolve) => call("stop", receiver, resolve));
  if (!throws(() => call("stop", receiver, noop))) accepted.push("stopping twice");
  return accepted;
}

/** Hears its own frame on `lo`; returns the error number that is reported. */
async function readIntoDetached(call: CallByName): Promise<unknown> {
  const fd = call("socket", AF_PACKET, SOCK_RAW, 0) as number;
  // struct sockaddr_ll: family in the order of this machine (x86 and arm64: low byte first), protocol big-endian.
  call(
    "bind",
    fd,
    new Uint8Array([AF_PACKET, 0, ARP >> 8, ARP & 0xff, LOOPBACK_INDEX, 0, 0, 0, ...new Uint8Array(12)]),
  );
  const ring = new Uint8Array(256);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const receiver = call("start", fd, ring, new Uint32Array(8), 64, resolve);
  structuredClone(ring, { transfer: [ring.buffer] });
  call(
    "send",
    fd,
    new Uint8Array(60)
      .fill(0xff, 0, 6)
      .fill(ARP >> 8, 12, 13)
      .fill(ARP & 0xff, 13, 14),
  );
  const errno = await promise;
  await new Promise<void>((stopped) => call("stop", receiver, stopped));
  return errno;
}

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
