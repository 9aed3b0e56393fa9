import fc from "fast-check";
import { expect, test } from "vitest";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

test("writes big-endian numbers and bytes in order, however small it begins", () => {
  const w = new Writer(1).u8(1).u16(0x0203).u32(0x0405_0607).bytes(Uint8Array.of(8, 9));
  expect(w.toBytes()).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9));
  expect(w.length).toBe(9);
});

test("begins with no room at all", () => {
  expect(new Writer(0).u32(1).toBytes()).toEqual(Uint8Array.of(0, 0, 0, 1));
});

test("patches in the length of what the body wrote, nested too", () => {
  const w = new Writer(1).u8(7).sized16((outer) => outer.u8(1).sized16((inner) => inner.u16(2)));
  expect(w.toBytes()).toEqual(Uint8Array.of(7, 0, 5, 1, 0, 2, 0, 2));
});

test("pads with zeros up to a length, never beyond", () => {
  expect(new Writer(1).u8(1).padTo(4).padTo(2).u8(2).toBytes()).toEqual(Uint8Array.of(1, 0, 0, 0, 2));
});

test.each([
  ["u8", 0x100],
  ["u16", 0x10000],
  ["u32", 0x1_0000_0000],
  ["u8", -1],
  ["u16", 0.5],
  ["u32", Number.NaN],
] as const)("%s refuses %d as the caller's bug", (name, value) => {
  expect(() => new Writer(1)[name](value)).toThrow(RangeError);
});

test("refuses a body that 16 bits cannot count", () => {
  expect(() => new Writer(1).sized16((w) => w.bytes(new Uint8Array(0x10000)))).toThrow(RangeError);
});

test("a reader reads back what was written", () => {
  const u32 = fc.nat({ max: 0xffff_ffff });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(255), fc.nat(65535), u32, fc.uint8Array({ maxLength: 9 }))), (rows) => {
      const w = new Writer(1);
      for (const [a, b, c, d] of rows)
        w.u8(a)
          .u16(b)
          .u32(c)
          .sized16((body) => body.bytes(d));
      const r = new Reader(w.toBytes());
      expect(rows.map(() => [r.u8(), r.u16(), r.u32(), Uint8Array.from(r.bytes(r.u16()))])).toEqual(rows);
      r.end();
    }),
  );
});
