import { ipv4FromBytes, ipv6FromBytes, prefixOf } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AsPathSegment } from "./as-path.ts";
import type { NextHop, PathAttribute } from "./attribute.ts";
import { isHost } from "./attribute-codec.ts";
import { BgpError } from "./bgp-error.ts";
import type { Capability } from "./capability.ts";
import type { ExtendedCommunity } from "./community.ts";
import { type BgpMessage, decodeMessage, encodeMessage, type ReceivedMessage } from "./message.ts";
import { type CodecOptions, INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import type { Nlri } from "./nlri.ts";
import type { Open } from "./open.ts";
import { packUpdates, packWithdrawals } from "./pack.ts";
import { updateRoutes } from "./routes.ts";
import { MessageSplitter } from "./splitter.ts";
import type { Update } from "./update.ts";
import { decoded } from "./wire.test.fixture.ts";

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const asn = fc.integer({ min: 1, max: 0xffff_ffff });
const ipv4 = exactly(4).map(ipv4FromBytes);
const ipv6 = exactly(16).map(ipv6FromBytes);
const linkLocal = exactly(8).map((id) => ipv6FromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...id)));
const family = fc.constantFrom("ipv4", "ipv6");
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Uint8Array.from(value));

const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ type: fc.constant("multiprotocol"), family }),
  fc.record({
    type: fc.constantFrom("routeRefresh", "enhancedRouteRefresh", "extendedMessage", "fourByteAs"),
  }),
  fc.record({
    type: fc.constant("extendedNextHop"),
    entries: fc.array(fc.record({ family, nextHop: family }), { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("gracefulRestart"),
    restarted: fc.boolean(),
    notification: fc.boolean(),
    restartSeconds: fc.nat(0xfff),
    entries: fc.array(fc.record({ family, forwarding: fc.boolean() }), { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("longLivedGracefulRestart"),
    entries: fc.array(fc.record({ family, forwarding: fc.boolean(), staleSeconds: fc.nat(0xff_ffff) }), {
      maxLength: 3,
    }),
  }),
  fc.record({
    type: fc.constant("addPath"),
    entries: fc.array(fc.record({ family, mode: fc.constantFrom("receive", "send", "both") }), { maxLength: 3 }),
  }),
  fc.record({
    type: fc.constant("hostname"),
    hostname: fc.string({ unit: "grapheme", maxLength: 10 }),
    domain: fc.string({ maxLength: 10 }),
  }),
  fc.record({ type: fc.constant("unknown"), code: fc.integer({ min: 128, max: 255 }), value: bytes(80) }),
);

const open: fc.Arbitrary<Open> = fc
  .record({
    type: fc.constant("open"),
    asn,
    holdSeconds: u16.filter((seconds) => seconds === 0 || seconds > 2),
    identifier: ipv4.filter((one) => one !== "0.0.0.0"),
    capabilities: fc.array(capability, { maxLength: 8 }),
  })
  .map((one) =>
    one.capabilities.some(({ type }) => type === "fourByteAs") ? one : { ...one, asn: (one.asn % 0xffff) + 1 },
  );

const options: fc.Arbitrary<CodecOptions> = fc
  .record({
    fourByteAs: fc.boolean(),
    isLong: fc.boolean(),
    paths: fc.subarray(["ipv4", "ipv6"] as const),
    extendedNextHop: fc.boolean(),
    peer: fc.constantFrom("internal", "external"),
  })
  .map(({ isLong, paths, ...rest }) => ({
    ...rest,
    extendedMessage: { send: isLong, receive: isLong },
    addPath: { send: paths, receive: paths },
  }));

function nlri(of: "ipv4" | "ipv6", { addPath }: CodecOptions): fc.Arbitrary<Nlri> {
  const prefix =
    of === "ipv4"
      ? fc.tuple(ipv4, fc.nat(32)).map(([ip, length]) => prefixOf(ip, length))
      : fc.tuple(ipv6, fc.nat(128)).map(([ip, length]) => prefixOf(ip, length));
  return addPath.send.includes(of) ? fc.record({ prefix, pathId: u32 }) : fc.record({ prefix });
}

function nextHop(of: "ipv4" | "ipv6", { extendedNextHop }: CodecOptions): fc.Arbitrary<NextHop> {
  const six = fc.oneof(
    fc.record({ address: ipv6.filter(isHost) }),
    fc.record({ address: ipv6.filter(isHost), linkLocal }),
  );
  if (of === "ipv6") return six;
  const four = fc.record({ address: ipv4.filter(isHost) });
  return extendedNextHop ? fc.oneof(four, six) : four;
}

const extendedCommunity: fc.Arbitrary<ExtendedCommunity> = fc.oneof(
  fc.record({
    type: fc.constant("linkBandwidth"),
    transitive: fc.boolean(),
    asn: u16,
    bytesPerSecond: fc.float({ min: 0, noNaN: true }),
  }),
  fc.record({
    type: fc.constant("twoByteAs"),
    transitive: fc.boolean(),
    subtype: fc.nat(255).filter((subtype) => subtype !== 4),
    asn: u16,
    value: u32,
  }),
  fc.record({ type: fc.constant("ipv4"), transitive: fc.boolean(), subtype: fc.nat(255), address: ipv4, value: u16 }),
  fc.record({ type: fc.constant("fourByteAs"), transitive: fc.boolean(), subtype: fc.nat(255), asn: u32, value: u16 }),
  exactly(7).map((rest): ExtendedCommunity => ({ type: "unknown", value: Uint8Array.of(3, ...rest) })),
);

/** Neighbouring sequences become one where the path is put together from two attributes. */
const segments: fc.Arbitrary<AsPathSegment[]> = fc
  .array(fc.record({ type: fc.constantFrom("set", "sequence"), asns: fc.array(asn, { minLength: 1, maxLength: 5 }) }))
  .map((all) => all.filter(({ type }, i) => type === "set" || all[i - 1]?.type !== "sequence"));

/** Attributes other than those with routes and next hops, in the order of the wire. */
function attributes({ peer }: CodecOptions): fc.Arbitrary<PathAttribute[]> {
  const list = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 70 });
  const maybe = (one: fc.Arbitrary<PathAttribute>) => fc.option(one, { nil: undefined });
  const internal = (one: fc.Arbitrary<PathAttribute>) => (peer === "internal" ? maybe(one) : fc.constant(undefined));
  return fc
    .tuple(
      fc.record({ type: fc.constant("origin"), origin: fc.constantFrom("igp", "egp", "incomplete") }),
      fc.record({ type: fc.constant("asPath"), segments }),
      maybe(fc.record({ type: fc.constant("med"), value: u32 })),
      internal(fc.record({ type: fc.constant("localPref"), value: u32 })),
      maybe(fc.record({ type: fc.constant("atomicAggregate") })),
      maybe(fc.record({ type: fc.constant("aggregator"), asn, address: ipv4 })),
      maybe(fc.record({ type: fc.constant("communities"), values: list(u32) })),
      internal(fc.record({ type: fc.constant("originatorId"), identifier: ipv4 })),
      internal(fc.record({ type: fc.constant("clusterList"), identifiers: list(ipv4) })),
      maybe(fc.record({ type: fc.constant("extendedCommunities"), values: list(extendedCommunity) })),
      maybe(
        fc.record({
          type: fc.constant("largeCommunities"),
          values: list(fc.record({ administrator: u32, local1: u32, local2: u32 })),
        }),
      ),
      maybe(fc.record({ type: fc.constant("unknown"), code: fc.integer({ min: 100, max: 255 }), value: bytes(300) })),
    )
    .map((all) => all.filter((one) => one !== undefined));
}

/** An UPDATE that uses all its fields, in the order of the wire. */
const update: fc.Arbitrary<readonly [Update, CodecOptions]> = options.chain((form) => {
  const routes = (of: "ipv4" | "ipv6", minLength = 0) => fc.array(nlri(of, form), { minLength, maxLength: 5 });
  const unreach = family.chain((of) =>
    fc.record({ type: fc.constant("mpUnreach"), family: fc.constant(of), nlri: routes(of) }),
  );
  const reach = family.chain((of) =>
    fc.record({
      type: fc.constant("mpReach"),
      family: fc.constant(of),
      nextHop: nextHop(of, form),
      nlri: routes(of, 1),
    }),
  );
  const own = fc.record({ type: fc.constant("nextHop"), address: ipv4.filter(isHost) });
  return fc
    .tuple(routes("ipv4"), reach, fc.option(unreach, { nil: undefined }), attributes(form), own, routes("ipv4"))
    .map(([withdrawn, first, second, [origin, asPath, ...rest], hop, announced]) => {
      const all: (PathAttribute | undefined)[] = [first, second, origin, asPath, hop, ...rest];
      return [
        { type: "update", withdrawn, attributes: all.filter((one) => one !== undefined), announced },
        { ...form, extendedMessage: { send: true, receive: true } },
      ] as const;
    });
});

const message: fc.Arbitrary<readonly [BgpMessage, CodecOptions]> = fc.oneof(
  update,
  open.map((one) => [one, INITIAL_CODEC_OPTIONS] as const),
  fc.constant([{ type: "keepalive" }, INITIAL_CODEC_OPTIONS] as const),
);

test("every OPEN decodes to itself", () => {
  fc.assert(
    fc.property(open, (value) => {
      expect(decodeMessage(encodeMessage(value, INITIAL_CODEC_OPTIONS), INITIAL_CODEC_OPTIONS)).toEqual(value);
    }),
  );
});

test("every UPDATE decodes to itself", () => {
  fc.assert(
    fc.property(update, ([value, form]) => {
      expect(decoded(encodeMessage(value, form), form)).toEqual({ ...value, errors: [] });
    }),
  );
});

test("packed routes arrive in order, with all their attributes, in messages that are not too long", () => {
  const batch = options.chain((form) =>
    family.chain((of) =>
      fc.tuple(
        fc.constant(form),
        fc.record({
          attributes: attributes(form),
          nextHop: nextHop(of, form),
          nlri: fc.array(nlri(of, form), { maxLength: 900 }),
        }),
      ),
    ),
  );
  fc.assert(
    fc.property(batch, ([form, routes]) => {
      const received = packUpdates(routes, form).map((one) => decoded(encodeMessage(one, form), form));
      expect(received.flatMap(({ errors }) => errors)).toEqual([]);
      const announced = received.flatMap((one) => updateRoutes(one).announced);
      expect(announced.flatMap((one) => one.nlri)).toEqual(routes.nlri);
      for (const one of announced) expect(one.nextHop).toEqual(routes.nextHop);
      for (const one of received) {
        expect(one.attributes.filter(({ type }) => type !== "nextHop" && type !== "mpReach")).toEqual(
          routes.attributes,
        );
      }
      const gone = packWithdrawals(routes.nlri, form).map((one) => decoded(encodeMessage(one, form), form));
      expect(gone.flatMap((one) => updateRoutes(one).withdrawn)).toEqual(routes.nlri);
    }),
    { numRuns: 40 },
  );
});

test("a stream is cut into its messages, wherever its chunks end", () => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(200)), (messages, sizes) => {
      const wires = messages.map(([value, form]) => encodeMessage(value, form));
      const stream = Uint8Array.from(wires.flatMap((wire) => [...wire]));
      const splitter = new MessageSplitter(65_535);
      const found: Uint8Array[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = 1 + (sizes[i % sizes.length] ?? 100);
        splitter.push(stream.subarray(at, at + size));
        for (let next = splitter.next(); next; next = splitter.next()) found.push(next);
        at += size;
      }
      expect(found).toEqual(wires);
    }),
    { numRuns: 50 },
  );
});

