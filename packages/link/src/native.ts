import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { getSystemErrorName } from "node:util";
import load from "node-gyp-build";
import { LinkError, type LinkErrorCode } from "./link-error.ts";

/** A descriptor that is being read; opaque, and owned by the addon. */
export type Receiver = { readonly receiver: unique symbol };

/** What native/link.c exports. Its functions throw Errors whose `code` is the kernel's name, such as `ENODEV`. */
export interface Native {
  /** A non-blocking descriptor that child processes do not inherit. */
  socket(domain: number, type: number, protocol: number): number;
  close(fd: number): void;
  /** Binds to a `struct sockaddr_…`. */
  bind(fd: number, address: Uint8Array): void;
  socketName(fd: number): Uint8Array;
  setOption(fd: number, level: number, name: number, value: Uint8Array): void;
  /** The value, cut to `length` bytes. */
  getOption(fd: number, level: number, name: number, length: number): Uint8Array;
  /** Attaches an array of `struct sock_filter`, replacing an earlier one. */
  attachFilter(fd: number, program: Uint8Array): void;
  /** Returns 0 or the error number. */
  send(fd: number, datagram: Uint8Array): number;
  /** Returns how many were sent; the next one failed. */
  sendMany(fd: number, datagrams: readonly Uint8Array[]): number;
  /** 0 if there is none. */
  interfaceIndex(name: string): number;
  /** Whether the exclusive lock was free, and is now held. */
  lock(fd: number): boolean;
  unlock(fd: number): boolean;
  /** Gives back what need not be resident. */
  trim(): void;
  /** Ends the process at once. */
  exit(code: number): never;
  /**
   * Owns the descriptor from now on. Datagram i of a batch is at `i * slot` of the ring, its length at `2 * i` of
   * info, and its {@link TRUNCATED} and {@link FOREIGN} flags after that.
   */
  start(
    fd: number,
    ring: Uint8Array,
    info: Uint32Array,
    slot: number,
    onBatch: (errno: number, count: number) => void,
  ): Receiver;
  /** `onBatch` is not called any more; `onClosed` is when the descriptor is closed. */
  stop(receiver: Receiver, onClosed: () => void): void;
}

/** The datagram was longer than a slot. */
export const TRUNCATED = 1;
/** The datagram is not for us, or a netlink message that the kernel did not send. */
export const FOREIGN = 2;

let loaded: Native | LinkError | undefined;

/** The addon, looked for once, when it is first needed: the pure parts work without it. */
export function native(): Native {
  loaded ??= loadNative();
  if (loaded instanceof LinkError) throw loaded;
  return loaded;
}

function loadNative(): Native | LinkError {
  try {
    return load(packageFolder()) as Native;
  } catch (cause) {
    const message =
      "The native addon of @heraldlb/link is missing: run `npm run setup`, or install a prebuilt package.";
    return new LinkError("unavailable", message, { cause });
  }
}

/** Where the addon is: in this package, also when its code has become part of an app's bundle; else beside the bundle. */
function packageFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve("@heraldlb/link/package.json"));
  } catch {
    return join(import.meta.dirname, "..");
  }
}

const CODES: Readonly<Record<string, LinkErrorCode>> = {
  EPERM: "permission",
  EACCES: "permission",
  ENODEV: "gone",
  ENXIO: "gone",
  ENETDOWN: "down",
};

/** Wraps what the addon threw; other errors are bugs and stay as they are. */
function toLinkError(cause: unknown, doing: string): unknown {
  if (cause instanceof LinkError || !(cause instanceof Error)) return cause;
  const errno = (cause as NodeJS.ErrnoException).code;
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return cause;
  return new LinkError(CODES[errno] ?? "system", `${doing}: ${cause.message}${remedy(errno)}`, { cause, errno });
}

/** The error of a number that the kernel returned. */
export function errnoError(errno: number, doing: string): LinkError {
  const name = getSystemErrorName(-errno);
  return new LinkError(CODES[name] ?? "system", `${doing}: ${name}${remedy(name)}`, { errno: name });
}

/** Runs a call of the addon's, turning its errors into {@link LinkError}s. */
export function attempt<T>(doing: string, call: (native: Native) => T): T {
  try {
    return call(native());
  } catch (cause) {
    throw toLinkError(cause, doing);
  }
}

const remedy = (errno: string) => (errno === "EPERM" ? " (raw sockets need the capability CAP_NET_RAW)" : "");
