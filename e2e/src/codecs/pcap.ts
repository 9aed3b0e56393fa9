import { Reader, Writer } from "@heraldlb/net";

const MAGIC = 0xa1b2_c3d4;
const MAGIC_SWAPPED = 0xd4c3_b2a1;
const LINK_ETHERNET = 1;
const LONGEST_FRAME = 65_535;

/** A capture file (classic pcap, big-endian) with these Ethernet frames, a second apart. */
export function writePcap(frames: readonly Uint8Array[]): Uint8Array {
  // The version is 2.4; then time zone, accuracy, longest frame, kind of link.
  const w = new Writer().u32(MAGIC).u16(2).u16(4).u32(0).u32(0).u32(LONGEST_FRAME).u32(LINK_ETHERNET);
  for (const [seconds, frame] of frames.entries()) {
    w.u32(seconds).u32(0).u32(frame.length).u32(frame.length).bytes(frame);
  }
  return w.toBytes();
}

/** The frames of a capture file (classic pcap) of either byte order. */
export function readPcap(bytes: Uint8Array): Uint8Array[] {
  const r = new Reader(bytes);
  const magic = r.u32();
  if (magic !== MAGIC && magic !== MAGIC_SWAPPED) throw new Error(`not a pcap file: ${magic.toString(16)}`);
  r.skip(20);
  const frames: Uint8Array[] = [];
  while (r.remaining > 0) {
    r.skip(8);
    const length = magic === MAGIC ? r.u32() : swapped(r.u32());
    r.skip(4);
    frames.push(r.bytes(length));
  }
  return frames;
}

function swapped(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word & 0xff00) << 8) | (word << 24)) >>> 0;
}
