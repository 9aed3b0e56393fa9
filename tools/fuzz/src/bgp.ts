import {
  type BgpMessage,
  type CodecOptions,
  decodeMessage,
  encodeMessage,
  endOfRib,
  hardReset,
  INITIAL_CODEC_OPTIONS,
  type Nlri,
  type Open,
  type PathAttribute,
  packUpdates,
  packWithdrawals,
  type ReceivedMessage,
  shutdownNotification,
  updateRoutes,
} from "@heraldlb/bgp";
import { DecodeError, type Ipv4, type Ipv6, type Prefix } from "@heraldlb/net";
import type { Random } from "./random.ts";
import { judgeOf, type Target } from "./target.ts";

const address = "192.0.2.1" as Ipv4;
const nextHop = { address: "2001:db8::1" as Ipv6, linkLocal: "fe80::1" as Ipv6 };
const ROUTES4 = ["198.51.100.0/24", "203.0.113.77/32", "0.0.0.0/0"].map((text) => text as Prefix);
const ROUTES6 = ["2001:db8:1::/48", "2001:db8::64/128"].map((text) => text as Prefix);

const attributes: readonly PathAttribute[] = [
  { type: "origin", origin: "igp" },
  {
    type: "asPath",
    segments: [
      { type: "sequence", asns: [65_001, 4_200_000_001] },
      { type: "set", asns: [1, 2] },
    ],
  },
  { type: "med", value: 0 },
  { type: "localPref", value: 100 },
  { type: "atomicAggregate" },
  { type: "aggregator", asn: 4_200_000_001, address },
  { type: "communities", values: [0xffff_0000, 0xfde9_0001] },
  { type: "originatorId", identifier: address },
  { type: "clusterList", identifiers: [address] },
  {
    type: "extendedCommunities",
    values: [
      { type: "linkBandwidth", transitive: false, asn: 65_001, bytesPerSecond: 1e9 },
      { type: "ipv4", transitive: true, subtype: 2, address, value: 7 },
    ],
  },
  { type: "largeCommunities", values: [{ administrator: 4_200_000_001, local1: 1, local2: 2 }] },
  { type: "unknown", code: 99, value: Uint8Array.of(1, 2, 3) },
];

const open: Open = {
  type: "open",
  asn: 4_200_000_001,
  holdSeconds: 90,
  identifier: address,
  capabilities: [
    { type: "multiprotocol", family: "ipv4" },
    { type: "multiprotocol", family: "ipv6" },
    { type: "routeRefresh" },
    { type: "enhancedRouteRefresh" },
    { type: "extendedMessage" },
    { type: "fourByteAs" },
    { type: "extendedNextHop", entries: [{ family: "ipv4", nextHop: "ipv6" }] },
    {
      type: "gracefulRestart",
      restarted: true,
      notification: true,
      restartSeconds: 120,
      entries: [{ family: "ipv4", forwarding: true }],
    },
    { type: "longLivedGracefulRestart", entries: [{ family: "ipv6", forwarding: true, staleSeconds: 3_600 }] },
    { type: "addPath", entries: [{ family: "ipv4", mode: "both" }] },
    { type: "hostname", hostname: "node1", domain: "example.net" },
    { type: "unknown", code: 128, value: Uint8Array.of(1) },
  ],
};

const HEADER_LENGTH = 19;

/** Sessions that write messages differently. */
const FORMS: Readonly<Record<string, CodecOptions>> = {
  bgp: { ...INITIAL_CODEC_OPTIONS, fourByteAs: true, extendedNextHop: true, peer: "internal" },
  "bgp-paths": {
    ...INITIAL_CODEC_OPTIONS,
    extendedMessage: { send: true, receive: true },
    addPath: { send: ["ipv4", "ipv6"], receive: ["ipv4", "ipv6"] },
    peer: "internal",
  },
};

/** BGP, as it is today, and with two-byte AS numbers and path identifiers. */
export const bgpTargets: readonly Target[] = Object.entries(FORMS).map(([name, options]) => ({
  name,
  samples: samplesOf(options),
  // A header's and an UPDATE's lengths, those of an OPEN's parameters, and some attributes'.
  lengthFields: [17, 20, 22, 25, 28, 30, 32, 46, 53],
  judge: judgeOf({
    decode: (bytes) => decode(bytes, options),
    encode: (message) => encodeMessage(message, options),
    essence,
  }),
  repair,
}));

function samplesOf(options: CodecOptions): Target["samples"] {
  const routes = (prefixes: readonly Prefix[]) =>
    prefixes.map((prefix, pathId): Nlri => (options.addPath.send.length > 0 ? { prefix, pathId } : { prefix }));
  const others: readonly BgpMessage[] = [
    ...packUpdates({ attributes, nextHop: { address }, nlri: routes(ROUTES4) }, options),
    ...packUpdates({ attributes, nextHop, nlri: routes(ROUTES6) }, options),
    ...(options.extendedNextHop ? packUpdates({ attributes, nextHop, nlri: routes(ROUTES4) }, options) : []),
    ...packWithdrawals(routes([...ROUTES4, ...ROUTES6]), options),
    endOfRib("ipv4"),
    endOfRib("ipv6"),
    { type: "keepalive" },
    { type: "routeRefresh", subtype: "request", family: "ipv6" },
    hardReset(shutdownNotification("administrativeShutdown", "maintenance")),
  ];
  return [encodeMessage(open, options), ...others.map((message) => encodeMessage(message, options))];
}

/** An UPDATE with errors is refused as a whole here: without what was malformed it need not be valid any more. */
function decode(bytes: Uint8Array, options: CodecOptions): ReceivedMessage {
  const message = decodeMessage(bytes, options);
  if (message.type !== "update") return message;
  updateRoutes(message);
  const [error] = message.errors;
  if (error) throw new DecodeError("malformed", error.message);
  return message;
}

/**
 * Attributes come back in the order of their codes, neighbouring sequences of an AS path as one or cut at 255, and
 * without those of a confederation where the path has to be put together from two attributes (RFC 6793 section 4.2.3).
 */
function essence(message: ReceivedMessage): unknown {
  if (message.type !== "update") return message;
  const essences = message.attributes.map((attribute): unknown =>
    attribute.type === "asPath"
      ? attribute.segments
          .filter(({ type }) => type === "set" || type === "sequence")
          .flatMap(({ type, asns }): unknown[] => (type === "set" ? [asns] : [...asns]))
      : attribute,
  );
  return { ...message, attributes: essences.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))) };
}

/** Makes it a message of some type and its own length, and mostly leaves the fields of an UPDATE some room. */
function repair(bytes: Uint8Array, random: Random): void {
  if (bytes.length < HEADER_LENGTH) return;
  bytes.fill(0xff, 0, 16);
  bytes.set([bytes.length >>> 8, bytes.length & 0xff], 16);
  if (random.below(4) === 0) bytes[18] = 1 + random.below(6);
  if (bytes[18] !== 2 || bytes.length < HEADER_LENGTH + 4 || random.below(4) === 0) return;
  const room = bytes.length - HEADER_LENGTH - 4;
  const withdrawn = random.below(2) === 0 ? 0 : Math.min((bytes[19] as number) * 256 + (bytes[20] as number), room);
  const length = random.below(room - withdrawn + 1);
  bytes.set([withdrawn >>> 8, withdrawn & 0xff], HEADER_LENGTH);
  if (random.below(2) === 0) bytes.set([length >>> 8, length & 0xff], HEADER_LENGTH + 2 + withdrawn);
}
