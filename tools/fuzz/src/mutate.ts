import type { Random } from "./random.ts";

type Mutation = (bytes: Uint8Array, random: Random, lengthFields: readonly number[]) => Uint8Array;

// Where signs, limits and off-by-one errors live.
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff] as const;

const LONGEST_EXTENSION = 64;

const MUTATIONS: readonly [Mutation, ...Mutation[]] = [
  flipBits,
  setBytes,
  truncate,
  extend,
  editLength,
  repeatChunk,
  removeChunk,
];

/** Changes a copy of the packet in one to four ways. `lengthFields` are the offsets of bytes that count others. */
export function mutate(packet: Uint8Array, random: Random, lengthFields: readonly number[]): Uint8Array {
  let bytes: Uint8Array = packet.slice();
  for (let left = 1 + random.below(4); left > 0; left--) bytes = random.pick(MUTATIONS)(bytes, random, lengthFields);
  return bytes;
}

function flipBits(bytes: Uint8Array, random: Random): Uint8Array {
  for (let left = 1 + random.below(8); left > 0; left--) {
    const bit = random.below(8 * bytes.length);
    if (bit >>> 3 < bytes.length) bytes[bit >>> 3] = (bytes[bit >>> 3] as number) ^ (1 << (bit & 7));
  }
  return bytes;
}

function setBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.below(bytes.length);
  return bytes.fill(random.pick(EDGES), start, start + 1 + random.below(8));
}

function truncate(bytes: Uint8Array, random: Random): Uint8Array {
  return bytes.slice(0, random.below(bytes.length + 1));
}

function extend(bytes: Uint8Array, random: Random): Uint8Array {
  return join(bytes, random.bytes(random.below(LONGEST_EXTENSION)));
}

function editLength(bytes: Uint8Array, random: Random, lengthFields: readonly number[]): Uint8Array {
  const at = lengthFields[random.below(lengthFields.length)];
  if (at === undefined || at >= bytes.length) return bytes;
  bytes[at] = random.below(2) === 0 ? random.pick(EDGES) : (bytes[at] as number) + random.below(5) - 2;
  return bytes;
}

function repeatChunk(bytes: Uint8Array, random: Random): Uint8Array {
  const { start, end } = chunk(bytes, random);
  return join(bytes.subarray(0, end), bytes.subarray(start));
}

function removeChunk(bytes: Uint8Array, random: Random): Uint8Array {
  const { start, end } = chunk(bytes, random);
  return join(bytes.subarray(0, start), bytes.subarray(end));
}

function chunk(bytes: Uint8Array, random: Random): { readonly start: number; readonly end: number } {
  const start = random.below(bytes.length + 1);
  return { start, end: start + random.below(Math.min(bytes.length - start, 16) + 1) };
}

function join(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}
