import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Link } from "../link.ts";
import { candidate, GROUP, groupSpec, leading } from "../testing/controller-bench.ts";

describe("the owner of a group that nobody holds", () => {
  test("is the node with the lowest score, when all else is equal", () => {
    const scored = [candidate("a", { score: "9" }), candidate("b", { score: "1" }), candidate("c", { score: "5" })];
    expect(leading(["a", "b", "c"], [groupSpec(GROUP, scored)]).owner()).toBe("b");
  });

  test("is the least loaded node before that", () => {
    const first = groupSpec("10.0.0.1", [candidate("a", { score: "1" }), candidate("b", { score: "2" })]);
    const bench = leading(["a", "b"], [first, { ...first, id: "10.0.0.2" }]);
    expect([bench.owner("10.0.0.1"), bench.owner("10.0.0.2")]).toEqual(["a", "b"]);
  });

  test("is the most preferred node before that, however loaded", () => {
    const preferred = [candidate("a", { preference: 10 }), candidate("b")];
    const specs = [1, 2, 3].map((n) => groupSpec(`10.0.0.${n}`, preferred));
    const bench = leading(["a", "b"], specs);
    expect(specs.map(({ id }) => bench.owner(id))).toEqual(["a", "a", "a"]);
  });

  test.each<[string, Partial<Link>]>([
    ["is down", { up: false }],
    ["has no carrier", { carrier: false }],
    ["was deleted", { present: false }],
    ["can't carry ARP", { arp: false }],
    ["is not the one that the advertisement allows", { name: "eth9" }],
  ])("is not a node whose interface %s", (_, change) => {
    const only = [candidate("a", { interfaces: { ipv4: ["eth0"] } })];
    const bench = leading(["a"], []);
    bench.setLink("a", change);
    bench.step({ type: "group", group: groupSpec(GROUP, only) });
    bench.pass(1_000);
    expect(bench.owner()).toBeUndefined();
    bench.setLink("a", {});
    bench.pass(25);
    expect(bench.owner()).toBe("a");
  });

  test("must have an interface for each family", () => {
    const both = candidate("b", { interfaces: { ipv4: "all", ipv6: "all" }, score: "9" });
    const spec = groupSpec(GROUP, [candidate("a"), both], { families: ["ipv4", "ipv6"] });
    expect(leading(["a", "b"], [spec]).owner()).toBe("b");
  });

  test("is nobody while nobody is permitted", () => {
    const bench = leading(["a"], [groupSpec(GROUP, [])]);
    expect(bench.owner()).toBeUndefined();
    bench.step({ type: "group", group: groupSpec(GROUP, ["a"]) });
    expect(bench.owner()).toBe("a");
  });
});

test("groups spread so that no node gets more than its share, and the order of events changes nothing", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 40 }),
      fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
      (nodes, groups, order) => {
        const names = Array.from("abcde").slice(0, nodes);
        const specs = Array.from({ length: groups }, (_, i) =>
          groupSpec(
            `10.0.0.${i}`,
            names.map((node, n) => candidate(node, { score: `${(i * 7 + n * 3) % 11}` })),
          ),
        );
        const shuffled = specs.toSorted((a, b) => (order[specs.indexOf(a)] ?? 0) - (order[specs.indexOf(b)] ?? 0));
        const [one, other] = [leading(names, specs), leading(names.toReversed(), shuffled)];
        const owners = specs.map(({ id }) => one.owner(id));
        expect(specs.map(({ id }) => other.owner(id))).toEqual(owners);
        for (const node of names) {
          const load = owners.filter((owner) => owner === node).length;
          expect(load).toBeLessThanOrEqual(Math.ceil(groups / nodes));
        }
      },
    ),
    { numRuns: 30 },
  );
});

describe("a node that is strictly preferred", () => {
  const spec = groupSpec(GROUP, [candidate("a"), candidate("b", { preference: 5 })]);

  test("takes over by a hand-over, once it was fit for 10 s", () => {
    const bench = leading(["a"], [spec]);
    expect(bench.owner()).toBe("a");
    bench.hello("b");
    bench.pass(9_900);
    expect(bench.owner()).toBe("a");
    bench.pass(200);
    expect(bench.owner()).toBe("b");
    expect(bench.orders("a")).toEqual(["leave", "revoke"]);
    expect(bench.orders("b")).toEqual(["assign"]);
  });

  test("gets another chance 60 s after a hand-over that failed", () => {
    const bench = leading(["a"], [spec]);
    bench.hello("b");
    bench.speaker("b").obeys = false;
    bench.pass(10_500);
    bench.speaker("b").obeys = true;
    expect(bench.owner()).toBe("a");
    bench.clear();
    bench.pass(59_000);
    expect(bench.orders("b")).toEqual([]);
    bench.pass(1_500);
    expect(bench.owner()).toBe("b");
  });

  test("begins its 10 s anew when it was silent, or its links changed", () => {
    const bench = leading(["a"], [spec]);
    bench.hello("b");
    bench.pass(6_000);
    bench.setLink("b", { carrier: false });
    bench.setLink("b", {});
    bench.pass(6_000);
    expect(bench.owner()).toBe("a");
    bench.pass(4_100);
    expect(bench.owner()).toBe("b");
  });
});
