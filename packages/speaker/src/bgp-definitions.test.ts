import { type Prefix, parsePrefix } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { BgpRoute } from "./bgp/desired.ts";
import { BgpDefinitions, type NodeBgp, type NodeChange, type NodePeer } from "./bgp-definitions.ts";

const prefix: Prefix = parsePrefix("198.51.100.1/32") ?? expect.fail("no prefix");

const peer = (name: string, port = 179): NodePeer => ({
  bgp: { name, port, asn: 64_512, peerAsn: 64_513, holdSeconds: 180, keepaliveSeconds: 60 },
  ...{ bfd: undefined, gracefulShutdownMs: 0 },
});
const route = (id: string, med = 0): BgpRoute => ({ id, prefix, attributes: { med } });

const nodeBgp: fc.Arbitrary<NodeBgp> = fc.record({
  peers: fc
    .uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom(179, 1179)), { selector: ([name]) => name })
    .map((all) => all.map(([name, port]) => peer(name, port))),
  routes: fc
    .uniqueArray(fc.tuple(fc.constantFrom("x", "y", "z"), fc.nat(1)), { selector: ([id]) => id })
    .map((all) => all.map(([id, med]) => route(id, med))),
});

/** What someone knows who was told only of the changes. */
function follow(before: NodeBgp, changes: readonly NodeChange[]): NodeBgp {
  const known = new BgpDefinitions(before);
  known.update(changes);
  return known.all;
}

const sorted = ({ peers, routes }: NodeBgp): NodeBgp => ({
  peers: peers.toSorted((a, b) => (a.bgp.name < b.bgp.name ? -1 : 1)),
  routes: routes.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
});

test("replacing everything gives the changes that lead there, and no other", () => {
  fc.assert(
    fc.property(nodeBgp, nodeBgp, (before, after) => {
      const definitions = new BgpDefinitions(before);
      const changes = definitions.replace(after);
      expect(sorted(definitions.all)).toEqual(sorted(after));
      expect(sorted(follow(before, changes))).toEqual(sorted(after));
      expect(definitions.replace(after)).toEqual([]);
    }),
  );
});

test("a change that is none is not passed on", () => {
  const definitions = new BgpDefinitions({ peers: [peer("a")], routes: [route("x")] });
  expect(
    definitions.update([
      { type: "peer", peer: peer("a") },
      { type: "route", route: route("x") },
      { type: "peerGone", name: "b" },
      { type: "routeGone", id: "y" },
      { type: "route", route: route("x", 7) },
    ]),
  ).toEqual([{ type: "route", route: route("x", 7) }]);
});
