import { ETHER_TYPE } from "@heraldlb/ethernet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeProgram, ret } from "./bpf.ts";
import { PACKET_TYPE, runProgram } from "./bpf-machine.test.fixture.ts";
import { arpAndNdpFilter, arpFilter, type FrameFilter, ndpFilter, routerDiscoveryFilter, udpFilter } from "./filter.ts";

const { host, broadcast, multicast, otherHost, outgoing } = PACKET_TYPE;

/** A frame of that type, long enough for all fields, with some of them set. */
function frame(etherType: number, fields: Readonly<Record<number, number>> = {}): Uint8Array {
  const bytes = new Uint8Array(86);
  new DataView(bytes.buffer).setUint16(12, etherType);
  for (const [offset, value] of Object.entries(fields)) bytes[Number(offset)] = value;
  return bytes;
}

// Next header ICMPv6 at 20, hop limit at 21, ICMPv6 type at 54.
const icmpv6 = (type: number, hopLimit = 255, nextHeader = 58) =>
  frame(ETHER_TYPE.ipv6, { 20: nextHeader, 21: hopLimit, 54: type });

const arp = frame(ETHER_TYPE.arp);
const ipv4 = frame(ETHER_TYPE.ipv4);
const solicitation = icmpv6(135);
const advertisement = icmpv6(136);

/** As the kernel does: a frame reaches the program of its EtherType, if there is one. */
function keeps({ programs }: FrameFilter, bytes: Uint8Array, packetType: number = multicast): boolean {
  const etherType = new DataView(bytes.buffer, bytes.byteOffset).getUint16(12);
  const program = programs.find((program) => program.etherType === etherType);
  return program !== undefined && runProgram(program.instructions, bytes, packetType) > 0;
}

describe("the ARP filter", () => {
  test.each([host, broadcast, multicast])("keeps ARP of packet type %i", (type) => {
    expect(keeps(arpFilter(), arp, type)).toBe(true);
  });

  test.each([otherHost, outgoing, 5])("drops ARP of packet type %i, which is not for us", (type) => {
    expect(keeps(arpFilter(), arp, type)).toBe(false);
  });

  test("drops everything else", () => {
    for (const other of [ipv4, solicitation, advertisement]) expect(keeps(arpFilter(), other)).toBe(false);
  });
});

describe("the NDP filter", () => {
  test.each([
    ["a solicitation", solicitation],
    ["an advertisement", advertisement],
  ])("keeps %s to us or to a group, and drops it otherwise", (_name, bytes) => {
    for (const type of [host, broadcast, multicast]) expect(keeps(ndpFilter(), bytes, type)).toBe(true);
    for (const type of [otherHost, outgoing]) expect(keeps(ndpFilter(), bytes, type)).toBe(false);
  });

  test.each([
    ["ARP", arp],
    ["IPv4", ipv4],
    ["a router solicitation", icmpv6(133)],
    ["a router advertisement", icmpv6(134)],
    ["a redirect", icmpv6(137)],
    ["a solicitation that was forwarded (RFC 4861 section 7.1.1)", icmpv6(135, 254)],
    ["an advertisement that was forwarded (RFC 4861 section 7.1.2)", icmpv6(136, 254)],
    ["UDP", icmpv6(135, 255, 17)],
    ["a solicitation behind an extension header", icmpv6(135, 255, 0)],
  ])("drops %s", (_name, bytes) => {
    expect(keeps(ndpFilter(), bytes)).toBe(false);
  });

  test("drops a solicitation that was cut anywhere before its type", () => {
    for (let length = 14; length <= 54; length++) expect(keeps(ndpFilter(), solicitation.slice(0, length))).toBe(false);
    expect(keeps(ndpFilter(), solicitation.slice(0, 55))).toBe(true);
  });
});

