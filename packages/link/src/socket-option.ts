import type { Family, Ip } from "@heraldlb/net";

/** A non-blocking TCP socket for `new net.Socket({ fd, manualStart: true })` or `server.listen({ fd })`, which then own it. */
export function openTcpSocket(family: Family): number {
  throw new Error(`not implemented ${family}`);
}

/** Closes a descriptor that nobody else owns. */
export function closeSocket(fd: number): void {
  throw new Error(`not implemented ${fd}`);
}

/** Where a socket sends from, or listens. */
export interface LocalAddress {
  readonly address: Ip;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** Index of the interface, for link-local addresses. */
  readonly scope?: number | undefined;
}

/** Binds to a local address. */
export function bindSocket(fd: number, local: LocalAddress): void {
  throw new Error(`not implemented ${fd} ${local}`);
}

/** Signs all segments from and to a peer, and accepts no others (RFC 2385). The key has 1 to 80 bytes. */
export function setMd5Key(fd: number, peer: Ip, key: Uint8Array): void {
  throw new Error(`not implemented ${fd} ${peer} ${key}`);
}

/** Sets the TTL or hop limit of what is sent; 255 for GTSM (RFC 5082). */
export function setHopLimit(fd: number, family: Family, hops: number): void {
  throw new Error(`not implemented ${fd} ${family} ${hops}`);
}

/** Drops what arrives with a lower TTL or hop limit (GTSM, RFC 5082). TCP only: the kernel does not filter UDP. */
export function setMinimumHopLimit(fd: number, family: Family, hops: number): void {
  throw new Error(`not implemented ${fd} ${family} ${hops}`);
}

/** Sends and receives through one interface (or VRF) only. */
export function bindToDevice(fd: number, name: string): void {
  throw new Error(`not implemented ${fd} ${name}`);
}

/**
 * Sets the shortest time after which TCP retransmits, in microseconds; accepted sockets inherit it from the listener.
 *
 * Returns false where the kernel does not know the option (before 6.15).
 */
export function setRtoMin(fd: number, microseconds: number): boolean {
  throw new Error(`not implemented ${fd} ${microseconds}`);
}
