import { ipFromBigInt, prefixOf } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { PathAttribute } from "./attribute.ts";
import { encodeMessage } from "./message.ts";
import type { CodecOptions } from "./negotiation.ts";
import type { Nlri } from "./nlri.ts";
import { packUpdates, packWithdrawals, type RouteBatch } from "./pack.ts";
import { updateRoutes } from "./routes.ts";
import type { Update } from "./update.ts";
import { decoded, ip, ipv6, MODERN, route } from "./wire.test.fixture.ts";

const LONG: CodecOptions = { ...MODERN, extendedMessage: { send: true, receive: true } };
const MIXED: CodecOptions = { ...LONG, extendedNextHop: true };
const ADD_PATH: CodecOptions = { ...MODERN, addPath: { send: ["ipv4", "ipv6"], receive: ["ipv4", "ipv6"] } };
const TWO_BYTE: CodecOptions = { ...MODERN, fourByteAs: false };

const attributes: readonly PathAttribute[] = [
  { type: "origin", origin: "igp" },
  { type: "asPath", segments: [{ type: "sequence", asns: [4_200_000_001] }] },
  { type: "communities", values: [0xffff_0000] },
];

const hosts4 = (count: number) =>
  Array.from(
    { length: count },
    (_, i): Nlri => ({ prefix: prefixOf(ipFromBigInt("ipv4", BigInt(0x0a00_0000 + i)), 32) }),
  );
const hosts6 = (count: number) =>
  Array.from(
    { length: count },
    (_, i): Nlri => ({ prefix: prefixOf(ipFromBigInt("ipv6", (0x2001_0db8n << 96n) + BigInt(i)), 128) }),
  );

function batch(nextHop: string, nlri: readonly Nlri[]): RouteBatch {
  return { attributes, nextHop: { address: ip(nextHop) }, nlri };
}

describe("many routes with equal attributes", () => {
  // The first is 4096 bytes less 23 of the message, 27 of attributes and one to spare, divided by 5; and so on.
  test.each<readonly [string, RouteBatch, CodecOptions, readonly number[]]>([
    ["IPv4", batch("192.0.2.1", hosts4(1_000)), MODERN, [809, 191]],
    ["IPv4 for a peer of two-byte AS numbers", batch("192.0.2.1", hosts4(1_000)), TWO_BYTE, [807, 193]],
    [
      "IPv4 with path identifiers",
      batch(
        "192.0.2.1",
        hosts4(500).map((one, pathId) => ({ ...one, pathId })),
      ),
      ADD_PATH,
      [449, 51],
    ],
    ["IPv6", batch("2001:db8::1", hosts6(300)), MODERN, [236, 64]],
    ["IPv4 over IPv6", batch("2001:db8::1", hosts4(15_000)), MIXED, [13_093, 1_907]],
    ["IPv4 in long messages", batch("192.0.2.1", hosts4(15_000)), LONG, [13_096, 1_904]],
    ["one route", batch("192.0.2.1", hosts4(1)), MODERN, [1]],
    ["no route", batch("192.0.2.1", []), MODERN, []],
  ])("fill few messages: %s", (_name, routes, options, counts) => {
    const longest = options.extendedMessage.send ? 65_535 : 4_096;
    const messages = packUpdates(routes, options).map((one) => encodeMessage(one, options));
    const received = messages.map((one) => decoded(one, options));
    const announced = received.flatMap((one) => updateRoutes(one).announced);
    expect(received.flatMap(({ errors }) => errors)).toEqual([]);
    expect(announced.map(({ nlri }) => nlri.length)).toEqual(counts);
    expect(announced.flatMap(({ nlri }) => nlri)).toEqual(routes.nlri);
    expect(announced.every(({ nextHop }) => nextHop.address === routes.nextHop.address)).toBe(true);
    expect(Math.max(0, ...messages.map(({ length }) => length))).toBeLessThanOrEqual(longest);
    for (const one of received) expect(one.attributes).toEqual(expect.arrayContaining([...attributes]));
  });

  test("keep both addresses of their next hop", () => {
    const nextHop = { address: ipv6("2001:db8::1"), linkLocal: ipv6("fe80::1") };
    const [first] = packUpdates({ attributes, nextHop, nlri: hosts6(1) }, MODERN);
    expect(first?.attributes).toContainEqual({ type: "mpReach", family: "ipv6", nextHop, nlri: hosts6(1) });
  });

  test("need room beside their attributes", () => {
    const long: PathAttribute = { type: "unknown", code: 99, value: new Uint8Array(4_060) };
    const routes: RouteBatch = { attributes: [long], nextHop: { address: ip("192.0.2.1") }, nlri: hosts4(2) };
    expect(() => packUpdates(routes, MODERN)).toThrow(RangeError);
    const [single] = packUpdates({ ...routes, nlri: hosts4(1) }, MODERN);
    expect(() => encodeMessage(single as Update, MODERN)).toThrow(RangeError);
    expect(packUpdates(routes, LONG)).toHaveLength(1);
  });
});

describe("many withdrawals", () => {
  test("fill few messages, each family in its own", () => {
    const nlri = [route("2001:db8::/32"), ...hosts4(1_000), ...hosts6(300)];
    const messages = packWithdrawals(nlri, MODERN).map((one) => encodeMessage(one, MODERN));
    const routes = messages.map((one) => updateRoutes(decoded(one)));
    expect(routes.map(({ withdrawn }) => withdrawn.length)).toEqual([814, 186, 239, 62]);
    expect(routes.flatMap(({ withdrawn }) => withdrawn)).toEqual([
      ...hosts4(1_000),
      route("2001:db8::/32"),
      ...hosts6(300),
    ]);
    expect(Math.max(...messages.map(({ length }) => length))).toBeLessThanOrEqual(4_096);
  });

  test("are no End-of-RIB if there are none", () => {
    expect(packWithdrawals([], MODERN)).toEqual([]);
  });
});
