import { type Prefix, parsePrefix } from "@heraldlb/net";
import { expect, test } from "vitest";
import type { BgpRoute, RouteAttributes } from "./desired.ts";
import { RouteTable } from "./route-table.ts";

const prefix = (text: string): Prefix => parsePrefix(text) ?? (text as Prefix);
const A = prefix("10.0.0.1/32");
const B = prefix("10.0.0.2/32");
const route = (id: string, at: Prefix, attributes: RouteAttributes = {}, peers?: readonly string[]): BgpRoute => ({
  id,
  prefix: at,
  attributes,
  peers,
});

test("equal attributes are one object, in whatever order their communities came", () => {
  const table = new RouteTable();
  table.set(route("a", A, { communities: [1, 2], med: 5 }));
  table.set(route("b", B, { communities: [2, 1], med: 5 }));
  expect(table.routeFor(A, "any")?.attributes).toBe(table.routeFor(B, "any")?.attributes);
  table.set(route("b", B, { communities: [2, 1], med: 6 }));
  expect(table.routeFor(A, "any")?.attributes).not.toBe(table.routeFor(B, "any")?.attributes);
});

test.each<[string, RouteAttributes, RouteAttributes]>([
  ["localPref", { localPref: 1 }, { localPref: 2 }],
  ["med", { med: 1 }, { med: 2 }],
  ["communities", { communities: [1] }, { communities: [1, 2] }],
  [
    "largeCommunities",
    { largeCommunities: [{ administrator: 1, local1: 2, local2: 3 }] },
    { largeCommunities: [{ administrator: 1, local1: 2, local2: 4 }] },
  ],
  ["prepend", { prepend: 1 }, { prepend: 2 }],
  ["linkBandwidth", { linkBandwidth: 1 }, { linkBandwidth: 2 }],
  ["a field of another name", { localPref: 1 }, { med: 1 }],
])("attributes that differ in %s are two", (_, one, other) => {
  const table = new RouteTable();
  table.set(route("a", A, one));
  table.set(route("b", B, other));
  expect(table.routeFor(A, "any")?.attributes).not.toBe(table.routeFor(B, "any")?.attributes);
  expect(table.routeFor(A, "any")?.attributes).toEqual(one);
});

test("a peer hears of routes that are for it, or for all", () => {
  const table = new RouteTable();
  table.set(route("a", A, { med: 1 }, ["x"]));
  table.set(route("b", A, { med: 2 }, ["y"]));
  expect([
    table.routeFor(A, "x")?.attributes,
    table.routeFor(A, "y")?.attributes,
    table.routeFor(A, "z")?.attributes,
  ]).toEqual([{ med: 1 }, { med: 2 }, undefined]);
  table.set(route("c", A, { med: 3 }));
  expect([table.routeFor(A, "x")?.attributes, table.routeFor(A, "z")?.attributes]).toEqual([{ med: 1 }, { med: 3 }]);
});

test("a route that names a peer goes before one for all, whatever they are called", () => {
  const table = new RouteTable();
  table.set(route("10.0.0.1/32", A, { med: 1 }));
  table.set(route("10.0.0.1/32 x", A, { med: 2 }, ["x"]));
  expect([table.routeFor(A, "x")?.id, table.routeFor(A, "y")?.id]).toEqual(["10.0.0.1/32 x", "10.0.0.1/32"]);
  expect([...table.of(A)].map(({ id }) => id)).toEqual(["10.0.0.1/32", "10.0.0.1/32 x"]);
});

test("says which prefixes a change concerns", () => {
  const table = new RouteTable();
  expect(table.set(route("a", A))).toEqual([A]);
  expect(table.set(route("a", B))).toEqual([A, B]);
  expect(table.routeFor(A, "any")?.attributes).toBeUndefined();
  expect(table.set(route("a", B, { med: 1 }))).toEqual([B]);
  expect(table.delete("a")).toEqual([B]);
  expect(table.delete("a")).toEqual([]);
  expect([...table.prefixes(), ...table.ids()]).toEqual([]);
});
