import { describe, expect, test } from "vitest";
import type { PathAttribute } from "./attribute.ts";
import { encodeMessage } from "./message.ts";
import type { CodecOptions } from "./negotiation.ts";
import type { Update } from "./update.ts";
import { decoded, hex, ip, ipv4, ipv6, MODERN, route, update } from "./wire.test.fixture.ts";

const TWO_BYTE: CodecOptions = { ...MODERN, fourByteAs: false };
const EXTENDED_NEXT_HOP: CodecOptions = { ...MODERN, extendedNextHop: true };
const ADD_PATH: CodecOptions = { ...MODERN, addPath: { send: ["ipv6"], receive: ["ipv6"] } };

type Form = readonly [name: string, attribute: PathAttribute, digits: string, options?: CodecOptions];

const forms: readonly Form[] = [
  ["ORIGIN IGP", { type: "origin", origin: "igp" }, "40 01 01 00"],
  ["ORIGIN EGP", { type: "origin", origin: "egp" }, "40 01 01 01"],
  ["ORIGIN incomplete", { type: "origin", origin: "incomplete" }, "40 01 01 02"],
  ["an empty AS_PATH", { type: "asPath", segments: [] }, "40 02 00"],
  [
    "an AS_PATH of all kinds of segments (RFC 5065)",
    {
      type: "asPath",
      segments: [
        { type: "confedSequence", asns: [64_512] },
        { type: "confedSet", asns: [64_513] },
        { type: "sequence", asns: [65_001, 4_200_000_001] },
        { type: "set", asns: [1, 2] },
      ],
    },
    "40 02 20 03 01 0000fc00 04 01 0000fc01 02 02 0000fde9 fa56ea01 01 02 00000001 00000002",
  ],
  [
    "an AS_PATH of two-byte numbers",
    { type: "asPath", segments: [{ type: "sequence", asns: [65_001, 1] }] },
    "40 02 06 02 02 fde9 0001",
    TWO_BYTE,
  ],
  ["NEXT_HOP", { type: "nextHop", address: ipv4("192.0.2.1") }, "40 03 04 c0000201"],
  ["MULTI_EXIT_DISC", { type: "med", value: 4_294_967_295 }, "80 04 04 ffffffff"],
  ["LOCAL_PREF", { type: "localPref", value: 100 }, "40 05 04 00000064"],
  ["ATOMIC_AGGREGATE", { type: "atomicAggregate" }, "40 06 00"],
  ["AGGREGATOR", { type: "aggregator", asn: 4_200_000_001, address: ipv4("192.0.2.1") }, "c0 07 08 fa56ea01 c0000201"],
  [
    "AGGREGATOR of a two-byte number",
    { type: "aggregator", asn: 65_001, address: ipv4("192.0.2.1") },
    "c0 07 06 fde9 c0000201",
    TWO_BYTE,
  ],
  ["COMMUNITIES (RFC 1997)", { type: "communities", values: [0xfde9_0001, 0xffff_ff01] }, "c0 08 08 fde90001 ffffff01"],
  ["ORIGINATOR_ID (RFC 4456)", { type: "originatorId", identifier: ipv4("192.0.2.9") }, "80 09 04 c0000209"],
  [
    "CLUSTER_LIST (RFC 4456)",
    { type: "clusterList", identifiers: [ipv4("192.0.2.9"), ipv4("0.0.0.1")] },
    "80 0a 08 c0000209 00000001",
  ],
  [
    "MP_REACH_NLRI of IPv6 (RFC 4760)",
    {
      type: "mpReach",
      family: "ipv6",
      nextHop: { address: ipv6("2001:db8::1") },
      nlri: [route("2001:db8:1::/48"), route("::/0")],
    },
    "80 0e 1d 0002 01 10 20010db8000000000000000000000001 00 30 20010db80001 00",
  ],
  [
    "MP_REACH_NLRI with a link-local next hop beside (RFC 2545)",
    {
      type: "mpReach",
      family: "ipv6",
      nextHop: { address: ipv6("2001:db8::1"), linkLocal: ipv6("fe80::1") },
      nlri: [route("2001:db8::64/128")],
    },
    "80 0e 36 0002 01 20 20010db8000000000000000000000001 fe800000000000000000000000000001 00 80 20010db8000000000000000000000064",
  ],
  [
    "MP_REACH_NLRI with path identifiers (RFC 7911)",
    {
      type: "mpReach",
      family: "ipv6",
      nextHop: { address: ipv6("2001:db8::1") },
      nlri: [{ ...route("2001:db8::/32"), pathId: 7 }],
    },
    "80 0e 1e 0002 01 10 20010db8000000000000000000000001 00 00000007 20 20010db8",
    ADD_PATH,
  ],
  [
    "MP_REACH_NLRI of IPv4",
    { type: "mpReach", family: "ipv4", nextHop: { address: ipv4("192.0.2.1") }, nlri: [route("198.51.100.0/24")] },
    "80 0e 0d 0001 01 04 c0000201 00 18 c63364",
  ],
  [
    "MP_REACH_NLRI of IPv4 over an IPv6 next hop (RFC 8950)",
    {
      type: "mpReach",
      family: "ipv4",
      nextHop: { address: ipv6("2001:db8::1") },
      nlri: [route("198.51.100.0/24")],
    },
    "80 0e 19 0001 01 10 20010db8000000000000000000000001 00 18 c63364",
    EXTENDED_NEXT_HOP,
  ],
  [
    "MP_REACH_NLRI of IPv4 over a link-local next hop (RFC 8950)",
    {
      type: "mpReach",
      family: "ipv4",
      nextHop: { address: ipv6("fe80::1"), linkLocal: ipv6("fe80::1") },
      nlri: [route("198.51.100.64/26")],
    },
    "80 0e 2a 0001 01 20 fe800000000000000000000000000001 fe800000000000000000000000000001 00 1a c6336440",
    EXTENDED_NEXT_HOP,
  ],
  [
    "MP_UNREACH_NLRI (RFC 4760)",
    { type: "mpUnreach", family: "ipv6", nlri: [route("2001:db8::/33")] },
    "80 0f 09 0002 01 21 20010db800",
  ],
  [
    "extended communities (RFC 4360, RFC 5668)",
    {
      type: "extendedCommunities",
      values: [
        { type: "twoByteAs", transitive: true, subtype: 2, asn: 65_001, value: 9 },
        { type: "ipv4", transitive: true, subtype: 3, address: ipv4("192.0.2.1"), value: 5 },
        { type: "fourByteAs", transitive: false, subtype: 2, asn: 4_200_000_001, value: 1 },
        { type: "unknown", value: hex("030c000000000008") },
      ],
    },
    "c0 10 20 0002fde900000009 0103c00002010005 4202fa56ea010001 030c000000000008",
  ],
  [
    "link bandwidth (draft-ietf-idr-link-bandwidth)",
    {
      type: "extendedCommunities",
      values: [{ type: "linkBandwidth", transitive: false, asn: 65_001, bytesPerSecond: 12_500_000 }],
    },
    "c0 10 08 4004fde94b3ebc20",
  ],
  [
    "link bandwidth that is no number",
    { type: "extendedCommunities", values: [{ type: "unknown", value: hex("4004fde97fc00000") }] },
    "c0 10 08 4004fde97fc00000",
  ],
  [
    "large communities (RFC 8092)",
    { type: "largeCommunities", values: [{ administrator: 4_200_000_001, local1: 1, local2: 4_294_967_295 }] },
    "c0 20 0c fa56ea01 00000001 ffffffff",
  ],
  ["an unknown one to be passed on", { type: "unknown", code: 99, value: hex("0102") }, "e0 63 02 0102"],
];

