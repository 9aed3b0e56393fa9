import { DecodeError, type Ip, internetChecksum, onesComplementSum, parseIp } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { decodeUdpPacket, encodeUdpPacket, type UdpPacket } from "./udp-packet.ts";

const packet = (source: string, payload: Uint8Array): UdpPacket => ({
  source: parseIp(source) as Ip,
  destination: parseIp(source) as Ip,
  hops: 255,
  sourcePort: 3785,
  destinationPort: 3785,
  payload,
});

const payload = Uint8Array.of(1, 2, 3, 4, 5);

describe.each([
  ["IPv4", packet("192.0.2.1", payload), 20],
  ["IPv6", packet("2001:db8::1", payload), 40],
])("a datagram over %s", (_name, value, header) => {
  const wire = encodeUdpPacket(value);

  test("decodes to itself, padding or not", () => {
    expect(decodeUdpPacket(wire)).toEqual(value);
    expect(decodeUdpPacket(Uint8Array.of(...wire, ...new Uint8Array(18)))).toEqual(value);
  });

  test("has right checksums", () => {
    const addresses = wire.subarray(header === 20 ? 12 : 8, header);
    const udp = wire.subarray(header);
    expect(internetChecksum(udp, onesComplementSum(addresses, 17 + udp.length))).toBe(0);
    if (header === 20) expect(internetChecksum(wire.subarray(0, 20))).toBe(0);
  });

  test.each(Array.from(wire.keys()))("is rejected when cut to %i bytes", (length) => {
    expect(() => decodeUdpPacket(wire.subarray(0, length))).toThrow(DecodeError);
  });

  test("is rejected with another protocol, version or UDP length", () => {
    const changes = [wire.with(header === 20 ? 9 : 6, 6), wire.with(0, 0x50), wire.with(header + 5, 7)];
    for (const changed of [...changes, wire.with(header + 5, 200)]) {
      expect(() => decodeUdpPacket(changed)).toThrow(DecodeError);
    }
  });
});

test("fragments and IPv4 options are rejected", () => {
  const wire = encodeUdpPacket(packet("192.0.2.1", payload));
  for (const changed of [wire.with(6, 0x20), wire.with(7, 1), wire.with(0, 0x46)]) {
    expect(() => decodeUdpPacket(changed)).toThrow(expect.objectContaining({ code: "unsupported" }));
  }
  expect(decodeUdpPacket(wire.with(6, 0x40))).toBeDefined();
});
