import {
  type BgpMessage,
  type CodecOptions,
  encodeMessage,
  endOfRib,
  hardReset,
  INITIAL_CODEC_OPTIONS,
  type Nlri,
  type Notification,
  notification,
  type Open,
  type PathAttribute,
  packUpdates,
  packWithdrawals,
  type RouteRefresh,
  shutdownNotification,
  type Update,
} from "@heraldlb/bgp";
import type { Ip, Ipv4, Ipv6, Prefix } from "@heraldlb/net";
import { beforeAll, describe, expect, test } from "vitest";
import { capabilityFields, colons, type Fields, refreshFields, updateFields } from "./bgp-expectation.ts";
import { bgpFrame } from "./bgp-frame.ts";
import { type Dissection, dissect } from "./tshark.ts";

interface Case {
  readonly message: BgpMessage;
  readonly options: CodecOptions;
  readonly expected: Fields;
}

const FOUR_BYTES: CodecOptions = {
  ...INITIAL_CODEC_OPTIONS,
  fourByteAs: true,
  extendedNextHop: true,
  peer: "internal",
};
const TWO_BYTES: CodecOptions = { ...FOUR_BYTES, fourByteAs: false };
const WITH_PATHS: CodecOptions = {
  ...FOUR_BYTES,
  addPath: { send: ["ipv4", "ipv6"], receive: ["ipv4", "ipv6"] },
};

const route = (prefix: string): Nlri => ({ prefix: prefix as Prefix });
const routes4 = [route("198.51.100.0/24"), route("203.0.113.77/32"), route("10.128.0.0/9")];
const routes6 = [route("2001:db8:1::/48"), route("2001:db8::64/128")];
const linkLocal = "fe80::1" as Ipv6;

const ESSENTIAL: readonly PathAttribute[] = [
  { type: "origin", origin: "igp" },
  { type: "asPath", segments: [{ type: "sequence", asns: [4_200_000_001] }] },
];

const ALL: readonly PathAttribute[] = [
  { type: "origin", origin: "incomplete" },
  {
    type: "asPath",
    segments: [
      { type: "confedSequence", asns: [64_512] },
      { type: "sequence", asns: [65_001, 4_200_000_001] },
      { type: "set", asns: [1, 2] },
    ],
  },
  { type: "med", value: 7 },
  { type: "localPref", value: 200 },
  { type: "atomicAggregate" },
  { type: "aggregator", asn: 4_200_000_001, address: "192.0.2.9" as Ipv4 },
  { type: "communities", values: [0xfde9_0001, 0xffff_0000, 0xffff_ff01] },
  { type: "originatorId", identifier: "192.0.2.10" as Ipv4 },
  { type: "clusterList", identifiers: ["192.0.2.11" as Ipv4, "192.0.2.12" as Ipv4] },
  {
    type: "extendedCommunities",
    values: [
      { type: "linkBandwidth", transitive: false, asn: 65_001, bytesPerSecond: 12_500_000 },
      { type: "ipv4", transitive: true, subtype: 2, address: "192.0.2.13" as Ipv4, value: 7 },
      { type: "fourByteAs", transitive: true, subtype: 3, asn: 4_200_000_001, value: 8 },
    ],
  },
  { type: "largeCommunities", values: [{ administrator: 4_200_000_001, local1: 1, local2: 4_294_967_295 }] },
  { type: "unknown", code: 250, value: Uint8Array.of(1, 2, 3) },
];

const EXTENDED_COMMUNITIES: Fields = {
  "bgp.ext_com.type": ["0x40", "0x01", "0x02"],
  "bgp.ext_com.type.tran": ["1", "0", "0"],
  "bgp.ext_com.stype_ntr_as2": ["0x04"],
  "bgp.ext_com.value_as2": ["65001"],
  "bgp.ext_com.value_link_bw": ["1.25e+07"],
  "bgp.ext_com.stype_tr_IP4": ["0x02"],
  "bgp.ext_com.value_IP4": ["192.0.2.13"],
  "bgp.ext_com.stype_tr_as4": ["0x03"],
  "bgp.ext_com.value_as4": ["4200000001"],
  "bgp.ext_com.value_an2": ["7", "8"],
};

