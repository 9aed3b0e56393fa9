/** A frame out of a capture file. */
export interface CapturedFrame {
  /** Milliseconds since 1970, as the kernel stamped it. */
  readonly atEpochMs: number;
  readonly bytes: Uint8Array;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;

/** Reads a capture file (the classic pcap format) while it is being written. */
export class PcapReader {
  #pending: Uint8Array = new Uint8Array(0);
  #ticksPerMs: number | undefined;

  /** Takes the next piece; returns the frames that it completed. Throws an `Error` if this is no such file. */
  push(chunk: Uint8Array): CapturedFrame[] {
    const bytes = new Uint8Array(this.#pending.length + chunk.length);
    bytes.set(this.#pending);
    bytes.set(chunk, this.#pending.length);
    const view = new DataView(bytes.buffer);
    const frames: CapturedFrame[] = [];
    let offset = 0;
    if (this.#ticksPerMs === undefined) {
      if (bytes.length < FILE_HEADER) {
        this.#pending = bytes;
        return frames;
      }
      this.#ticksPerMs = ticksPerMs(view.getUint32(0, true));
      offset = FILE_HEADER;
    }
    while (offset + RECORD_HEADER <= bytes.length) {
      const end = offset + RECORD_HEADER + view.getUint32(offset + 8, true);
      if (end > bytes.length) break;
      const atEpochMs = view.getUint32(offset, true) * 1000 + view.getUint32(offset + 4, true) / this.#ticksPerMs;
      frames.push({ atEpochMs, bytes: bytes.subarray(offset + RECORD_HEADER, end) });
      offset = end;
    }
    this.#pending = bytes.subarray(offset);
    return frames;
  }
}

function ticksPerMs(magic: number): number {
  if (magic === MAGIC_NANOSECONDS) return 1_000_000;
  if (magic === MAGIC_MICROSECONDS) return 1000;
  throw new Error(`not a little-endian pcap file: it begins with 0x${magic.toString(16)}`);
}
