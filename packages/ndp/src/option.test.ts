import { type Mac, type Prefix, Reader, Writer } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { decodeOptions, encodeOptions, type NdpOption } from "./option.ts";

const mac = "02:00:00:00:00:0a" as Mac;

const decode = (...bytes: number[]) => decodeOptions(new Reader(Uint8Array.from(bytes)));
const encode = (...options: NdpOption[]) => {
  const w = new Writer(1);
  encodeOptions(options, w);
  return w.toBytes();
};

/** An option of that many units whose value is zeros. */
const blank = (code: number, units: number) => [code, units, ...new Array<number>(8 * units - 2).fill(0)];

describe("reading", () => {
  test("no bytes are no options", () => {
    expect(decode()).toEqual([]);
  });

  test("keeps order and repetitions", () => {
    expect(decode(...blank(2, 1), ...blank(200, 2), ...blank(1, 1), ...blank(2, 1)).map(({ type }) => type)).toEqual([
      "targetLinkLayer",
      "unknown",
      "sourceLinkLayer",
      "targetLinkLayer",
    ]);
  });

  // RFC 4861 section 4.6: nodes must silently discard a packet with such an option.
  test.each([1, 5, 14, 200])("option %i of length 0 is malformed", (code) => {
    expect(() => decode(code, 0, 0, 0, 0, 0, 0, 0)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("option of length 0 behind a good one is malformed", () => {
    expect(() => decode(...blank(1, 1), 1, 0)).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test.each([1, 2, 3, 5])("option %i that is longer than its kind is malformed", (code) => {
    const units = code === 3 ? 5 : 2;
    expect(() => decode(...blank(code, units))).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("prefix information that is shorter than its kind is truncated", () => {
    expect(() => decode(...blank(3, 3))).toThrow(expect.objectContaining({ code: "truncated" }));
  });

  test("an option that is longer than the message is truncated", () => {
    expect(() => decode(200, 2, 0, 0, 0, 0, 0, 0)).toThrow(expect.objectContaining({ code: "truncated" }));
    expect(() => decode(200)).toThrow(expect.objectContaining({ code: "truncated" }));
  });

  test("a prefix of more than 128 bits is malformed", () => {
    expect(() => decode(3, 4, 129, ...new Array(29).fill(0))).toThrow(expect.objectContaining({ code: "malformed" }));
  });

  test("bits behind a prefix's length, reserved fields and unknown flags are ignored", () => {
    const value = [8, 0x3f, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, ...new Array(16).fill(0xff)];
    expect(decode(3, 4, ...value)).toEqual([
      {
        type: "prefixInformation",
        prefix: "ff00::/8",
        onLink: false,
        autonomous: false,
        validSeconds: 1,
        preferredSeconds: 2,
      },
    ]);
    expect(decode(5, 1, 0xff, 0xff, 0, 0, 0x05, 0xdc)).toEqual([{ type: "mtu", mtu: 1_500 }]);
  });
});

describe("writing", () => {
  test("puts options one after the other", () => {
    const wire = encode({ type: "targetLinkLayer", mac }, { type: "mtu", mtu: 9_000 });
    expect(wire).toEqual(Uint8Array.of(2, 1, 2, 0, 0, 0, 0, 0x0a, 5, 1, 0, 0, 0, 0, 0x23, 0x28));
  });

  test("writes a zero prefix and infinite lifetimes", () => {
    const infinite = { validSeconds: 0xffff_ffff, preferredSeconds: 0xffff_ffff };
    const wire = encode({
      type: "prefixInformation",
      prefix: "::/0" as Prefix,
      onLink: false,
      autonomous: true,
      ...infinite,
    });
    expect(Array.from(wire)).toEqual([3, 4, 0, 0x40, ...new Array(8).fill(0xff), ...new Array(20).fill(0)]);
  });

  test.each<[string, NdpOption]>([
    ["does not fill units of 8", { type: "unknown", code: 200, value: new Uint8Array(5) }],
    ["does not fill units of 8", { type: "redirectedHeader", packet: new Uint8Array(7) }],
    ["needs more than 255 units", { type: "unknown", code: 200, value: new Uint8Array(256 * 8 - 2) }],
    ["is known but called unknown", { type: "unknown", code: 1, value: new Uint8Array(6) }],
    ["has a code of more than 8 bits", { type: "unknown", code: 256, value: new Uint8Array(6) }],
    ["has an MTU of more than 32 bits", { type: "mtu", mtu: 2 ** 32 }],
    [
      "has an IPv4 prefix",
      {
        type: "prefixInformation",
        prefix: "10.0.0.0/8" as Prefix,
        onLink: true,
        autonomous: true,
        validSeconds: 0,
        preferredSeconds: 0,
      },
    ],
  ])("an option that %s is a bug", (_name, option) => {
    expect(() => encode(option)).toThrow(RangeError);
  });
});