const open: Open = {
  type: "open",
  asn: 4_200_000_001,
  holdSeconds: 180,
  identifier: "192.0.2.1" as Ipv4,
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
      notification: false,
      restartSeconds: 4_095,
      entries: [
        { family: "ipv4", forwarding: true },
        { family: "ipv6", forwarding: false },
      ],
    },
    {
      type: "addPath",
      entries: [
        { family: "ipv4", mode: "send" },
        { family: "ipv6", mode: "both" },
      ],
    },
    { type: "hostname", hostname: "node1", domain: "example.net" },
    { type: "unknown", code: 200, value: Uint8Array.of(1, 2) },
  ],
};

describe("what we encode, tshark reads as we mean it, and finds nothing wrong with", () => {
  const cases: Readonly<Record<string, Case>> = {
    "an OPEN with capabilities": openCase(open),
    "an OPEN without capabilities": openCase({ ...open, asn: 65_001, holdSeconds: 0, capabilities: [] }),
    "a KEEPALIVE": { message: { type: "keepalive" }, options: FOUR_BYTES, expected: { "bgp.length": ["19"] } },
    "IPv4 routes": packed(ESSENTIAL, "192.0.2.1", routes4),
    "IPv4 routes with all attributes": packed(ALL, "192.0.2.1", routes4),
    "IPv4 routes for a peer of two-byte AS numbers": twoByteCase(packed(ALL, "192.0.2.1", routes4, TWO_BYTES)),
    "IPv4 routes with path identifiers": packed(ESSENTIAL, "192.0.2.1", withPaths(routes4), WITH_PATHS),
    "IPv4 routes over IPv6": packed(ESSENTIAL, "2001:db8::1", routes4),
    "IPv6 routes": packed(ESSENTIAL, "2001:db8::1", routes6),
    "IPv6 routes with path identifiers": packed(ESSENTIAL, "2001:db8::1", withPaths(routes6), WITH_PATHS),
    "IPv6 routes with a link-local next hop beside": updateCase({
      type: "update",
      withdrawn: [],
      attributes: [
        { type: "mpReach", family: "ipv6", nextHop: { address: "2001:db8::1" as Ipv6, linkLocal }, nlri: routes6 },
        ...ESSENTIAL,
      ],
      announced: [],
    }),
    "IPv4 withdrawals": updateCase(only(packWithdrawals(routes4, FOUR_BYTES))),
    "IPv6 withdrawals": updateCase(only(packWithdrawals(routes6, FOUR_BYTES))),
    "the end of IPv4": updateCase(endOfRib("ipv4")),
    "the end of IPv6": updateCase(endOfRib("ipv6")),
    "a message as long as they get": packed(ESSENTIAL, "192.0.2.1", many(808)),
    "a request for routes": refreshCase({ type: "routeRefresh", subtype: "request", family: "ipv4" }),
    "the begin of a refresh": refreshCase({ type: "routeRefresh", subtype: "begin", family: "ipv6" }),
    "the end of a refresh": refreshCase({ type: "routeRefresh", subtype: "end", family: "ipv6" }),
    "a hold timer that expired": notificationCase(notification("holdTimerExpired"), {
      "bgp.notify.major_error": ["4"],
    }),
    "a bad AS number": notificationCase(notification("badPeerAs"), {
      "bgp.notify.major_error": ["2"],
      "bgp.notify.minor_error_open": ["2"],
    }),
    "a shutdown with a text": notificationCase(shutdownNotification("administrativeShutdown", "maintenance"), {
      "bgp.notify.major_error": ["6"],
      "bgp.notify.minor_error_cease": ["2"],
      "bgp.notify.communication_length": ["11"],
      "bgp.notify.communication": ["maintenance"],
    }),
    "a hard reset": notificationCase(hardReset(notification("peerDeconfigured")), {
      "bgp.notify.major_error": ["6"],
      "bgp.notify.minor_error_cease": ["9"],
      "bgp.notify.minor_data": [colons(Uint8Array.of(6, 3))],
    }),
  };
  const names = Object.keys(cases);
  let dissected: readonly Dissection[];

  // One start of tshark for all: it takes longer than everything else here.
  beforeAll(async () => {
    const wires = Object.values(cases).map(({ message, options }) => encodeMessage(message, options));
    dissected = await dissect(wires.map(bgpFrame));
  });

  test.each(names)("%s", (name) => {
    const { message, options, expected } = cases[name] as Case;
    const seen = dissected[names.indexOf(name)] as Dissection;
    const all: Fields = { "bgp.length": [String(encodeMessage(message, options).length)], ...expected };
    expect(seen.complaints).toEqual([]);
    expect(Object.fromEntries(Object.keys(all).map((field) => [field, seen.fields.get(field) ?? []]))).toEqual(all);
  });
});

