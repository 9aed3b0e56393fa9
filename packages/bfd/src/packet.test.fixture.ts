import type { BfdControl } from "./control.ts";

/** A valid packet to take others from. */
export const PACKET: BfdControl = {
  diagnostic: 0,
  state: "down",
  isPoll: false,
  isFinal: false,
  isControlPlaneIndependent: false,
  isDemand: false,
  isMultipoint: false,
  multiplier: 3,
  myDiscriminator: 1,
  yourDiscriminator: 0,
  desiredMinTxUs: 1,
  requiredMinRxUs: 1,
  requiredMinEchoRxUs: 0,
};

/** Bytes of hexadecimal digits; blanks are for the reader. */
export function hex(...text: readonly string[]): Uint8Array {
  return Uint8Array.from(text.join("").replaceAll(" ", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
