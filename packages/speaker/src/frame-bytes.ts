import { BROADCAST_MAC, type Mac, macToBytes } from "@heraldlb/net";

/** Offset of the EtherType in an untagged Ethernet frame; the payload follows it. */
export const ETHER_TYPE_OFFSET = 12;

/** Length of an untagged Ethernet header. */
export const ETHERNET_HEADER = 14;

/** The big-endian 16-bit number at an offset. The caller has checked the length. */
export const u16 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/** The big-endian 32-bit number at an offset, as a signed one: such numbers are never boxed, so they are cheap Map keys. */
export const i32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);

/** Whether `length` bytes of two arrays are the same. */
export function sameBytes(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

/** Copies `length` bytes within or between frames, without making a view. */
export function copyBytes(from: Uint8Array, fromAt: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[fromAt + i] as number;
}

/** Whether a MAC address is one that a single host can have: no group bit, not all zero. */
export const isHostMac = (bytes: Uint8Array, at: number): boolean =>
  ((bytes[at] as number) & 1) === 0 && (u16(bytes, at) !== 0 || i32(bytes, at + 2) !== 0);

const BROADCAST = macToBytes(BROADCAST_MAC);

/** Whether the six bytes are ff:ff:ff:ff:ff:ff. */
export const isBroadcast = (bytes: Uint8Array, at: number): boolean => sameBytes(bytes, at, BROADCAST, 0, 6);

/** The MAC addresses of this node's interfaces, looked up by bytes. */
export class OwnMacs {
  readonly #macs = new Set<number>();

  /** Replaces them all. */
  replace(macs: Iterable<Mac>): void {
    this.#macs.clear();
    for (const mac of macs) this.#macs.add(macNumber(macToBytes(mac), 0));
  }

  /** Whether the MAC address at an offset is one of this node's. */
  has(bytes: Uint8Array, at: number): boolean {
    return this.#macs.has(macNumber(bytes, at));
  }
}

const macNumber = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 2 ** 32 + (i32(bytes, at + 2) >>> 0);