describe("the filter for router discovery", () => {
  test.each([
    ["a router solicitation", icmpv6(133)],
    ["a router advertisement", icmpv6(134)],
  ])("keeps %s to us or to a group, and drops it otherwise", (_name, bytes) => {
    for (const type of [host, multicast]) expect(keeps(routerDiscoveryFilter(), bytes, type)).toBe(true);
    for (const type of [otherHost, outgoing]) expect(keeps(routerDiscoveryFilter(), bytes, type)).toBe(false);
  });

  test.each([
    ["a neighbor solicitation", solicitation],
    ["a neighbor advertisement", advertisement],
    ["a router solicitation that was forwarded (RFC 4861 section 6.1.1)", icmpv6(133, 254)],
    ["a router advertisement that was forwarded (RFC 4861 section 6.1.2)", icmpv6(134, 254)],
    ["UDP", icmpv6(134, 255, 17)],
  ])("drops %s", (_name, bytes) => {
    expect(keeps(routerDiscoveryFilter(), bytes)).toBe(false);
  });
});

describe("the UDP filter", () => {
  const filter = udpFilter([3784, 3785]);
  const ipv4Udp = (port: number, fields: Readonly<Record<number, number>> = {}) =>
    frame(ETHER_TYPE.ipv4, { 14: 0x45, 23: 17, 36: port >> 8, 37: port & 255, ...fields });
  const ipv6Udp = (port: number, fields: Readonly<Record<number, number>> = {}) =>
    frame(ETHER_TYPE.ipv6, { 20: 17, 56: port >> 8, 57: port & 255, ...fields });

  test.each([
    ["IPv4", ipv4Udp(3784)],
    ["IPv4, the last port", ipv4Udp(3785)],
    ["IPv6", ipv6Udp(3784)],
    ["IPv6, the last port", ipv6Udp(3785)],
  ])("keeps its ports over %s, for us only", (_name, bytes) => {
    expect(keeps(filter, bytes, host)).toBe(true);
    for (const type of [otherHost, outgoing]) expect(keeps(filter, bytes, type)).toBe(false);
  });

  test.each([
    ["another port over IPv4", ipv4Udp(3786)],
    ["another port over IPv6", ipv6Udp(4784)],
    ["IPv4 with options", ipv4Udp(3784, { 14: 0x46 })],
    ["TCP over IPv4", ipv4Udp(3784, { 23: 6 })],
    ["TCP over IPv6", ipv6Udp(3784, { 20: 6 })],
    ["ARP", arp],
    ["a cut frame", ipv4Udp(3784).subarray(0, 37)],
  ])("drops %s", (_name, bytes) => {
    expect(keeps(filter, bytes, host)).toBe(false);
  });
});

test("the filter for both keeps what either keeps", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(ETHER_TYPE.arp, ETHER_TYPE.ipv4, ETHER_TYPE.ipv6, ETHER_TYPE.vlan),
      fc.constantFrom(0, 17, 58),
      fc.constantFrom(64, 255),
      fc.integer({ min: 130, max: 140 }),
      fc.integer({ min: 0, max: 5 }),
      (etherType, nextHeader, hopLimit, icmpType, packetType) => {
        const bytes = frame(etherType, { 20: nextHeader, 21: hopLimit, 54: icmpType });
        const either = keeps(arpFilter(), bytes, packetType) || keeps(ndpFilter(), bytes, packetType);
        expect(keeps(arpAndNdpFilter(), bytes, packetType)).toBe(either);
      },
    ),
  );
});

test("no frame makes a program read beyond it or run off its end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), fc.integer({ min: 0, max: 7 }), (bytes, packetType) => {
      for (const { instructions } of arpAndNdpFilter().programs) {
        expect([0, 0xffff]).toContain(runProgram(instructions, bytes, packetType));
      }
    }),
  );
});

test("a program is encoded as the kernel's structures, and must not be empty or too long", () => {
  const [program] = arpFilter().programs;
  const bytes = encodeProgram(program?.instructions ?? []);
  expect(bytes).toHaveLength(6 * 8);
  // ld [-4092]; the kernel's own assembler writes it so on a little-endian machine.
  expect(Array.from(bytes.subarray(0, 8))).toEqual([0x20, 0, 0, 0, 0x04, 0xf0, 0xff, 0xff]);
  expect(() => encodeProgram([])).toThrow(RangeError);
  expect(() => encodeProgram(new Array(4097).fill(ret(0)))).toThrow(RangeError);
});
