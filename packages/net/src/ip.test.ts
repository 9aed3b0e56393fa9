import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import {
  compareIps,
  familyOf,
  type Ip,
  ipFromBigInt,
  ipFromBytes,
  ipToBigInt,
  ipToBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  isIpv4,
  isIpv6,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseUnmappedIp,
} from "./ip.ts";

/** Zeros often, so that `::` has something to shorten. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff])));
const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
const anyIp: fc.Arbitrary<Ip> = fc.oneof(ipv4Bytes, ipv6Bytes).map(ipFromBytes);

describe("IPv4 text", () => {
  test.each(["0.0.0.0", "192.0.2.1", "255.255.255.255", "10.0.0.100"])("%s is its own canonical form", (text) => {
    expect(parseIpv4(text)).toBe(text);
    expect(parseIp(text)).toBe(text);
  });

  // Among them what other parsers take: leading zeros (octal in some), short forms, hexadecimal.
  test.each([
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "01.2.3.4",
    "1.2.3.04",
    "00.0.0.0",
    "1.2.3.256",
    "1.2.3.1000",
    "0x1.2.3.4",
    "1.2.3.4 ",
    " 1.2.3.4",
    "+1.2.3.4",
    "1.2.3.4/8",
    "1.2.3.4%eth0",
    "１.2.3.4",
  ])("%j is no address", (text) => {
    expect(parseIpv4(text)).toBeUndefined();
    expect(parseIp(text)).toBeUndefined();
  });
});

describe("IPv6 text", () => {
  // RFC 5952 sections 1, 4 and 5, and Go's netip tests.
  test.each([
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::1", "2001:db8::1"],
    ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:1:0:0:0:0:0:0", "0:1::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::FFFF:c000:0201", "::ffff:192.0.2.1"],
    ["0:0:0:0:0:ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["::1.2.3.4", "::102:304"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["::fffe:192.0.2.1", "::fffe:c000:201"],
    ["0:0:0:0:ffff:ffff:102:304", "::ffff:ffff:102:304"],
  ])("%s is written %s", (text, canonical) => {
    expect(parseIpv6(text)).toBe(canonical);
    expect(parseIp(text)).toBe(canonical);
  });

  test.each([
    "",
    ":",
    ":::",
    "1:",
    ":1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:",
    "1:2:3:4:5:6:7:8:",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "1:2:3:4::5:6:7:8",
    "::1::",
    "1:::2",
    "12345::",
    "00001::",
    "g::",
    "::1%eth0",
    "fe80::1%1",
    "::1.2.3",
    "::1.2.3.4.5",
    "::01.2.3.4",
    "::1.2.3.256",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1:2:3:4:5:1.2.3.4",
    "::f.2.3.4",
    "::/0",
    "[::1]",
    "::1 ",
  ])("%j is no address", (text) => {
    expect(parseIpv6(text)).toBeUndefined();
    expect(parseIp(text)).toBeUndefined();
  });

  test("is what ipaddr.js prints, IPv4-mapped addresses apart", () => {
    fc.assert(
      fc.property(ipv6Bytes, (bytes) => {
        const oracle = ipaddr.fromByteArray(Array.from(bytes)) as ipaddr.IPv6;
        fc.pre(!oracle.isIPv4MappedAddress());
        expect(ipv6FromBytes(bytes)).toBe(oracle.toRFC5952String());
      }),
    );
  });

  test("takes what ipaddr.js takes, and means the same by it", () => {
    const soup = fc.string({ unit: fc.constantFrom(":", "::", "0", "f", "1:", "ab", "0:0", "."), maxLength: 14 });
    fc.assert(
      fc.property(soup, (text) => {
        const oracle = ipaddr.IPv6.isValid(text) ? Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray()) : undefined;
        const ip = parseIpv6(text);
        // ipaddr.js lets `::` stand for no group at all, and lets a group have any number of zeros in front.
        if (ip) expect(ipToBytes(ip)).toEqual(oracle);
        else if (oracle) expect(text).toMatch(/[0-9a-f]{5}|^(?:[^:]*:){8}/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an address", () => {
  test("is the same value from text, bytes and number", () => {
    fc.assert(
      fc.property(anyIp, (ip) => {
        expect(parseIp(ip)).toBe(ip);
        expect(ipFromBytes(ipToBytes(ip))).toBe(ip);
        expect(ipFromBigInt(familyOf(ip), ipToBigInt(ip))).toBe(ip);
        expect(isIpv4(ip)).toBe(ipToBytes(ip).length === 4);
        expect(isIpv6(ip)).toBe(!isIpv4(ip));
      }),
    );
  });

  test("serves as a Map key", () => {
    const owners = new Map([[parseIp("2001:DB8:0::1"), "a"]]);
    expect(owners.get(parseIp("2001:db8::0001"))).toBe("a");
  });

  test("of IPv4-mapped form stays IPv6", () => {
    expect(familyOf(parseIp("::ffff:1.2.3.4") as Ip)).toBe("ipv6");
    expect(compareIps(parseIp("::ffff:1.2.3.4") as Ip, parseIp("1.2.3.4") as Ip)).toBeGreaterThan(0);
  });

  test.each([
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["0::FFFF:0102:0304", "1.2.3.4"],
    ["1.2.3.4", "1.2.3.4"],
    ["::1.2.3.4", "::102:304"],
    ["::ffff:1:2:3", "::ffff:1:2:3"],
    ["::fffe:1.2.3.4", "::fffe:102:304"],
    ["::ffff:1.2.3.04", undefined],
    ["1.2.3", undefined],
  ])("%s without its mapping is %s", (text, expected) => {
    expect(parseUnmappedIp(text)).toBe(expected);
  });

  test("sorts IPv4 first, then by number", () => {
    fc.assert(
      fc.property(anyIp, anyIp, (a, b) => {
        const byNumber = Number(ipToBigInt(a) > ipToBigInt(b)) - Number(ipToBigInt(a) < ipToBigInt(b));
        const expected = familyOf(a) === familyOf(b) ? byNumber : isIpv4(a) ? -1 : 1;
        expect(Math.sign(compareIps(a, b))).toBe(expected);
      }),
    );
  });

  test.each([
    ["ipv4", -1n],
    ["ipv4", 1n << 32n],
    ["ipv6", -1n],
    ["ipv6", 1n << 128n],
  ] as const)("of %s cannot be made from %d", (family, value) => {
    expect(() => ipFromBigInt(family, value)).toThrow(RangeError);
  });

  test("cannot be made from any other number of bytes", () => {
    expect(() => ipFromBytes(new Uint8Array(5))).toThrow(RangeError);
    expect(() => ipv4FromBytes(new Uint8Array(16))).toThrow(RangeError);
    expect(() => ipv6FromBytes(new Uint8Array(4))).toThrow(RangeError);
  });

  test("that is none but was cast to one is a bug, not a wrong answer", () => {
    expect(() => ipToBytes("1.2.3" as Ip)).toThrow(TypeError);
    expect(() => ipToBytes("1::2::3" as Ip)).toThrow(TypeError);
  });
});