test("tshark would complain about an attribute that ends too late", async () => {
  const { message, options } = packed(ESSENTIAL, "192.0.2.1", routes4);
  const wire = encodeMessage(message, options);
  const [good, bad] = await dissect([wire, wire.with(25, 200)].map(bgpFrame));
  expect(good?.complaints).toEqual([]);
  expect(bad?.complaints).not.toEqual([]);
});

function openCase(message: Open): Case {
  const expected: Fields = {
    "bgp.type": ["1"],
    "bgp.open.version": ["4"],
    "bgp.open.myas": [String(message.asn > 0xffff ? 23_456 : message.asn)],
    "bgp.open.holdtime": [String(message.holdSeconds)],
    "bgp.open.identifier": [message.identifier],
    ...capabilityFields(message.capabilities, message.asn),
  };
  return { message, options: INITIAL_CODEC_OPTIONS, expected };
}

function packed(
  attributes: readonly PathAttribute[],
  address: string,
  nlri: readonly Nlri[],
  options = FOUR_BYTES,
): Case {
  const update = only(packUpdates({ attributes, nextHop: { address: address as Ip }, nlri }, options));
  return updateCase(update, options);
}

function updateCase(message: Update, options = FOUR_BYTES): Case {
  const hasCommunities = message.attributes.some(({ type }) => type === "extendedCommunities");
  return {
    message,
    options,
    expected: {
      "bgp.type": ["2"],
      ...updateFields(message, options.fourByteAs ? 4 : 2),
      ...(hasCommunities ? EXTENDED_COMMUNITIES : {}),
    },
  };
}

function refreshCase(message: RouteRefresh): Case {
  return { message, options: FOUR_BYTES, expected: { "bgp.type": ["5"], ...refreshFields(message) } };
}

function notificationCase(message: Notification, fields: Fields): Case {
  return { message, options: FOUR_BYTES, expected: { "bgp.type": ["3"], ...fields } };
}

/** The large numbers are in AS4_PATH and AS4_AGGREGATOR. */
function twoByteCase(one: Case): Case {
  const attribute = "bgp.update.path_attribute";
  return {
    ...one,
    expected: {
      ...one.expected,
      [`${attribute}.type_code`]: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "16", "17", "18", "32", "250"],
      [`${attribute}.as_path_segment.type`]: ["3", "2", "1", "2", "1"],
      [`${attribute}.as_path_segment.length`]: ["1", "2", "2", "2", "2"],
      [`${attribute}.as_path_segment.as4`]: ["65001", "4200000001", "1", "2"],
      [`${attribute}.aggregator_as`]: ["23456", "4200000001"],
      [`${attribute}.aggregator_origin`]: ["192.0.2.9", "192.0.2.9"],
    },
  };
}

function withPaths(nlri: readonly Nlri[]): Nlri[] {
  return nlri.map((one, i) => ({ ...one, pathId: i + 1 }));
}

function many(count: number): Nlri[] {
  return Array.from({ length: count }, (_, i) => route(`10.0.${i >>> 8}.${i & 0xff}/32`));
}

function only(updates: readonly Update[]): Update {
  const [first, second] = updates;
  if (!first || second) throw new Error(`${updates.length} messages`);
  return first;
}
