import { type Family, type Ip, ipToBytes, parseIp } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { PACKET_TYPE, runProgram } from "./bpf-machine.test.fixture.ts";
import { senderFilter, type UdpSender } from "./udp-socket.ts";

const ip = (text: string) => parseIp(text) as Ip;

/** An IP header from that source with that many hops left. */
function header(family: Family, source: Ip, hops: number): Uint8Array {
  const bytes = new Uint8Array(family === "ipv4" ? 20 : 40);
  bytes[family === "ipv4" ? 8 : 7] = hops;
  bytes.set(ipToBytes(source), family === "ipv4" ? 12 : 8);
  return bytes;
}

const accepts = (family: Family, senders: readonly UdpSender[], bytes: Uint8Array) =>
  runProgram(senderFilter(family, senders), bytes, PACKET_TYPE.host) > 0;

test.each([
  ["ipv4", "192.0.2.1", "192.0.2.2", "192.0.2.3"],
  ["ipv6", "fe80::1", "2001:db8::2", "2001:db8:0:1::2"],
] as const)("a filter of %s keeps each sender's datagrams with enough hops left", (family, near, far, stranger) => {
  const senders = [
    { source: ip(near), minimumHops: 255 },
    { source: ip(far), minimumHops: 250 },
  ];
  const verdicts = [near, far, stranger].map((source) =>
    [249, 250, 254, 255].map((hops) => accepts(family, senders, header(family, ip(source), hops))),
  );
  expect(verdicts).toEqual([
    [false, false, false, true],
    [false, true, true, true],
    [false, false, false, false],
  ]);
});

test("an IPv6 sender must match in every word", () => {
  fc.assert(
    fc.property(fc.nat(15), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = header("ipv6", ip("2001:db8:1:2:3:4:5:6"), 255);
      const senders = [{ source: ip("2001:db8:1:2:3:4:5:6"), minimumHops: 255 }];
      expect(accepts("ipv6", senders, bytes)).toBe(true);
      expect(accepts("ipv6", senders, bytes.with(8 + at, (bytes[8 + at] ?? 0) ^ flip))).toBe(false);
    }),
  );
});

test("without senders nothing is kept", () => {
  expect(accepts("ipv4", [], header("ipv4", ip("192.0.2.1"), 255))).toBe(false);
});
