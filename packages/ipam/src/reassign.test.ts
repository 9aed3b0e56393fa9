// `heraldlb.io/reassign` on a Service whose address is stranded.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { history, willing } from "./arbitrary.test.fixture.ts";
import { Bench, pool, service } from "./bench.test.fixture.ts";
import type { PoolInput } from "./pool.ts";
import { play } from "./world.test.fixture.ts";

type Fields = Parameters<typeof service>[1] & object;

const old = pool("old", ["1.2.3.0/32"]);

/** A Service with 1.2.3.0 from a pool that is gone; these pools are there now. */
function stranded(pools: readonly PoolInput[], fields: Fields = {}): Bench {
  const bench = new Bench([old]);
  bench.set("s", fields);
  bench.pools(pools);
  expect(bench.allocator.holding("ns/s")).toMatchObject({ addresses: ["1.2.3.0"], stranded: "addressOutsidePools" });
  return bench;
}

describe("the Service keeps its address, and is told why", () => {
  const full = pool("full", ["5.5.5.0/32"]);

  test.each<[string, PoolInput[], Fields, string]>([
    ["no pool is there", [], {}, "noPools"],
    ["the pool that it asks for is missing", [full], { requestedPool: "old" }, "unknownPool"],
    ["all pools are full", [full], {}, "noAddressAvailable"],
    ["no pool has its family", [pool("six", ["1000::/127"])], {}, "noAddressAvailable"],
    ["its cluster address cannot be read", [full], { clusterIps: ["None"] }, "clusterIpFamilyUnknown"],
  ])("while %s", (_what, pools, fields, reason) => {
    const bench = stranded(pools, { ...fields, clusterIps: ["10.96.0.1"] });
    bench.set("other");
    const reassign = { ...fields, reassign: true };
    expect(bench.set("s", reassign)).toBe("1.2.3.0");
    expect(bench.allocator.holding("ns/s")?.stranded).toBe("addressOutsidePools");
    expect(bench.allocator.refusal("ns/s")?.reason).toBe(reason);
    expect(bench.apply({ type: "service", service: service("s", reassign) })).toEqual([]);
  });
});

test("of a pool that could give its own address again, what it lacks is told", () => {
  const bench = new Bench([pool("old", ["1.2.3.0/32", "1000::/128"])]);
  const both = { stack: "dual", ipFamilies: ["ipv6", "ipv4"] } as const;
  bench.set("s", both);
  bench.pools([pool("six", ["1000::/128"])]);
  bench.set("s", { ...both, reassign: true });
  const lacks = [{ pool: "six", family: "ipv4", reason: "familyNotInPool" }];
  expect(bench.allocator.explain("ns/s")?.refused).toEqual(lacks);
});

describe("the Service moves as soon as it can", () => {
  const moved = [
    { type: "release", service: "ns/s", addresses: ["1.2.3.0"], reason: "reassignRequested" },
    { type: "assign", service: "ns/s", addresses: ["5.5.5.0"], pool: "new", cause: "allocated" },
  ];
  const one = pool("new", ["5.5.5.0/32"]);

  test("at once if another address is there", () => {
    const bench = stranded([one]);
    expect(bench.apply({ type: "service", service: service("s", { reassign: true }) })).toMatchObject(moved);
    expect(bench.allocator.refusal("ns/s")).toBeUndefined();
  });

  test("when a pool comes", () => {
    const bench = stranded([]);
    bench.set("s", { reassign: true });
    expect(bench.pools([one])).toMatchObject(moved);
    expect(bench.allocator.refusal("ns/s")).toBeUndefined();
  });

  test("when an address is given up, after those who have none", () => {
    const bench = stranded([one]);
    bench.set("first");
    bench.set("s", { reassign: true, createdAt: 1 });
    bench.set("second", { createdAt: 2 });
    expect(bench.remove("first")).toMatchObject([{ type: "release" }, { type: "assign", service: "ns/second" }]);
    expect(bench.has("s")).toBe("1.2.3.0");
    expect(bench.remove("second")).toMatchObject([{ type: "release", service: "ns/second" }, ...moved]);
  });

  test("when an address has rested", () => {
    const resting = pool("new", ["5.5.5.0/32"], { coolDownMs: 1000 });
    const bench = stranded([resting]);
    bench.set("first");
    bench.remove("first");
    expect(bench.set("s", { reassign: true })).toBe("1.2.3.0");
    expect(bench.allocator.wakeAt).toBe(bench.now + 1000);
    expect(bench.wait(1000)).toMatchObject(moved);
  });

  test("what it gives up goes to who waits for it", () => {
    const closed = pool("old", ["1.2.3.0/32"], {
      allocation: { priority: 0, namespaces: ["x"], serviceSelectors: [] },
    });
    const bench = new Bench([old]);
    bench.set("s");
    bench.pools([closed, pool("new", ["5.5.5.0/32"], { autoAssign: false })]);
    bench.set("waiting", { namespace: "x", requestedPool: "old" });
    bench.set("s", { reassign: true });
    expect([bench.has("s"), bench.has("waiting")]).toEqual(["1.2.3.0", "poolExhausted"]);
    bench.pools([closed, one]);
    expect([bench.has("s"), bench.has("waiting")]).toEqual(["5.5.5.0", "1.2.3.0"]);
  });
});

test("it stays where it is once its pool has the address again", () => {
  const bench = stranded([]);
  bench.set("s", { reassign: true });
  bench.pools([old, pool("new", ["5.5.5.0/32"])]);
  expect(bench.allocator.holding("ns/s")).toEqual(expect.objectContaining({ addresses: ["1.2.3.0"], pool: "old" }));
  expect(bench.allocator.holding("ns/s")?.stranded).toBeUndefined();
  expect(bench.allocator.refusal("ns/s")).toBeUndefined();
});

test("nobody gives up a stranded address without getting another one", () => {
  let moves = 0;
  fc.assert(
    fc.property(fc.oneof(history, willing), (steps) => {
      let before: ReadonlySet<string> = new Set();
      play(steps, { onStranded: "keep" }, ({ held }, _, actions) => {
        for (const action of actions) {
          if (action.type !== "release" || action.reason !== "reassignRequested") continue;
          // A stranger's address goes, whatever may be had.
          if (!before.has(action.service)) continue;
          expect(held.get(action.service)?.addresses).not.toEqual(action.addresses);
          expect(held.has(action.service)).toBe(true);
          moves++;
        }
        before = new Set(held.keys().filter((key) => held.get(key)?.pool));
      });
    }),
    { numRuns: 1000 },
  );
  expect(moves).toBeGreaterThan(0);
}, 60_000);
