import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { type Ip, type Ipv6, ipFromBytes } from "./ip.ts";
import {
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  multicastMac,
  solicitedNodeMulticast,
} from "./ip-kind.ts";

const first = fc.constantFrom(0, 0x0f, 10, 127, 169, 224, 239, 240, 0xfe, 0xff);
const second = fc.constantFrom(0, 0x7f, 0x80, 0xbf, 0xc0, 254);
const anyIp: fc.Arbitrary<Ip> = fc
  .tuple(fc.constantFrom(4, 16), first, second, fc.uint8Array({ minLength: 14, maxLength: 14 }))
  .map(([length, a, b, rest]) => ipFromBytes(Uint8Array.from([a, b, ...rest]).subarray(0, length)));

test("kinds agree with ipaddr.js", () => {
  fc.assert(
    fc.property(anyIp, (ip) => {
      const kind = ipaddr.parse(ip).range();
      expect(isMulticast(ip)).toBe(kind === "multicast");
      expect(isLinkLocal(ip)).toBe(kind === "linkLocal");
      expect(isLoopback(ip)).toBe(kind === "loopback");
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["0.0.0.0", true],
  ["::", true],
  ["0.0.0.1", false],
  ["::1", false],
  ["::ffff:0.0.0.0", false],
])("%s: unspecified is %s", (ip, expected) => {
  expect(isUnspecified(ip as Ip)).toBe(expected);
});

test.each(["ff:0:1::1", "ff::1", "ff1::", "ff1::2", "fe80::1", "::ff02"])("%s is not taken for multicast", (ip) => {
  expect(isMulticast(ip as Ip)).toBe(false);
});

test.each([
  ["4037::1:800:200e:8c6c", "ff02::1:ff0e:8c6c"], // RFC 4291 section 2.7.1
  ["2001:db8::", "ff02::1:ff00:0"],
  ["fe80::ff:ffff", "ff02::1:ffff:ffff"],
])("%s is solicited at %s", (ip, group) => {
  expect(solicitedNodeMulticast(ip as Ipv6)).toBe(group);
});

test.each([
  ["224.0.0.1", "01:00:5e:00:00:01"],
  ["239.255.255.250", "01:00:5e:7f:ff:fa"],
  ["ff02::1", "33:33:00:00:00:01"],
  ["ff02::1:ff0e:8c6c", "33:33:ff:0e:8c:6c"],
])("%s travels to %s", (ip, mac) => {
  expect(multicastMac(ip as Ip)).toBe(mac);
});

test.each(["192.0.2.1", "2001:db8::1"])("%s has no multicast MAC", (ip) => {
  expect(() => multicastMac(ip as Ip)).toThrow(RangeError);
});