/** Valid as far as what matters here goes: without routes nothing is mandatory. */
function carrying(...attributes: readonly PathAttribute[]): Update {
  return { type: "update", withdrawn: [], attributes, announced: [] };
}

const everyForm = forms.map(
  ([name, attribute, digits, options = MODERN]) => [name, attribute, digits, options] as const,
);

describe.each(everyForm)("%s", (_name, attribute, digits, options) => {
  test("is encoded to these bytes", () => {
    expect(encodeMessage(carrying(attribute), options)).toEqual(update({ attributes: digits }));
  });

  test("is decoded from them", () => {
    expect(decoded(update({ attributes: digits }), options).attributes).toEqual([attribute]);
  });

  test("is decoded with a length of two bytes", () => {
    const [flags = 0, code = 0, length = 0, ...value] = hex(digits);
    const long = Uint8Array.of(flags | 0x10, code, 0, length, ...value);
    expect(
      decoded(update({ attributes: [...long].map((byte) => byte.toString(16).padStart(2, "0")).join("") }), options)
        .attributes,
    ).toEqual([attribute]);
  });
});

describe("an attribute list", () => {
  test("begins with the routes, then follows the codes (RFC 4271 section 5, RFC 7606 section 5.1)", () => {
    const attributes = forms.filter(([, { type }]) =>
      ["med", "mpUnreach", "unknown", "atomicAggregate"].includes(type),
    );
    const bytes = encodeMessage(carrying(...attributes.map(([, attribute]) => attribute).toReversed()), MODERN);
    expect(decoded(bytes).attributes.map(({ type }) => type)).toEqual([
      "mpUnreach",
      "med",
      "atomicAggregate",
      "unknown",
    ]);
  });

  test("is not written with two of a kind", () => {
    const med: PathAttribute = { type: "med", value: 1 };
    expect(() => encodeMessage(carrying(med, { ...med, value: 2 }), MODERN)).toThrow(RangeError);
  });

  test("is not written with a known attribute as an unknown one", () => {
    expect(() => encodeMessage(carrying({ type: "unknown", code: 4, value: hex("00000000") }), MODERN)).toThrow(
      RangeError,
    );
  });

  test("has a length of two bytes for a value of 256", () => {
    const communities: PathAttribute = { type: "communities", values: Array.from({ length: 64 }, (_, i) => i) };
    const bytes = encodeMessage(carrying(communities), MODERN);
    expect(bytes.subarray(23, 27)).toEqual(hex("d0 08 0100"));
    expect(decoded(bytes).attributes).toEqual([communities]);
  });

  test("does not keep an unknown attribute that is not transitive (RFC 4271 section 5)", () => {
    const { attributes, errors } = decoded(update({ attributes: "80 63 02 0102" }));
    expect([attributes, errors]).toEqual([[], []]);
  });

  test("splits a sequence of more than 255 numbers", () => {
    const asns = Array.from({ length: 300 }, (_, i) => i + 1);
    const bytes = encodeMessage(carrying({ type: "asPath", segments: [{ type: "sequence", asns }] }), MODERN);
    expect(decoded(bytes).attributes).toEqual([
      {
        type: "asPath",
        segments: [
          { type: "sequence", asns: asns.slice(0, 255) },
          { type: "sequence", asns: asns.slice(255) },
        ],
      },
    ]);
  });
});

