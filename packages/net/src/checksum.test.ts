import fc from "fast-check";
import { expect, test } from "vitest";
import { internetChecksum, onesComplementSum } from "./checksum.ts";

test("gives the sum of RFC 1071 section 3's example", () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(onesComplementSum(bytes)).toBe(0xddf2);
  expect(internetChecksum(bytes)).toBe(0x220d);
});

test("takes an odd last byte as if a zero followed", () => {
  expect(internetChecksum(Uint8Array.of(1, 2, 3))).toBe(internetChecksum(Uint8Array.of(1, 2, 3, 0)));
});

test("of nothing is all ones", () => {
  expect(internetChecksum(new Uint8Array())).toBe(0xffff);
});

test("does not overflow over the longest packet there is", () => {
  expect(internetChecksum(new Uint8Array(65_536).fill(0xff), 0xffff)).toBe(0);
  expect(onesComplementSum(new Uint8Array(65_536).fill(0xff))).toBe(0xffff);
});

test("over data with its own checksum is zero", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2 }), (data) => {
      const even = Uint8Array.from([...data, ...(data.length % 2 ? [0] : [])]);
      const sum = internetChecksum(even);
      expect(internetChecksum(Uint8Array.from([...even, sum >>> 8, sum & 0xff]))).toBe(0);
    }),
  );
});

test("of parts, seeded with one another, is that of the whole", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (head, tail) => {
      const first = head.subarray(0, head.length & ~1);
      const whole = Uint8Array.from([...first, ...tail]);
      expect(internetChecksum(tail, onesComplementSum(first))).toBe(internetChecksum(whole));
    }),
  );
});
