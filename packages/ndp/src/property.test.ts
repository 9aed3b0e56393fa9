import { DecodeError, type Ipv6, ipv6FromBytes, isMulticast, macFromBytes, prefixOf } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { NdpMessage } from "./message.ts";
import type { NdpOption } from "./option.ts";
import { decodeNdpPacket, encodeNdpPacket, type NdpPacket } from "./packet.ts";

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const mac = exactly(6).map(macFromBytes);
const ipv6 = exactly(16).map(ipv6FromBytes);
const unicast = ipv6.filter((ip) => !isMulticast(ip));
const linkLocal = exactly(16).map((bytes) => ipv6FromBytes(Uint8Array.from([0xfe, 0x80, ...bytes.subarray(2)])));

const option: fc.Arbitrary<NdpOption> = fc.oneof(
  fc.record({ type: fc.constant("sourceLinkLayer"), mac }),
  fc.record({ type: fc.constant("targetLinkLayer"), mac }),
  fc.record({
    type: fc.constant("prefixInformation"),
    prefix: fc.tuple(ipv6, fc.nat(128)).map(([ip, length]) => prefixOf(ip, length)),
    onLink: fc.boolean(),
    autonomous: fc.boolean(),
    validSeconds: u32,
    preferredSeconds: u32,
  }),
  fc.record({ type: fc.constant("redirectedHeader"), packet: fc.nat(4).chain((n) => exactly(8 * n)) }),
  fc.record({ type: fc.constant("mtu"), mtu: u32 }),
  fc.record({
    type: fc.constant("unknown"),
    code: fc.oneof(fc.constant(0), fc.integer({ min: 6, max: 255 })),
    value: fc.integer({ min: 1, max: 4 }).chain((n) => exactly(8 * n - 2)),
  }),
);
const options = fc.array(option, { maxLength: 5 });

const neighbor = fc.oneof(
  fc.record({ type: fc.constant("neighborSolicitation"), target: unicast, options }),
  fc.record({
    type: fc.constant("neighborAdvertisement"),
    target: unicast,
    router: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
    options,
  }),
  fc.record({ type: fc.constant("routerSolicitation"), options }),
);
const routerAdvertisement = fc.record({
  type: fc.constant("routerAdvertisement"),
  hopLimit: fc.nat(255),
  managed: fc.boolean(),
  otherConfig: fc.boolean(),
  lifetimeSeconds: u16,
  reachableMs: u32,
  retransmitMs: u32,
  options,
});

const packet: fc.Arbitrary<NdpPacket> = fc.oneof(
  fc.tuple(unicast, unicast, neighbor).map(assemble),
  fc.tuple(linkLocal, ipv6, routerAdvertisement).map(assemble),
);

test("every packet decodes to itself", () => {
  fc.assert(
    fc.property(packet, (value) => {
      expect(decodeNdpPacket(encodeNdpPacket(value))).toEqual(value);
    }),
  );
});

test("no bytes make it throw anything but DecodeError", () => {
  const mutated = fc
    .tuple(packet, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }), fc.nat())
    .map(([value, edits, end]) => {
      const bytes = encodeNdpPacket(value);
      for (const [at, byte] of edits) bytes[at % bytes.length] = byte;
      return bytes.subarray(0, end % 4 === 0 ? end % bytes.length : bytes.length);
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (bytes) => {
      try {
        const value = decodeNdpPacket(bytes);
        expect(decodeNdpPacket(encodeNdpPacket(value))).toEqual(value);
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
    { numRuns: 1_000 },
  );
});

function assemble([source, destination, message]: [Ipv6, Ipv6, NdpMessage]): NdpPacket {
  return { source, destination, message };
}

function exactly(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Uint8Array.from(bytes));
}
