import { expect, test } from "vitest";
import { DecodeError } from "./decode-error.ts";
import { Reader } from "./reader.ts";

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

test("reads big-endian numbers one after the other", () => {
  const r = new Reader(bytes);
  expect([r.u8(), r.u16(), r.u32(), r.remaining]).toEqual([1, 0x0203, 0x0405_0607, 1]);
});

test("reads a u32 with the high bit set as a positive number", () => {
  expect(new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff)).u32()).toBe(0xffff_ffff);
});

test("starts where a view into a larger buffer starts", () => {
  expect(new Reader(bytes.subarray(2)).u16()).toBe(0x0304);
});

test("gives slices as views into the same memory", () => {
  const memory = bytes.slice();
  const slice = new Reader(memory).bytes(2);
  memory[0] = 9;
  expect(slice).toEqual(Uint8Array.of(9, 2));
});

test.each([
  ["u8", (r: Reader) => r.u8()],
  ["u16", (r: Reader) => r.u16()],
  ["u32", (r: Reader) => r.u32()],
  ["bytes", (r: Reader) => r.bytes(1)],
  ["sub", (r: Reader) => r.sub(1)],
  ["skip", (r: Reader) => r.skip(1)],
])("%s fails as truncated behind the last byte, and moves nothing", (_name, read) => {
  const r = new Reader(bytes.subarray(0, 0));
  expect(() => read(r)).toThrow(expect.objectContaining({ name: "DecodeError", code: "truncated" }));
  expect(r.remaining).toBe(0);
});

test("refuses to go back when a received length is too small for what it should count", () => {
  const r = new Reader(bytes);
  r.skip(4);
  expect(() => r.bytes(-2)).toThrow(expect.objectContaining({ code: "malformed" }));
});

test("a sub-reader cannot see past its end, and its parent goes on behind it", () => {
  const r = new Reader(bytes);
  const sub = r.sub(2);
  expect(sub.u16()).toBe(0x0102);
  expect(() => sub.u8()).toThrow(DecodeError);
  expect(r.u8()).toBe(3);
});

test("end fails while bytes are left", () => {
  const r = new Reader(bytes);
  expect(() => r.end()).toThrow(expect.objectContaining({ code: "malformed" }));
  r.skip(8);
  expect(() => r.end()).not.toThrow();
});
