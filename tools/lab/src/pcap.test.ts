import fc from "fast-check";
import { expect, test } from "vitest";
import { type CapturedFrame, PcapReader } from "./pcap.ts";

const frames = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(300).fill(7)];

/** A file as tcpdump writes it, each frame stamped 1.5 s after the one before. */
function file(magic: number, ticksPerSecond: number): Uint8Array {
  const records = frames.map((frame, index) => {
    const record = new Uint8Array(16 + frame.length);
    const view = new DataView(record.buffer);
    const at = 1.5 * index;
    view.setUint32(0, Math.floor(at), true);
    view.setUint32(4, (at % 1) * ticksPerSecond, true);
    view.setUint32(8, frame.length, true);
    view.setUint32(12, frame.length, true);
    record.set(frame, 16);
    return record;
  });
  const header = new Uint8Array(24);
  new DataView(header.buffer).setUint32(0, magic, true);
  return Uint8Array.from([header, ...records].flatMap((part) => [...part]));
}

test.each([
  ["microseconds", 0xa1b2c3d4, 1e6],
  ["nanoseconds", 0xa1b23c4d, 1e9],
])("reads frames stamped in %s, however the file is cut", (_name, magic, ticksPerSecond) => {
  const bytes = file(magic, ticksPerSecond);
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat({ max: bytes.length })), (cuts) => {
      const reader = new PcapReader();
      const read: CapturedFrame[] = [];
      const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      for (const [index, edge] of edges.entries()) read.push(...reader.push(bytes.slice(edge, edges[index + 1])));
      expect(read.map(({ atEpochMs }) => atEpochMs)).toEqual([0, 1500, 3000]);
      expect(read.map((frame) => [...frame.bytes])).toEqual(frames.map((frame) => [...frame]));
    }),
    { numRuns: 30 },
  );
});

test("refuses what is no capture file", () => {
  expect(() => new PcapReader().push(new Uint8Array(24))).toThrow(/pcap/);
});