describe("hostile bytes", () => {
  const mutated = fc
    .tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
    .map(([[value, form], edits]) => {
      const wire = encodeMessage(value, form);
      for (const [at, byte] of edits) if (wire.length > 19) wire[19 + (at % (wire.length - 19))] = byte;
      return [wire, form] as const;
    });

  test("in a whole message make decoding throw nothing but BgpError, and what they decode to comes back", () => {
    fc.assert(
      fc.property(mutated, ([wire, form]) => {
        try {
          const received = decodeMessage(wire, form);
          if (received.type === "update" && received.errors.length > 0) return;
          expect(ordered(decodeMessage(encodeMessage(received, form), form))).toEqual(ordered(received));
        } catch (error) {
          if (!(error instanceof BgpError)) throw error;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("at the end of an UPDATE that is cut off announce no other routes", () => {
    fc.assert(
      fc.property(update, fc.nat(), ([value, form], at) => {
        const wire = encodeMessage(value, form);
        const end = 23 + (at % (wire.length - 23));
        const cut = wire.slice(0, end);
        cut.set([end >>> 8, end & 0xff], 16);
        const found = updateRoutes(decoded(cut, form)).announced.flatMap((one) => one.nlri);
        const all = updateRoutes({ ...value, errors: [] }).announced.flatMap((one) => one.nlri);
        expect(all.slice(0, found.length)).toEqual(found);
      }),
    );
  });
});

/** Encoding puts attributes into the order of their codes. */
function ordered(message: ReceivedMessage): ReceivedMessage {
  if (message.type !== "update") return message;
  const key = (one: PathAttribute) => (one.type === "unknown" ? String(one.code) : one.type);
  return { ...message, attributes: message.attributes.toSorted((a, b) => key(a).localeCompare(key(b))) };
}

function exactly(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Uint8Array.from(value));
}
