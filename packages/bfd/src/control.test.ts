import { DecodeError } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { BfdAuthentication } from "./authentication.ts";
import { type BfdControl, decodeControl, encodeControl } from "./control.ts";
import { hex, PACKET } from "./packet.test.fixture.ts";

const password: BfdAuthentication = { type: "simplePassword", keyId: 1, password: hex("70617373") };
const sha1: BfdAuthentication = {
  type: "meticulousKeyedSha1",
  keyId: 2,
  sequence: 0x01020304,
  digest: Uint8Array.from({ length: 20 }, (_, i) => i),
};

const [one, other] = [0x00b8_7be3, 0x1f79_0267];
const frr = { multiplier: 3, requiredMinEchoRxUs: 50_000 };
const slow = { ...frr, desiredMinTxUs: 1_000_000, requiredMinRxUs: 1_000_000 };
const fast = { ...frr, desiredMinTxUs: 300_000, requiredMinRxUs: 300_000 };

// Those of FRR were captured between two bfdd 8.4.4; the others are laid out by hand after RFC 5880 section 4.
const cases: readonly (readonly [string, BfdControl, Uint8Array])[] = [
  [
    "the first packet of a session of FRR's",
    { ...PACKET, ...slow, myDiscriminator: one },
    hex("20 40 03 18 00b87be3 00000000 000f4240 000f4240 0000c350"),
  ],
  [
    "FRR's answer to that",
    { ...PACKET, ...slow, state: "init", myDiscriminator: other, yourDiscriminator: one },
    hex("20 80 03 18 1f790267 00b87be3 000f4240 000f4240 0000c350"),
  ],
  [
    "FRR's poll once it is up",
    { ...PACKET, ...fast, state: "up", isPoll: true, myDiscriminator: one, yourDiscriminator: other },
    hex("20 e0 03 18 00b87be3 1f790267 000493e0 000493e0 0000c350"),
  ],
  [
    "FRR's answer to that poll",
    { ...PACKET, ...fast, state: "up", isFinal: true, myDiscriminator: other, yourDiscriminator: one },
    hex("20 d0 03 18 1f790267 00b87be3 000493e0 000493e0 0000c350"),
  ],
  [
    "FRR's end of a session whose echo packets did not return",
    { ...PACKET, ...fast, diagnostic: 2, myDiscriminator: other },
    hex("22 40 03 18 1f790267 00000000 000493e0 000493e0 0000c350"),
  ],
  [
    "every flag but that of authentication, and a diagnostic",
    {
      ...PACKET,
      diagnostic: 7,
      state: "adminDown",
      isPoll: true,
      isFinal: true,
      isControlPlaneIndependent: true,
      isDemand: true,
      isMultipoint: true,
      multiplier: 255,
      myDiscriminator: 0xffff_ffff,
      yourDiscriminator: 0xffff_fffe,
      desiredMinTxUs: 0xffff_fffd,
    },
    hex("27 3b ff 18 ffffffff fffffffe fffffffd 00000001 00000000"),
  ],
  [
    "one with a simple password",
    { ...PACKET, state: "init", authentication: password },
    hex("20 84 03 1f 00000001 00000000 00000001 00000001 00000000  01 07 01 70617373"),
  ],
  [
    "one with a keyed SHA1",
    { ...PACKET, authentication: sha1 },
    hex(
      "20 44 03 34 00000001 00000000 00000001 00000001 00000000",
      "05 1c 02 00 01020304 000102030405060708090a0b0c0d0e0f10111213",
    ),
  ],
  [
    "one with an authentication of the future",
    { ...PACKET, authentication: { type: "unknown", code: 9, value: hex("aabb") } },
    hex("20 44 03 1c 00000001 00000000 00000001 00000001 00000000  09 04 aabb"),
  ],
];

describe.each(cases)("%s", (_name, packet, wire) => {
  test("encodes to its bytes", () => {
    expect(encodeControl(packet)).toEqual(wire);
  });

  test("decodes from its bytes, whatever follows them", () => {
    expect(decodeControl(wire)).toEqual(packet);
    expect(decodeControl(Uint8Array.of(...wire, 1, 2, 3))).toEqual(packet);
  });

  test.each(Array.from(wire.keys()))("is rejected when cut to %i bytes", (length) => {
    expect(() => decodeControl(wire.subarray(0, length))).toThrow(DecodeError);
  });
});

const plain = encodeControl(PACKET);
const withPassword = encodeControl({ ...PACKET, authentication: password });
const withSha1 = encodeControl({ ...PACKET, authentication: sha1 });

test.each([
  ["version 0", plain.with(0, 0x00), "unsupported"],
  ["version 2", plain.with(0, 0x40), "unsupported"],
  ["a length below that of the mandatory section", plain.with(3, 23), "malformed"],
  ["a length beyond the datagram", plain.with(3, 25), "truncated"],
  ["authentication announced and absent (RFC 5880 section 6.8.6)", plain.with(1, 0x44), "truncated"],
  ["an authentication length of 1", withPassword.with(25, 1), "malformed"],
  ["an authentication length beyond the packet's", withPassword.with(25, 8), "truncated"],
  ["a packet length that cuts the authentication", withSha1.with(3, 51), "truncated"],
  ["a simple password of no bytes", withPassword.with(25, 3), "malformed"],
  [
    "a simple password of 17 bytes",
    Uint8Array.of(...plain.with(1, 0x44).with(3, 44), 1, 20, 1, ...new Uint8Array(17)),
    "malformed",
  ],
  ["a digest that is too long", Uint8Array.of(...withSha1.with(3, 53).with(25, 29), 0), "malformed"],
  ["a digest that is too short", withSha1.with(25, 27), "truncated"],
])("%s is rejected", (_name, bytes, code) => {
  expect(() => decodeControl(bytes)).toThrow(expect.objectContaining({ name: "DecodeError", code }));
});

test.each([
  ["a diagnostic of six bits", { diagnostic: 32 }],
  ["a negative interval", { desiredMinTxUs: -1 }],
  ["a fraction of a microsecond", { requiredMinRxUs: 0.5 }],
  ["a multiplier of nine bits", { multiplier: 256 }],
  ["a short digest", { authentication: { ...sha1, digest: new Uint8Array(16) } }],
  ["a long password", { authentication: { ...password, password: new Uint8Array(17) } }],
  ["an unknown authentication with a known number", { authentication: { type: "unknown", code: 3, value: plain } }],
] as const)("%s is the sender's bug", (_name, fields) => {
  expect(() => encodeControl({ ...PACKET, ...fields } as BfdControl)).toThrow(RangeError);
});
