import type { Ip } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AddressGroup, Groups } from "./groups.ts";

const ip = (text: string) => text as Ip;
const V4 = ip("10.0.0.1");
const V4B = ip("10.0.0.2");
const V6 = ip("fd00::1");

describe("a group", () => {
  test("holds both families of a Service, IPv4 first", () => {
    const groups = new Groups();
    expect(groups.set("a/web", [V6, V4])).toEqual({
      changed: [{ id: "10.0.0.1", addresses: ["10.0.0.1", "fd00::1"], services: ["a/web"] }],
      removed: [],
    });
  });

  test("holds all Services that share an address", () => {
    const groups = new Groups();
    groups.set("a/tcp", [V4]);
    expect(groups.set("b/udp", [V4]).changed).toEqual([
      { id: "10.0.0.1", addresses: ["10.0.0.1"], services: ["a/tcp", "b/udp"] },
    ]);
  });

  test("keeps its id when an address that sorts before it joins", () => {
    const groups = new Groups();
    groups.set("a/web", [V6]);
    expect(groups.set("a/web", [V4, V6])).toEqual({
      changed: [{ id: "fd00::1", addresses: ["10.0.0.1", "fd00::1"], services: ["a/web"] }],
      removed: [],
    });
  });

  test("merges with another one, which ends", () => {
    const groups = new Groups();
    groups.set("a/one", [V4]);
    groups.set("a/two", [V6]);
    expect(groups.set("a/both", [V4, V6])).toEqual({
      changed: [{ id: "10.0.0.1", addresses: ["10.0.0.1", "fd00::1"], services: ["a/both", "a/one", "a/two"] }],
      removed: ["fd00::1"],
    });
  });

  test("keeps the id of the one whose owner was decided last when two merge", () => {
    const groups = new Groups((ids) => ids.find((id) => id === V6));
    groups.set("a/one", [V4]);
    groups.set("a/two", [V6]);
    const { changed, removed } = groups.set("a/both", [V4, V6]);
    expect(changed.map(({ id, addresses }) => ({ id, addresses }))).toEqual([{ id: V6, addresses: [V4, V6] }]);
    expect(removed).toEqual([V4]);
  });

  test("falls apart when the Service that tied it goes", () => {
    const groups = new Groups();
    groups.set("a/one", [V4]);
    groups.set("a/two", [V6]);
    groups.set("a/both", [V4, V6]);
    const { changed, removed } = groups.set("a/both", []);
    expect(changed.map(({ id }) => id)).toEqual(["10.0.0.1", "fd00::1"]);
    expect(removed).toEqual([]);
  });

  test("ends with its last Service", () => {
    const groups = new Groups();
    groups.set("a/web", [V4]);
    expect(groups.set("a/web", [])).toEqual({
      changed: [],
      removed: ["10.0.0.1"],
    });
    expect(groups.size).toBe(0);
  });

  test("moves with its Service to another address", () => {
    const groups = new Groups();
    groups.set("a/web", [V4]);
    expect(groups.set("a/web", [V4B])).toEqual({
      changed: [{ id: "10.0.0.2", addresses: ["10.0.0.2"], services: ["a/web"] }],
      removed: ["10.0.0.1"],
    });
    expect(groups.of("a/web")?.id).toBe("10.0.0.2");
  });

  test("is not touched by a change that changes nothing", () => {
    const groups = new Groups();
    groups.set("a/web", [V4]);
    expect(groups.set("a/web", [V4])).toEqual({ changed: [], removed: [] });
  });
});

test("after any changes the groups are the connected parts of Services and addresses", () => {
  const change = fc.record({
    service: fc.constantFrom("s1", "s2", "s3", "s4", "s5"),
    addresses: fc.subarray(["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2"].map(ip), { maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      const groups = new Groups();
      const known = new Map<string, AddressGroup>();
      const held = new Map<string, readonly Ip[]>();
      for (const { service, addresses } of changes) {
        const result = groups.set(service, addresses);
        for (const group of result.changed) known.set(group.id, group);
        for (const id of result.removed) known.delete(id);
        held.set(service, addresses);
      }
      expect(new Set(known.values())).toEqual(new Set(groups.all()));
      const seen = new Set<string>();
      for (const group of groups.all()) {
        expect(group.addresses).toContain(group.id);
        for (const address of group.addresses) {
          expect(seen.has(address)).toBe(false);
          seen.add(address);
        }
        for (const service of group.services) {
          for (const address of held.get(service) ?? []) expect(group.addresses).toContain(address);
        }
      }
      expect(seen).toEqual(new Set([...held.values()].flat()));
    }),
  );
});

test("an address is held by the Services that have it, in order", () => {
  const groups = new Groups();
  groups.set("b/both", [V4, V6]);
  groups.set("a/four", [V4]);
  expect([V4, V6, V4B].map((address) => groups.holdersOf(address))).toEqual([["a/four", "b/both"], ["b/both"], []]);
});
