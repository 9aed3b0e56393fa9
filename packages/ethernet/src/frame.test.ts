import { DecodeError, type Mac, macFromBytes } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ETHER_TYPE } from "./ether-type.ts";
import { decodeEthernet, type EthernetFrame, encodeEthernet } from "./frame.ts";

const destination = "ff:ff:ff:ff:ff:ff" as Mac;
const source = "02:00:00:00:00:01" as Mac;
const payload = Uint8Array.from({ length: 46 }, (_, i) => i);

const HEADER = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0, 0, 0, 0, 0x01];

const cases: readonly (readonly [string, EthernetFrame, Uint8Array])[] = [
  [
    "an untagged frame",
    { destination, source, etherType: ETHER_TYPE.arp, payload },
    Uint8Array.from([...HEADER, 0x08, 0x06, ...payload]),
  ],
  [
    "a tagged frame",
    { destination, source, vlan: { id: 0x123, priority: 5, dropEligible: true }, etherType: ETHER_TYPE.ipv6, payload },
    // TPID, then priority 101, drop eligible 1, VLAN 0x123.
    Uint8Array.from([...HEADER, 0x81, 0x00, 0xb1, 0x23, 0x86, 0xdd, ...payload]),
  ],
  [
    "a priority-tagged frame",
    { destination, source, vlan: { id: 0, priority: 7, dropEligible: false }, etherType: ETHER_TYPE.ipv4, payload },
    Uint8Array.from([...HEADER, 0x81, 0x00, 0xe0, 0x00, 0x08, 0x00, ...payload]),
  ],
];

describe.each(cases)("%s", (_name, frame, wire) => {
  test("encodes to its bytes", () => {
    expect(encodeEthernet(frame)).toEqual(wire);
  });

  test("decodes from its bytes", () => {
    expect(decodeEthernet(wire)).toEqual(frame);
  });

  const headerLength = wire.length - payload.length;
  test.each(Array.from({ length: headerLength }, (_, i) => i))("is rejected when cut to %i bytes", (length) => {
    expect(() => decodeEthernet(wire.subarray(0, length))).toThrow(expect.objectContaining({ code: "truncated" }));
  });
});

test("a short payload is padded with zeros to 60 bytes, with and without a tag", () => {
  const short = { destination, source, etherType: ETHER_TYPE.arp, payload: Uint8Array.of(1, 2, 3) };
  for (const frame of [short, { ...short, vlan: { id: 1, priority: 0, dropEligible: false } }]) {
    const wire = encodeEthernet(frame);
    expect(wire).toHaveLength(60);
    const { payload: padded } = decodeEthernet(wire);
    expect(padded.subarray(0, 3)).toEqual(short.payload);
    expect(padded.subarray(3).every((byte) => byte === 0)).toBe(true);
  }
});

test("the payload is a view into the frame", () => {
  const wire = encodeEthernet({ destination, source, etherType: ETHER_TYPE.arp, payload });
  expect(decodeEthernet(wire).payload.buffer).toBe(wire.buffer);
});

test("a second tag stays in the payload", () => {
  const inner = Uint8Array.from([0x00, 0x02, 0x08, 0x00, ...payload]);
  const wire = Uint8Array.from([...HEADER, 0x81, 0x00, 0x00, 0x01, 0x81, 0x00, ...inner]);
  expect(decodeEthernet(wire)).toMatchObject({ vlan: { id: 1 }, etherType: ETHER_TYPE.vlan, payload: inner });
});

test.each([0, 46, 1500, 0x05ff])("a length (IEEE 802.3) of %i instead of an EtherType is unsupported", (length) => {
  const wire = Uint8Array.from([...HEADER, length >>> 8, length & 0xff, ...payload]);
  expect(() => decodeEthernet(wire)).toThrow(expect.objectContaining({ code: "unsupported" }));
  const tagged = Uint8Array.from([...HEADER, 0x81, 0, 0, 1, length >>> 8, length & 0xff, ...payload]);
  expect(() => decodeEthernet(tagged)).toThrow(expect.objectContaining({ code: "unsupported" }));
});

test.each([
  ["EtherType", { etherType: 0x05ff }],
  ["EtherType", { etherType: 0x10000 }],
  ["untagged frame", { etherType: ETHER_TYPE.vlan }],
  ["VLAN", { vlan: { id: 4096, priority: 0, dropEligible: false } }],
  ["VLAN", { vlan: { id: -1, priority: 0, dropEligible: false } }],
  ["VLAN", { vlan: { id: 1.5, priority: 0, dropEligible: false } }],
  ["priority", { vlan: { id: 1, priority: 8, dropEligible: false } }],
  ["priority", { vlan: { id: 1, priority: -1, dropEligible: false } }],
])("encoding an impossible %s is a bug: %j", (_name, wrong) => {
  const frame = { destination, source, etherType: ETHER_TYPE.arp, payload, ...wrong };
  expect(() => encodeEthernet(frame)).toThrow(RangeError);
});

const anyMac = fc.uint8Array({ minLength: 6, maxLength: 6 }).map(macFromBytes);
const anyFrame: fc.Arbitrary<EthernetFrame> = fc.record(
  {
    destination: anyMac,
    source: anyMac,
    vlan: fc.record({ id: fc.nat(4095), priority: fc.nat(7), dropEligible: fc.boolean() }),
    etherType: fc.integer({ min: 0x0600, max: 0xffff }),
    payload: fc.uint8Array({ minLength: 46, maxLength: 100 }).map((bytes) => Uint8Array.from(bytes)),
  },
  { requiredKeys: ["destination", "source", "etherType", "payload"] },
);

test("every frame decodes to itself", () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      fc.pre(frame.vlan !== undefined || frame.etherType !== ETHER_TYPE.vlan);
      expect(decodeEthernet(encodeEthernet(frame))).toEqual(frame);
    }),
  );
});

test("no bytes make it throw anything but DecodeError, and what decodes encodes to the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 100 }), (bytes) => {
      try {
        const frame = decodeEthernet(bytes);
        expect(encodeEthernet(frame).subarray(0, bytes.length)).toEqual(Uint8Array.from(bytes));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    }),
    { numRuns: 1_000 },
  );
});
