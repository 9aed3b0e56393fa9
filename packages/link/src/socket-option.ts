import type { Family, Ip } from "@heraldlb/net";
import { LinkError } from "./link-error.ts";
import { attempt } from "./native.ts";
import { FAMILY, int, internetAddress } from "./socket-address.ts";

const SOCK_STREAM = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_TTL = 2;
const IP_MINTTL = 21;
const IPPROTO_TCP = 6;
const TCP_MD5SIG = 14;
const TCP_USER_TIMEOUT = 18;
const TCP_RTO_MIN_US = 45;
const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MINHOPCOUNT = 73;
// struct tcp_md5sig: sockaddr_storage, flags, prefix length, key length, interface index, key.
const MD5SIG_LENGTH = 216;
const MD5SIG_KEY_LENGTH_OFFSET = 130;
const MD5SIG_KEY_OFFSET = 136;
const MD5SIG_MAX_KEY = 80;
const MAX_DEVICE_NAME = 15;

/** A non-blocking TCP socket for `new net.Socket({ fd, manualStart: true })` or `server.listen({ fd })`, which then own it. */
export function openTcpSocket(family: Family): number {
  return attempt("open a TCP socket", (native) => native.socket(FAMILY[family], SOCK_STREAM, IPPROTO_TCP));
}

/** Closes a descriptor that nobody else owns. */
export function closeSocket(fd: number): void {
  attempt("close a socket", (native) => native.close(fd));
}

/** Where a socket sends from, or listens. */
export interface LocalAddress {
  readonly address: Ip;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** Index of the interface, for link-local addresses. */
  readonly scope?: number | undefined;
}

/** Binds to a local address. Throws a {@link LinkError} as the functions below do. */
export function bindSocket(fd: number, { address, port, scope = 0 }: LocalAddress): void {
  attempt(`bind to ${address}`, (native) => native.bind(fd, internetAddress(address, port, scope)));
}

/** Lets a listener have an address again while connections of an earlier one are still being forgotten; before binding. */
export function setReuseAddress(fd: number): void {
  attempt("reuse an address", (native) => native.setOption(fd, SOL_SOCKET, SO_REUSEADDR, int(1)));
}

/** Signs all segments from and to a peer, and accepts no others (RFC 2385). The key has 1 to 80 bytes. */
export function setMd5Key(fd: number, peer: Ip, key: Uint8Array): void {
  if (key.length === 0 || key.length > MD5SIG_MAX_KEY) throw new RangeError(`a key of ${key.length} bytes`);
  const option = new Uint8Array(MD5SIG_LENGTH);
  option.set(internetAddress(peer, 0, 0));
  option.set(int(key.length).subarray(0, 2), MD5SIG_KEY_LENGTH_OFFSET);
  option.set(key, MD5SIG_KEY_OFFSET);
  attempt(`set the MD5 key of ${peer}`, (native) => native.setOption(fd, IPPROTO_TCP, TCP_MD5SIG, option));
}

/** Sets the TTL or hop limit of what is sent; 255 for GTSM (RFC 5082). */
export function setHopLimit(fd: number, family: Family, hops: number): void {
  const [level, name] = family === "ipv4" ? [IPPROTO_IP, IP_TTL] : [IPPROTO_IPV6, IPV6_UNICAST_HOPS];
  attempt("set a hop limit", (native) => native.setOption(fd, level, name, int(hops)));
}

/** Drops what arrives with a lower TTL or hop limit (GTSM, RFC 5082). TCP only: the kernel does not filter UDP. */
export function setMinimumHopLimit(fd: number, family: Family, hops: number): void {
  const [level, name] = family === "ipv4" ? [IPPROTO_IP, IP_MINTTL] : [IPPROTO_IPV6, IPV6_MINHOPCOUNT];
  attempt("set a minimum hop limit", (native) => native.setOption(fd, level, name, int(hops)));
}

/** Sends and receives through one interface (or VRF) only. */
export function bindToDevice(fd: number, name: string): void {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > MAX_DEVICE_NAME) throw new RangeError(`interface name "${name}"`);
  attempt(`bind to ${name}`, (native) => native.setOption(fd, SOL_SOCKET, SO_BINDTODEVICE, bytes));
}

/**
 * Sets the shortest time after which TCP retransmits, in microseconds; accepted sockets inherit it from the listener.
 *
 * Returns false where the kernel does not know the option (before 6.15).
 */
export function setRtoMin(fd: number, microseconds: number): boolean {
  try {
    attempt("set TCP_RTO_MIN_US", (native) => native.setOption(fd, IPPROTO_TCP, TCP_RTO_MIN_US, int(microseconds)));
    return true;
  } catch (error) {
    if (error instanceof LinkError && error.errno === "ENOPROTOOPT") return false;
    throw error;
  }
}

/**
 * Breaks a connection whose other end acknowledges nothing for so long, in milliseconds from the first retransmission on, or
 * does not take what is to be sent; 0: the kernel's own patience, many minutes. What it has given up is not sent any more,
 * not even if the socket was closed long ago. With keep-alive, it also counts from when the last sign of life came.
 */
export function setUserTimeout(fd: number, milliseconds: number): void {
  attempt("set TCP_USER_TIMEOUT", (native) => native.setOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, int(milliseconds)));
}

/** Asks for a receive buffer, beyond the system's limit where the process may. Returns what the kernel grants, in bytes. */
export function setReceiveBuffer(fd: number, bytes: number): number {
  return attempt("set a receive buffer", (native) => {
    try {
      native.setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, int(bytes));
    } catch {
      // Without CAP_NET_ADMIN, up to net.core.rmem_max.
      native.setOption(fd, SOL_SOCKET, SO_RCVBUF, int(bytes));
    }
    const [granted = 0] = new Int32Array(native.getOption(fd, SOL_SOCKET, SO_RCVBUF, 4).slice().buffer);
    return granted;
  });
}
