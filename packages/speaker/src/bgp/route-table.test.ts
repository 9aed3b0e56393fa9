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
  expect(table.attributesFor(A, "any")).toBe(table.attributesFor(B, "any"));
  table.set(route("b", B, { communities: [2, 1], med: 6 }));
  expect(table.attributesFor(A, "any")).not.toBe(table.attributesFor(B, "any"));
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
  expect(table.attributesFor(A, "any")).not.toBe(table.attributesFor(B, "any"));
  expect(table.attributesFor(A, "any")).toEqual(one);
});

test("a peer hears of routes that are for it, or for all", () => {
  const table = new RouteTable();
  table.set(route("a", A, { med: 1 }, ["x"]));
  table.set(route("b", A, { med: 2 }, ["y"]));
  expect([table.attributesFor(A, "x"), table.attributesFor(A, "y"), table.attributesFor(A, "z")]).toEqual([
    { med: 1 },
    { med: 2 },
    undefined,
  ]);
  table.set(route("c", A, { med: 3 }));
  expect([table.attributesFor(A, "x"), table.attributesFor(A, "z")]).toEqual([{ med: 1 }, { med: 3 }]);
});

test("says which prefixes a change concerns", () => {
  const table = new RouteTable();
  expect(table.set(route("a", A))).toEqual([A]);
  expect(table.set(route("a", B))).toEqual([A, B]);
  expect(table.attributesFor(A, "any")).toBeUndefined();
  expect(table.set(route("a", B, { med: 1 }))).toEqual([B]);
  expect(table.delete("a")).toEqual([B]);
  expect(table.delete("a")).toEqual([]);
  expect([...table.prefixes(), ...table.ids()]).toEqual([]);
});
