import { parsePrefix } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BgpRoute } from "./bgp.ts";
import { RouteTable } from "./route-table.ts";

function route(rest: Partial<BgpRoute> = {}): BgpRoute {
  const prefix = parsePrefix("10.0.0.0/24") ?? expect.fail("no prefix");
  return { ...{ prefix, localPref: 0, communities: [], prepend: 0, peers: [] }, ...rest };
}

/** What a peer is told. */
function told(table: RouteTable, peer: string): readonly BgpRoute[] {
  return [...table.routes.values()].flatMap((routes) => {
    const special = routes.find(({ peers }) => peers.includes(peer));
    return special ?? routes.find(({ peers }) => peers.length === 0) ?? [];
  });
}

describe("a prefix of several Services", () => {
  test("stays as long as one of them wants it", () => {
    const table = new RouteTable();
    expect(table.set("a", [route()])).toEqual(["10.0.0.0/24"]);
    expect(table.set("b", [route()])).toEqual([]);
    expect(table.set("a", [])).toEqual([]);
    expect(table.set("b", [])).toEqual(["10.0.0.0/24"]);
    expect(table.routes.size).toBe(0);
  });

  test("unites communities, adds up weights, and takes the better of what contradicts", () => {
    const table = new RouteTable();
    table.set("a", [route({ communities: ["1:2"], localPref: 100, med: 5, prepend: 2, weight: 2 })]);
    table.set("b", [route({ communities: ["1:1"], localPref: 200, med: 7, weight: 3 })]);
    expect(table.routes.get(route().prefix)).toEqual([
      route({ communities: ["1:1", "1:2"], localPref: 200, med: 5, weight: 5 }),
    ]);
  });
});

test("Services and prefixes are found by each other", () => {
  const other = route({ prefix: parsePrefix("10.1.0.0/24") ?? expect.fail("no prefix") });
  const table = new RouteTable();
  table.set("a", [route(), route({ peers: ["r1"] }), other]);
  table.set("b", [route()]);
  expect([...table.prefixesOf("a")]).toEqual(["10.0.0.0/24", "10.1.0.0/24"]);
  expect([[...table.servicesOf(route().prefix)], [...table.servicesOf(other.prefix)]]).toEqual([["a", "b"], ["a"]]);
  table.set("a", []);
  expect([[...table.prefixesOf("a")], [...table.servicesOf(other.prefix)]]).toEqual([[], []]);
});

describe("a prefix for certain peers", () => {
  test("is one route for those who are told alike", () => {
    const table = new RouteTable();
    table.set("a", [route({ peers: ["r1", "r2"], localPref: 100 })]);
    expect(table.routes.get(route().prefix)).toEqual([route({ peers: ["r1", "r2"], localPref: 100 })]);
  });

  test("goes with what all are told", () => {
    const table = new RouteTable();
    table.set("a", [route({ communities: ["1:1"] }), route({ peers: ["r1"], communities: ["1:2"] })]);
    expect(told(table, "r1")[0]?.communities).toEqual(["1:1", "1:2"]);
    expect(told(table, "r2")[0]?.communities).toEqual(["1:1"]);
  });

  test("is not told to others", () => {
    const table = new RouteTable();
    table.set("a", [route({ peers: ["r1"] })]);
    expect(told(table, "r2")).toEqual([]);
  });
});

const anyRoute = fc
  .record({
    prefix: fc.constantFrom("10.0.0.0/24", "10.0.1.0/24", "2001:db8::/64"),
    localPref: fc.constantFrom(0, 100, 200),
    communities: fc.uniqueArray(fc.constantFrom("1:1", "1:2", "1:3")),
    med: fc.option(fc.nat(3), { nil: undefined }),
    prepend: fc.nat(2),
    weight: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    peers: fc.uniqueArray(fc.constantFrom("r1", "r2")),
  })
  .map((fields): BgpRoute => ({ ...fields, prefix: parsePrefix(fields.prefix) ?? expect.fail("no prefix") }));

const edits = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.array(anyRoute, { maxLength: 3 })), {
  maxLength: 12,
});

test("after any edits each peer is told what a new table would tell it, in whatever order it is filled", () => {
  fc.assert(
    fc.property(edits, (steps) => {
      const table = new RouteTable();
      for (const [service, routes] of steps) table.set(service, routes);
      const fresh = new RouteTable();
      const last = new Map(steps);
      for (const [service, routes] of [...last].toReversed()) fresh.set(service, routes.toReversed());
      for (const peer of ["r1", "r2", "r3"]) {
        const byPrefix = (a: BgpRoute, b: BgpRoute) => (a.prefix < b.prefix ? -1 : 1);
        const plain = (from: RouteTable) =>
          told(from, peer)
            .map((one) => ({ ...one, peers: [] }))
            .toSorted(byPrefix);
        expect(plain(table)).toEqual(plain(fresh));
      }
    }),
  );
});

test("a change names exactly the prefixes that are announced differently", () => {
  fc.assert(
    fc.property(edits, (steps) => {
      const table = new RouteTable();
      for (const [service, routes] of steps) {
        const before = new Map(table.routes);
        const changed = table.set(service, routes);
        const different = new Set([...before.keys(), ...table.routes.keys()]);
        const really = [...different].filter((prefix) => {
          return JSON.stringify(before.get(prefix)) !== JSON.stringify(table.routes.get(prefix));
        });
        expect(new Set(changed)).toEqual(new Set(really));
      }
    }),
  );
});
