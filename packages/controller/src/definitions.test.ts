import type { Ip, Prefix } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RouteDefinition } from "./bgp-definition.ts";
import { type Definition, Definitions, type Manner } from "./definitions.ts";

const A = "10.0.0.1" as Ip;
const B = "10.0.0.2" as Ip;
const reach = (...nodes: string[]) => new Map<string, Manner>(nodes.map((node) => [node, { interfaces: "all" }]));

describe("a node", () => {
  test("is told only of the groups that reach it", () => {
    const definitions = new Definitions(10);
    definitions.set({ id: A, addresses: [A] }, reach("n1", "n2"));
    definitions.set({ id: B, addresses: [B] }, reach("n2"));
    expect(definitions.snapshot("n1")).toEqual([{ type: "group", id: A, addresses: [A], interfaces: "all" }]);
    expect(definitions.snapshot("n2").map(({ id }) => id)).toEqual([A, B]);
  });

  test("is told that a group is gone when it does not reach it any more", () => {
    const definitions = new Definitions(10);
    definitions.set({ id: A, addresses: [A] }, reach("n1", "n2"));
    const since = definitions.revision;
    definitions.set({ id: A, addresses: [A] }, reach("n2"));
    expect(definitions.delta("n1", since)).toEqual({ changed: [], removed: [{ type: "group", id: A }] });
  });

  test("hears nothing of a group that never reached it", () => {
    const definitions = new Definitions(10);
    definitions.set({ id: A, addresses: [A] }, reach("n1"));
    definitions.delete(A);
    expect(definitions.delta("n2", 0)).toEqual({ changed: [], removed: [] });
  });

  test("shares one definition with all nodes that announce alike", () => {
    const definitions = new Definitions(10);
    const mixed = new Map<string, Manner>([
      ["n1", { interfaces: ["eth0"] }],
      ["n2", { interfaces: ["eth0"] }],
      ["n3", { interfaces: [] }],
      ["n4", { interfaces: ["eth0"], refreshMs: 1000 }],
    ]);
    definitions.set({ id: A, addresses: [A] }, mixed);
    const [n1, n2, n3, n4] = ["n1", "n2", "n3", "n4"].map((node) => definitions.snapshot(node)[0]);
    expect(n1).toBe(n2);
    expect(n3).toMatchObject({ interfaces: [] });
    expect(n4).toMatchObject({ interfaces: ["eth0"], refreshMs: 1000 });
  });
});

describe("the revision", () => {
  test("stays when a definition is what it was", () => {
    const definitions = new Definitions(10);
    definitions.set({ id: A, addresses: [A] }, reach("n1"));
    definitions.set({ id: A, addresses: [A] }, reach("n1"));
    definitions.delete(B);
    expect(definitions.revision).toBe(1);
  });

  test("rises when other Services hold an address, which is one definition for all nodes", () => {
    const definitions = new Definitions(10);
    const held = (...holders: string[]) => ({ id: A, addresses: [A], holders: [holders] });
    for (const group of [held("a/web"), held("a/web"), held("a/web", "b/mail")]) {
      definitions.set(group, reach("n1", "n2"));
    }
    expect(definitions.revision).toBe(2);
    expect(definitions.snapshot("n1")).toMatchObject([{ holders: [["a/web", "b/mail"]] }]);
    expect(definitions.snapshot("n2")[0]).toBe(definitions.snapshot("n1")[0]);
  });

  test.each([
    ["before what is remembered", 0],
    ["of another log", 1_000],
  ])("%s gives no delta", (_name, since) => {
    const definitions = new Definitions(2);
    for (let round = 0; round < 10; round++) definitions.set({ id: A, addresses: [A] }, reach(`n${round}`));
    expect(definitions.delta("n1", since)).toBeUndefined();
  });
});

describe("a route", () => {
  const route = (id: string): RouteDefinition => ({
    ...{ type: "route", id, prefix: `${id}/32` as Prefix, peers: [], localPref: 0, med: 0 },
    ...{ communities: [], largeCommunities: [], prepend: 0, weight: 0 },
  });

  test("is told to its node only", () => {
    const definitions = new Definitions(10);
    const item = route(A);
    definitions.tell("n1", item);
    expect(definitions.snapshot("n1")).toEqual([item]);
    expect(definitions.snapshot("n2")).toEqual([]);
    expect(definitions.delta("n2", 0)).toEqual({ changed: [], removed: [] });
  });

  test("that is taken back is gone", () => {
    const definitions = new Definitions(10);
    definitions.tell("n1", route(A));
    const since = definitions.revision;
    definitions.untell("n1", { type: "route", id: A });
    expect(definitions.snapshot("n1")).toEqual([]);
    expect(definitions.delta("n1", since)).toEqual({ changed: [], removed: [{ type: "route", id: A }] });
  });

  test("that came and went in between is gone", () => {
    const definitions = new Definitions(10);
    definitions.tell("n1", route(A));
    definitions.untell("n1", { type: "route", id: A });
    definitions.untell("n1", { type: "route", id: A });
    expect(definitions.revision).toBe(2);
    expect(definitions.delta("n1", 0)).toEqual({ changed: [], removed: [{ type: "route", id: A }] });
  });

  test("is no group of that name", () => {
    const definitions = new Definitions(10);
    definitions.set({ id: A, addresses: [A] }, reach("n1"));
    definitions.tell("n1", route(A));
    expect(new Set(definitions.snapshot("n1").map(({ type }) => type))).toEqual(new Set(["group", "route"]));
  });
});

test("a snapshot and all deltas after it make what a later snapshot says", () => {
  const change = fc.record({
    id: fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3"),
    reach: fc.option(
      fc.dictionary(
        fc.constantFrom("n1", "n2"),
        fc.record({
          interfaces: fc.constantFrom<Manner["interfaces"]>("all", ["eth0"]),
          refreshMs: fc.constantFrom(undefined, 1000),
        }),
      ),
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 20 }), fc.nat(20), (changes, cut) => {
      const definitions = new Definitions(1_000);
      const apply = ({ id, reach }: (typeof changes)[number]) =>
        reach ? definitions.set({ id, addresses: [id as Ip] }, new Map(Object.entries(reach))) : definitions.delete(id);
      changes.slice(0, cut).forEach(apply);
      const had = new Map<string, Definition>(definitions.snapshot("n1").map((item) => [item.id, item]));
      const since = definitions.revision;
      changes.slice(cut).forEach(apply);
      const delta = definitions.delta("n1", since);
      for (const item of delta?.changed ?? []) had.set(item.id, item);
      for (const { id } of delta?.removed ?? []) had.delete(id);
      expect(had).toEqual(new Map(definitions.snapshot("n1").map((item: Definition) => [item.id, item])));
    }),
  );
});
