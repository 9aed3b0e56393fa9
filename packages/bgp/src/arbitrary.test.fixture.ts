import { ipv4FromBytes, ipv6FromBytes, prefixOf } from "@heraldlb/net";
import fc from "fast-check";
import type { AsPathSegment } from "./as-path.ts";
import type { NextHop, PathAttribute } from "./attribute.ts";
import { isHost } from "./attribute-codec.ts";
import type { Capability } from "./capability.ts";
import type { ExtendedCommunity } from "./community.ts";
import type { BgpMessage } from "./message.ts";
import { type CodecOptions, INITIAL_CODEC_OPTIONS } from "./negotiation.ts";
import type { Nlri } from "./nlri.ts";
import type { Open } from "./open.ts";
import type { Update } from "./update.ts";

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const asn = fc.integer({ min: 1, max: 0xffff_ffff });
const ipv4 = exactly(4).map(ipv4FromBytes);
const ipv6 = exactly(16).map(ipv6FromBytes);
const linkLocal = exactly(8).map((id) => ipv6FromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, ...id)));
/** An address family. */
export const family: fc.Arbitrary<"ipv4" | "ipv6"> = fc.constantFrom("ipv4", "ipv6");
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

/** Any OPEN. */
export const open: fc.Arbitrary<Open> = fc
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

/** Any outcome of a negotiation. */
export const options: fc.Arbitrary<CodecOptions> = fc
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

/** A route of the family, with a path id where the options want one. */
export function nlri(of: "ipv4" | "ipv6", { addPath }: CodecOptions): fc.Arbitrary<Nlri> {
  const prefix =
    of === "ipv4"
      ? fc.tuple(ipv4, fc.nat(32)).map(([ip, length]) => prefixOf(ip, length))
      : fc.tuple(ipv6, fc.nat(128)).map(([ip, length]) => prefixOf(ip, length));
  return addPath.send.includes(of) ? fc.record({ prefix, pathId: u32 }) : fc.record({ prefix });
}

/** A next hop that the options allow for the family. */
export function nextHop(of: "ipv4" | "ipv6", { extendedNextHop }: CodecOptions): fc.Arbitrary<NextHop> {
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
export function attributes({ peer }: CodecOptions): fc.Arbitrary<PathAttribute[]> {
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
export const update: fc.Arbitrary<readonly [Update, CodecOptions]> = options.chain((form) => {
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

/** Any message, and the options that it is written with. */
export const message: fc.Arbitrary<readonly [BgpMessage, CodecOptions]> = fc.oneof(
  update,
  open.map((one) => [one, INITIAL_CODEC_OPTIONS] as const),
  fc.constant([{ type: "keepalive" }, INITIAL_CODEC_OPTIONS] as const),
);

function exactly(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length }).map((value) => Uint8Array.from(value));
}
