import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { familyBits, familyOf, type Ip, ipFromBigInt, ipFromBytes, ipToBigInt } from "./ip.ts";
import {
  type Prefix,
  parsePrefix,
  prefixAddress,
  prefixContains,
  prefixLength,
  prefixOf,
  prefixToRange,
  rangeToPrefixes,
} from "./prefix.ts";
import { type IpRange, parseRange, rangeFirst, rangeLast, rangeOf, rangeSize } from "./range.ts";

const anyIp: fc.Arbitrary<Ip> = fc
  .constantFrom(4, 16)
  .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
  .map(ipFromBytes);
const anyPrefix: fc.Arbitrary<Prefix> = anyIp.chain((ip) =>
  fc.nat(familyBits(familyOf(ip))).map((length) => prefixOf(ip, length)),
);

test.each([
  ["10.0.0.0/24", "10.0.0.0/24"],
  ["192.168.1.5/24", "192.168.1.0/24"],
  ["1.2.3.4/0", "0.0.0.0/0"],
  ["1.2.3.4/32", "1.2.3.4/32"],
  ["2001:DB8::1/64", "2001:db8::/64"],
  ["2001:db8:ffff::/33", "2001:db8:8000::/33"],
  ["::1/128", "::1/128"],
  ["::ffff:1.2.3.4/104", "::ffff:1.0.0.0/104"],
])("reads %s as %s", (text, prefix) => {
  expect(parsePrefix(text)).toBe(prefix);
});

test.each([
  "",
  "/",
  "/8",
  "10.0.0.0",
  "10.0.0.0/",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/+8",
  "10.0.0.0/08",
  "10.0.0.0/8 ",
  "10.0.0.0/8/8",
  "10.0.0/8",
  "::/129",
  "::/1000",
  "::%eth0/64",
  "10.0.0.0/255.0.0.0",
])("refuses %j", (text) => {
  expect(parsePrefix(text)).toBeUndefined();
});

test("is its own canonical form, made of its address and length", () => {
  fc.assert(
    fc.property(anyPrefix, (prefix) => {
      expect(parsePrefix(prefix)).toBe(prefix);
      expect(prefixOf(prefixAddress(prefix), prefixLength(prefix))).toBe(prefix);
    }),
  );
});

test("contains what ipaddr.js says it contains, and nothing of the other family", () => {
  const near = anyPrefix.chain((prefix) => fc.tuple(fc.constant(prefix), fc.oneof(anyIp, around(prefix))));
  fc.assert(
    fc.property(near, ([prefix, ip]) => {
      const [a, b] = [ipaddr.parse(ip), ipaddr.parse(prefixAddress(prefix))];
      const expected = a.kind() === b.kind() && (a as ipaddr.IPv6).match(b as ipaddr.IPv6, prefixLength(prefix));
      expect(prefixContains(prefix, ip)).toBe(expected);
    }),
  );
});

test.each([
  ["10.0.0.0", 33],
  ["10.0.0.0", -1],
  ["10.0.0.0", 1.5],
  ["::", 129],
])("there is no %s/%d", (ip, length) => {
  expect(() => prefixOf(ip as Ip, length)).toThrow(RangeError);
});

describe("as a range", () => {
  test.each([
    ["10.0.0.0/30", "10.0.0.0-10.0.0.3"],
    ["0.0.0.0/0", "0.0.0.0-255.255.255.255"],
    ["2001:db8::/64", "2001:db8::-2001:db8::ffff:ffff:ffff:ffff"],
    ["::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"],
    ["::1/128", "::1-::1"],
  ])("%s is %s", (prefix, range) => {
    expect(prefixToRange(prefix as Prefix)).toBe(range);
  });

  test("becomes the same single prefix again", () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(rangeToPrefixes(prefixToRange(prefix))).toEqual([prefix]);
      }),
    );
  });
});

describe("from a range", () => {
  test.each([
    ["10.0.0.1-10.0.0.1", ["10.0.0.1/32"]],
    ["10.0.0.1-10.0.0.6", ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]],
    ["192.168.1.0-192.168.2.255", ["192.168.1.0/24", "192.168.2.0/24"]],
    [
      "0.0.0.0-255.255.255.254",
      Array.from({ length: 32 }, (_, i) => prefixOf(ipFromBigInt("ipv4", (1n << 32n) - (1n << BigInt(32 - i))), i + 1)),
    ],
    ["::-::2", ["::/127", "::2/128"]],
    ["255.255.255.255-255.255.255.255", ["255.255.255.255/32"]],
  ])("%s gives %j", (range, prefixes) => {
    expect(rangeToPrefixes(range as IpRange)).toEqual(prefixes);
  });

  test("they tile it without a gap, and no two neighbours could be one", () => {
    const pair = anyIp.chain((a) =>
      fc.tuple(
        fc.constant(a),
        anyIp.filter((b) => familyOf(a) === familyOf(b)),
      ),
    );
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const range = ipToBigInt(a) <= ipToBigInt(b) ? rangeOf(a, b) : rangeOf(b, a);
        const tiles = rangeToPrefixes(range).map(prefixToRange);
        expect(rangeFirst(tiles[0] as IpRange)).toBe(rangeFirst(range));
        expect(rangeLast(tiles.at(-1) as IpRange)).toBe(rangeLast(range));
        const firsts = tiles.slice(1).map((tile) => ipToBigInt(rangeFirst(tile)));
        const lasts = tiles.slice(0, -1).map((tile) => ipToBigInt(rangeLast(tile)));
        expect(firsts).toEqual(lasts.map((last) => last + 1n));
        expect(tiles.reduce((sum, tile) => sum + rangeSize(tile), 0n)).toBe(rangeSize(range));
        // A minimal tiling rises in size and then falls: at most two of each.
        const sizes = Object.values(Object.groupBy(tiles.map(rangeSize), String));
        expect(Math.max(...sizes.map((same) => same?.length ?? 0))).toBeLessThanOrEqual(2);
      }),
    );
  });
});

test("a parsed range is the range of its ends", () => {
  expect(parseRange("10.0.0.1 - 10.0.0.9")).toBe(rangeOf("10.0.0.1" as Ip, "10.0.0.9" as Ip));
});

/** Addresses in and just outside the prefix. */
function around(prefix: Prefix): fc.Arbitrary<Ip> {
  const first = prefixAddress(prefix);
  const family = familyOf(first);
  const size = rangeSize(prefixToRange(prefix));
  const start = ipToBigInt(first);
  const top = (1n << BigInt(familyBits(family))) - 1n;
  return fc
    .bigInt({ min: -2n, max: size + 1n })
    .map((offset) => start + offset)
    .filter((value) => value >= 0n && value <= top)
    .map((value) => ipFromBigInt(family, value));
}
