import { DecodeError } from "@heraldlb/net";
import { expect, test } from "vitest";
import { decodeEcho, encodeEcho } from "./echo.ts";
import { hex } from "./packet.test.fixture.ts";

const echo = { discriminator: 0x01020304, sequence: 0xffff_ffff, key: hex("a0a1a2a3a4a5a6a7") };
const wire = hex("48454245 01020304 ffffffff a0a1a2a3a4a5a6a7");

test("an echo packet is encoded to its bytes and decoded from them", () => {
  expect(encodeEcho(echo)).toEqual(wire);
  expect(decodeEcho(wire)).toEqual(echo);
});

test.each(Array.from(wire.keys()))("an echo packet cut to %i bytes is rejected", (length) => {
  expect(() => decodeEcho(wire.subarray(0, length))).toThrow(DecodeError);
});

test("echo packets of others, and longer ones, are rejected", () => {
  expect(() => decodeEcho(wire.with(0, 0x49))).toThrow(expect.objectContaining({ code: "unsupported" }));
  expect(() => decodeEcho(Uint8Array.of(...wire, 0))).toThrow(expect.objectContaining({ code: "malformed" }));
});

test("a key of another length is the sender's bug", () => {
  expect(() => encodeEcho({ ...echo, key: new Uint8Array(7) })).toThrow(RangeError);
});
