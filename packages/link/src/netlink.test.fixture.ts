import { LITTLE_ENDIAN } from "./host-order.ts";

/** Bytes of a netlink attribute: length, type, value, padding. */
export function attribute(type: number, value: ArrayLike<number>): number[] {
  const length = 4 + value.length;
  return [...u16(length), ...u16(type), ...Array.from(value), ...new Array<number>(-length & 3).fill(0)];
}

/** A netlink message: header and body. */
export function message(
  type: number,
  body: readonly number[],
  { flags = 0, sequence = 0 }: { readonly flags?: number; readonly sequence?: number } = {},
): Uint8Array {
  return Uint8Array.from([...u32(16 + body.length), ...u16(type), ...u16(flags), ...u32(sequence), ...u32(0), ...body]);
}

/** What follows the header in RTM_NEWLINK and RTM_DELLINK (`struct ifinfomsg` and attributes). */
export function linkBody(index: number, flags: number, attributes: readonly number[], family = 0): number[] {
  return [family, 0, ...u16(1), ...u32(index), ...u32(flags), ...u32(0), ...attributes];
}

/** The fixed part of an address message. */
export interface AddressFields {
  readonly index?: number;
  readonly family?: number;
  readonly prefixLength?: number;
  readonly flags?: number;
  readonly scope?: number;
}

/** What follows the header in RTM_NEWADDR and RTM_DELADDR (`struct ifaddrmsg` and attributes). */
export function addressBody(
  { index = 2, family = 2, prefixLength = 24, flags = 0, scope = 0 }: AddressFields,
  attributes: readonly number[],
): number[] {
  return [family, prefixLength, flags, scope, ...u32(index), ...attributes];
}

/** 32 bits in this machine's order. */
export const u32 = (value: number): number[] => inOrder([value, value >>> 8, value >>> 16, value >>> 24]);

const u16 = (value: number) => inOrder([value, value >>> 8]);

const inOrder = (bytes: number[]) => (LITTLE_ENDIAN ? bytes : bytes.reverse()).map((byte) => byte & 0xff);
