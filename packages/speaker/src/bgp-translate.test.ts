import { Delta, BgpPeer as ProtoPeer, BgpRoute as ProtoRoute, SnapshotChunk } from "@heraldlb/api";
import { type Ip, parseIp, parsePrefix } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BgpRoute } from "./bgp/desired.ts";
import type { NodePeer } from "./bgp-definitions.ts";
import { bgpFromChunk, bgpFromDelta, bgpToChunk } from "./bgp-translate.ts";

const address: fc.Arbitrary<Ip> = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map(parseIp)
  .filter((ip) => ip !== undefined);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const number = fc.nat(0xffff_ffff);
const name = fc.string({ minLength: 1 });

const peer: fc.Arbitrary<NodePeer> = fc.record({
  bgp: fc.record({
    name,
    address: address as fc.Arbitrary<Ip | undefined>,
    interface: optional(name),
    port: fc.nat(65_535),
    asn: number,
    peerAsn: fc.oneof(number, fc.constantFrom("internal" as const, "external" as const)),
    sourceAddress: optional(address),
    routerId: fc.constant(undefined),
    holdSeconds: fc.nat(65_535),
    keepaliveSeconds: fc.nat(21_845),
    connectRetrySeconds: optional(fc.integer({ min: 1, max: 65_535 })),
    password: optional(name),
    vrf: optional(name),
    isMultiHop: fc.boolean(),
    ttlSecurityHops: optional(fc.integer({ min: 1, max: 254 })),
    isDualStack: fc.boolean(),
    hasGracefulRestart: fc.boolean(),
    hasAddPath: fc.boolean(),
  }),
  bfd: optional(
    fc.record({
      receiveIntervalMs: number,
      transmitIntervalMs: number,
      detectMultiplier: fc.integer({ min: 2, max: 255 }),
      echoIntervalMs: optional(fc.integer({ min: 1, max: 60_000 })),
      isPassive: fc.boolean(),
      minimumTtl: fc.integer({ min: 1, max: 254 }),
    }),
  ),
  gracefulShutdownMs: number,
});

const route: fc.Arbitrary<BgpRoute> = fc.record({
  id: name,
  prefix: address
    .map((ip) => parsePrefix(`${ip}/${ip.includes(":") ? 128 : 32}`))
    .filter((prefix) => prefix !== undefined),
  peers: optional(fc.array(name, { minLength: 1 })),
  attributes: fc.record({
    localPref: optional(fc.integer({ min: 1, max: 0xffff_ffff })),
    med: number,
    communities: fc.array(number),
    largeCommunities: fc.array(fc.record({ administrator: number, local1: number, local2: number })),
    prepend: fc.nat(10),
    linkBandwidth: optional(fc.integer({ min: 1, max: 1_000 }).map((endpoints) => endpoints * 125_000)),
  }),
});

const NOTHING = new Uint8Array();
const chunk = (rest: Partial<SnapshotChunk> = {}): SnapshotChunk => ({ ...SnapshotChunk.decode(NOTHING), ...rest });
const delta = (rest: Partial<Delta> = {}): Delta => ({ ...Delta.decode(NOTHING), ...rest });
const protoPeer = (rest: Partial<ProtoPeer>): ProtoPeer => ({ ...ProtoPeer.decode(NOTHING), ...rest });
const protoRoute = (rest: Partial<ProtoRoute>): ProtoRoute => ({ ...ProtoRoute.decode(NOTHING), ...rest });

test("what is kept in the state folder is read again as it was", () => {
  fc.assert(
    fc.property(fc.array(peer, { minLength: 1 }), fc.array(route), (peers, routes) => {
      const kept = SnapshotChunk.encode(chunk(bgpToChunk({ peers, routes }))).finish();
      const read = bgpFromChunk(SnapshotChunk.decode(kept));
      expect(read).toEqual({ items: { peers, routes }, errors: [] });
    }),
  );
});

test("a part of a snapshot or a delta without routers and routes says nothing of them", () => {
  expect(bgpFromChunk(chunk())).toBeUndefined();
  expect(bgpFromDelta(delta())).toBeUndefined();
});

test("a delta first withdraws, then announces, then ends sessions, and opens new ones last", () => {
  const read = bgpFromDelta(
    delta({
      changedBgpPeers: [protoPeer({ name: "new", address: "192.0.2.1" })],
      changedBgpRoutes: [protoRoute({ id: "x", prefix: "198.51.100.1/32" })],
      removedBgpPeers: ["old"],
      removedBgpRoutes: ["y"],
    }),
  );
  expect(read?.items.map(({ type }) => type)).toEqual(["routeGone", "route", "peerGone", "peer"]);
});

describe("what cannot be used is reported, and costs nothing else", () => {
  const good = { name: "r", address: "192.0.2.1" };

  test.each<[string, Partial<ProtoPeer>, string]>([
    ["a router without a name", { ...good, name: "" }, "BGPPeer "],
    ["a router without address and interface", { ...good, address: "" }, "BGPPeer r"],
    ["a wrong address", { ...good, address: "192.0.2.256" }, "BGPPeer r"],
    ["a wrong source address", { ...good, sourceAddress: "here" }, "BGPPeer r"],
  ])("%s", (_what, wrong, group) => {
    const read = bgpFromChunk(chunk({ bgpPeers: [wrong, { ...good, name: "other" }].map(protoPeer) }));
    expect(read?.items.peers.map(({ bgp }) => bgp.name)).toEqual(["other"]);
    expect(read?.errors).toMatchObject([{ group, reason: "invalidGroup" }]);
  });

  test.each<[string, Partial<ProtoRoute>]>([
    ["a route without an id", { prefix: "198.51.100.1/32" }],
    ["a route without a prefix", { id: "x" }],
    ["a route whose prefix is too long", { id: "x", prefix: "198.51.100.1/33" }],
  ])("%s", (_what, wrong) => {
    const read = bgpFromDelta(
      delta({ changedBgpRoutes: [wrong, { id: "y", prefix: "198.51.100.2/32" }].map(protoRoute) }),
    );
    expect(read?.items).toMatchObject([{ type: "route", route: { id: "y" } }]);
    expect(read?.errors).toHaveLength(1);
  });
});
