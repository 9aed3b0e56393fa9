import { isDeepStrictEqual } from "node:util";
import { DecodeError } from "@heraldlb/net";
import { mutate } from "./mutate.ts";
import type { Random } from "./random.ts";

/** What is to be tested, whatever it decodes to. */
export interface Target {
  readonly name: string;
  /** Valid packets, of every form. */
  readonly samples: readonly [Uint8Array, ...Uint8Array[]];
  /** Offsets of bytes that count other bytes. */
  readonly lengthFields: readonly number[];
  judge(bytes: Uint8Array): Verdict;
  /** Repairs in place what would end decoding early (magic numbers, checksums), so that the rest is reached. */
  repair(bytes: Uint8Array, random: Random): void;
}

/** A pair of functions that should be each other's inverse. */
export interface Codec<T> {
  decode(bytes: Uint8Array): T;
  encode(value: T): Uint8Array;
  /** What of a value must come back when it is encoded and decoded; all of it if this is missing. */
  essence?(value: T): unknown;
}

/** What became of one input. */
export type Verdict = "decoded" | "refused" | { readonly problem: string };

const LONGEST_NOISE = 160;

/** The next input: noise or a changed sample, most of them repaired. */
export function nextInput({ samples, lengthFields, repair }: Target, random: Random): Uint8Array {
  const isNoise = random.below(4) === 0;
  const bytes = isNoise
    ? random.bytes(random.below(LONGEST_NOISE))
    : mutate(random.pick(samples), random, lengthFields);
  if (random.below(4) > 0) repair(bytes, random);
  return bytes;
}

/** A judge that decodes bytes, and then the encoding of what they decode to. */
export function judgeOf<T>({ decode, encode, essence = (whole) => whole }: Codec<T>): (bytes: Uint8Array) => Verdict {
  return (bytes) => {
    let value: T;
    try {
      value = decode(bytes);
    } catch (error) {
      return error instanceof DecodeError ? "refused" : { problem: `decoding threw ${error}` };
    }
    try {
      const again = decode(encode(value));
      return isDeepStrictEqual(essence(again), essence(value))
        ? "decoded"
        : { problem: "encoding and decoding gives another value" };
    } catch (error) {
      return { problem: `encoding what was decoded threw ${error}` };
    }
  };
}