describe("a next hop", () => {
  const reach = (nextHop: string, family: "ipv4" | "ipv6" = "ipv6"): PathAttribute => ({
    type: "mpReach",
    family,
    nextHop: { address: ip(nextHop) },
    nlri: [],
  });

  test.each([
    ["IPv4 for IPv6 routes", reach("192.0.2.1")],
    ["IPv6 for IPv4 routes, not agreed on", reach("2001:db8::1", "ipv4")],
    [
      "IPv4 with a link-local one",
      { ...reach("192.0.2.1", "ipv4"), nextHop: { address: ipv4("192.0.2.1"), linkLocal: ipv6("fe80::1") } },
    ],
  ] as const)("is not written if it is %s", (_name, attribute) => {
    expect(() => encodeMessage(carrying(attribute), MODERN)).toThrow(RangeError);
  });

  test("loses a second address that is not link-local", () => {
    const second = "20010db8000000000000000000000002";
    const digits = `80 0e 25 0002 01 20 20010db8000000000000000000000001 ${second} 00`;
    expect(decoded(update({ attributes: digits })).attributes).toEqual([reach("2001:db8::1")]);
  });
});

describe("a route", () => {
  test("loses the bits behind its length", () => {
    expect(decoded(update({ withdrawn: "19 c63364ff" })).withdrawn).toEqual([route("198.51.100.128/25")]);
  });

  test.each([
    ["of another family", { withdrawn: [route("2001:db8::/32")] }],
    ["with a path identifier that is not agreed on", { withdrawn: [{ ...route("10.0.0.0/8"), pathId: 1 }] }],
    [
      "of another family in an attribute",
      { attributes: [{ type: "mpUnreach", family: "ipv4", nlri: [route("::/0")] }] },
    ],
  ] as const)("is not written %s", (_name, change) => {
    expect(() => encodeMessage({ ...carrying(), ...change }, MODERN)).toThrow(RangeError);
  });

  test("is not written without the path identifier that is agreed on", () => {
    const value: Update = carrying({ type: "mpUnreach", family: "ipv6", nlri: [route("::/0")] });
    expect(() => encodeMessage(value, ADD_PATH)).toThrow(RangeError);
  });
});
