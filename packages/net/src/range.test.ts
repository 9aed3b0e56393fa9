import fc from "fast-check";
import { expect, test } from "vitest";
import { type Ip, ipFromBigInt } from "./ip.ts";
import {
  type IpRange,
  parseRange,
  rangeContains,
  rangeFirst,
  rangeLast,
  rangeOf,
  rangeSize,
  rangesOverlap,
} from "./range.ts";

// Few numbers, so that ends coincide often.
const small = fc.bigInt({ min: 250n, max: 262n });
const family = fc.constantFrom("ipv4", "ipv6");
const anyRange = fc
  .tuple(family, small, small)
  .map(([of, a, b]) => ({ of, first: a < b ? a : b, last: a < b ? b : a }))
  .map(({ of, first, last }) => ({ of, first, last, range: rangeOf(ipFromBigInt(of, first), ipFromBigInt(of, last)) }));

test.each([
  ["10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"],
  [" 10.0.0.1 - 10.0.0.9 ", "10.0.0.1-10.0.0.9"],
  ["10.0.0.1-10.0.0.1", "10.0.0.1-10.0.0.1"],
  ["2001:DB8::1-2001:db8:0::ff", "2001:db8::1-2001:db8::ff"],
])("reads %j as %s", (text, range) => {
  expect(parseRange(text)).toBe(range);
});

test.each([
  "",
  "-",
  "10.0.0.1",
  "10.0.0.1-",
  "-10.0.0.1",
  "10.0.0.9-10.0.0.1",
  "10.0.0.1-fc00::1",
  "10.0.0.1-10.0.0.2-10.0.0.3",
  "10.0.0.1-9",
  "10.0.0.01-10.0.0.9",
])("refuses %j", (text) => {
  expect(parseRange(text)).toBeUndefined();
});

test.each([
  ["10.0.0.2", "10.0.0.1", "after"],
  ["10.0.0.1", "::1", "families"],
])("there is no range from %s to %s", (first, last, reason) => {
  expect(() => rangeOf(first as Ip, last as Ip)).toThrow(RangeError);
  expect(() => rangeOf(first as Ip, last as Ip)).toThrow(reason);
});

test("counts addresses exactly, up to all of IPv6", () => {
  expect(rangeSize("0.0.0.0-255.255.255.255" as IpRange)).toBe(1n << 32n);
  expect(rangeSize("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" as IpRange)).toBe(1n << 128n);
  expect(rangeSize("::1-::1" as IpRange)).toBe(1n);
});

test("has the ends it was made of", () => {
  fc.assert(
    fc.property(anyRange, ({ of, first, last, range }) => {
      expect(rangeFirst(range)).toBe(ipFromBigInt(of, first));
      expect(rangeLast(range)).toBe(ipFromBigInt(of, last));
      expect(rangeSize(range)).toBe(last - first + 1n);
      expect(parseRange(range)).toBe(range);
    }),
  );
});

test("contains the addresses between its ends, of its own family only", () => {
  fc.assert(
    fc.property(anyRange, family, small, ({ of, first, last, range }, other, value) => {
      const expected = of === other && first <= value && value <= last;
      expect(rangeContains(range, ipFromBigInt(other, value))).toBe(expected);
    }),
  );
});

test("overlaps another exactly if they share an address", () => {
  fc.assert(
    fc.property(anyRange, anyRange, (a, b) => {
      const expected = a.of === b.of && a.first <= b.last && b.first <= a.last;
      expect(rangesOverlap(a.range, b.range)).toBe(expected);
      expect(rangesOverlap(b.range, a.range)).toBe(expected);
    }),
  );
});
