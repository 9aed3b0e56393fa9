import { DecodeError, type Ipv4, ipv4FromBytes, type Mac, macFromBytes } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArpPacket, decodeArp, encodeArp } from "./packet.ts";

const macA = "02:00:00:00:00:0a" as Mac;
const macB = "02:00:00:00:00:0b" as Mac;
const zero = "00:00:00:00:00:00" as Mac;
const ipA = "192.0.2.1" as Ipv4;
const ipB = "192.0.2.2" as Ipv4;

// Captured from two Linux 6.x namespaces joined by a veth pair: `ping -c1 192.0.2.2`.
const cases: readonly (readonly [string, ArpPacket, Uint8Array])[] = [
  [
    "a request",
    { operation: "request", senderMac: macA, senderIp: ipA, targetMac: zero, targetIp: ipB },
    hex("0001 0800 06 04 0001 02000000000a c0000201 000000000000 c0000202"),
  ],
  [
    "a reply",
    { operation: "reply", senderMac: macB, senderIp: ipB, targetMac: macA, targetIp: ipA },
    hex("0001 0800 06 04 0002 02000000000b c0000202 02000000000a c0000201"),
  ],
];

describe.each(cases)("%s", (_name, packet, wire) => {
  test("encodes to its bytes", () => {
    expect(encodeArp(packet)).toEqual(wire);
  });

  test("decodes from its bytes", () => {
    expect(decodeArp(wire)).toEqual(packet);
  });

  test("decodes with Ethernet padding behind it, whatever is in there", () => {
    expect(decodeArp(Uint8Array.from([...wire, ...new Uint8Array(18).fill(0xee)]))).toEqual(packet);
  });

  test.each(Array.from(wire.keys()))("is rejected when cut to %i bytes", (length) => {
    expect(() => decodeArp(wire.subarray(0, length))).toThrow(DecodeError);
  });

  test.each([
    ["hardware type", 1, 6],
    ["hardware type", 0, 1],
    ["protocol type", 2, 0x86],
    ["protocol type", 3, 0x06],
    ["hardware length", 4, 8],
    ["protocol length", 5, 16],
    ["operation", 7, 0],
    ["operation", 7, 3],
    ["operation", 6, 1],
  ])("is unsupported with another %s (byte %i = %i)", (_field, offset, value) => {
    expect(() => decodeArp(wire.with(offset, value))).toThrow(expect.objectContaining({ code: "unsupported" }));
  });
});

const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
const anyIpv4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(ipv4FromBytes);
const anyPacket: fc.Arbitrary<ArpPacket> = fc.record({
  operation: fc.constantFrom("request", "reply"),
  senderMac: anyMac,
  senderIp: anyIpv4,
  targetMac: anyMac,
  targetIp: anyIpv4,
});

test("every packet decodes to itself", () => {
  fc.assert(
    fc.property(anyPacket, (packet) => {
      expect(decodeArp(encodeArp(packet))).toEqual(packet);
    }),
  );
});

test("bytes that decode encode to themselves; all others throw DecodeError", () => {
  const header = fc.constantFrom([0, 1, 8, 0, 6, 4, 0, 1], [0, 1, 8, 0, 6, 4, 0, 2], [0, 1, 8, 0, 6, 4, 0, 3], []);
  const bytes = fc.tuple(header, fc.uint8Array({ maxLength: 40 })).map(([a, b]) => Uint8Array.from([...a, ...b]));
  fc.assert(
    fc.property(bytes, (wire) => {
      try {
        expect(encodeArp(decodeArp(wire))).toEqual(wire.slice(0, 28));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
    { numRuns: 1_000 },
  );
});

function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(" ", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
