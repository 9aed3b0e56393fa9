import { type Ip, parsePrefix, prefixToRange, rangeContains } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import { plan } from "./plan.ts";
import { avoids, isForAll, type PoolInput, type PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { mayShare } from "./sharing.ts";
import { play, Record, type Step } from "./world.test.fixture.ts";

const range = (text: string) => prefixToRange(parsePrefix(text) ?? expect.fail(text));
const BLOCKS = ["10.0.0.0/31", "10.0.0.254/31", "10.0.1.0/31", "fd00::/127", "fd01::/127", "10.0.2.0/30"].map(range);
const RESERVED = ["10.0.0.1/32", "10.0.2.0/31", "fd00::1/128"].map(range);
const WISHES = ["10.0.0.1", "10.0.1.0", "fd00::1", "10.0.0.0, fd00::", "10.0.2.2,fd01::1", "9.9.9.9", "bad"];

const selector = { requirements: [{ operator: "In", key: "team", values: ["a"] }] } as const;
const allocation = fc.record({
  priority: fc.integer({ min: 0, max: 2 }),
  namespaces: fc.constantFrom(undefined, ["n1"], ["n1", "n2"], []),
  serviceSelectors: fc.constantFrom([], [selector]),
});
/** Deals the blocks out to three pools, and leaves some out. */
const poolSet: fc.Arbitrary<PoolSet> = fc
  .record({
    owners: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: BLOCKS.length, maxLength: BLOCKS.length }),
    settings: fc.array(
      fc.record({
        autoAssign: fc.boolean(),
        avoidBuggyIps: fc.boolean(),
        allocation: fc.option(allocation, { nil: undefined, freq: 3 }),
        quotaPerNamespace: fc.constantFrom(undefined, undefined, 0, 1, 2),
        coolDownMs: fc.constantFrom(undefined, 0, 2, 4),
        reserved: fc.constantFrom(undefined, undefined, RESERVED),
      }),
      { minLength: 3, maxLength: 3 },
    ),
    setAside: fc.boolean(),
  })
  .map(({ owners, settings, setAside }) => {
    const pools = settings.map((setting, i): PoolInput => {
      return { ...setting, name: `pool${i}`, ranges: BLOCKS.filter((_, block) => owners[block] === i) };
    });
    return { pools: pools.filter(({ ranges }) => ranges.length > 0), setAside };
  });

const service: fc.Arbitrary<ServiceInput> = fc
  .record({
    id: fc.integer({ min: 0, max: 7 }),
    namespace: fc.constantFrom("n1", "n2"),
    labels: fc.constantFrom({}, { team: "a" }),
    clusterIps: fc.constantFrom(["1.1.1.1"], ["2::2"], ["1.1.1.1", "2::2"], undefined, [], ["None"]),
    ipFamilies: fc.constantFrom(["ipv4"] as const, ["ipv6"] as const, ["ipv6", "ipv4"] as const),
    ipFamilyPolicy: fc.constantFrom("SingleStack" as const, "PreferDualStack" as const, "RequireDualStack" as const),
    requestedPool: fc.constantFrom(undefined, undefined, "pool0", "pool1", "nope"),
    requestedIps: fc.constantFrom("", "", "", ...WISHES),
    loadBalancerIp: fc.constantFrom("", "", "", "10.0.0.0"),
    sharingKey: fc.constantFrom("", "k1", "k2"),
    backendKey: fc.constantFrom("", "app=a"),
    ports: fc.subarray([80, 443, 53]).map((ports) => ports.map((port) => ({ protocol: "TCP", port }))),
    createdAt: fc.constantFrom(undefined, 1, 2),
    reassign: fc.constantFrom(false, false, true),
    assigned: fc.constantFrom([], [], [], ["10.0.0.1"], ["fd00::1"], ["10.0.0.0", "fd00::"], ["9.9.9.9"]),
    assignedPool: fc.constantFrom(undefined, "pool0", "gone"),
  })
  .map(({ id, assigned, ...rest }) => ({
    ...rest,
    key: `n/s${id}`,
    assigned: assigned as readonly string[] as readonly Ip[],
  }));

/** Few pool sets that come again and again, so that a pool often stays as it was. */
const familiarSet: fc.Arbitrary<PoolSet> = fc
  .record({ kept: fc.subarray([0, 1, 2, 3, 4, 5]), setAside: fc.boolean() })
  .map(({ kept, setAside }) => {
    const pools = kept.map((i): PoolInput => {
      const coolDownMs = i % 2 === 0 ? 3 : undefined;
      return { name: `pool${i}`, ranges: BLOCKS.slice(i, i + 1), autoAssign: true, avoidBuggyIps: false, coolDownMs };
    });
    return { pools, setAside };
  });

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: service.map((service): Change => ({ type: "service", service })) },
  { weight: 2, arbitrary: service.map(({ key }): Change => ({ type: "serviceRemoved", key })) },
  { weight: 1, arbitrary: fc.oneof(poolSet, familiarSet).map((set): Change => ({ type: "pools", set })) },
);

const history: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ changes: fc.array(change, { maxLength: 4 }), later: fc.integer({ min: 0, max: 3 }) }),
  { minLength: 1, maxLength: 12 },
);

const config: fc.Arbitrary<AllocatorConfig> = fc.record({ onStranded: fc.constantFrom("keep", "reassign") });

const sorted = (actions: readonly Action[]) =>
  actions.filter(({ type }) => type !== "refuse").toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const refusals = (actions: readonly Action[]) => actions.filter(({ type }) => type === "refuse");

test("decides incrementally what the plan decides from scratch", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      const allocator = new Allocator(config);
      const record = new Record();
      for (const step of steps) {
        record.note(step);
        const expected = plan(record.world(), config);
        const actions = allocator.apply(step.changes, record.now);
        expect(sorted(actions)).toEqual(sorted(expected));
        // Who waits is the same; the reason may be the one of the time when the Service was last asked.
        expect(refusals(expected)).toEqual(expect.arrayContaining(refusals(actions)));
        for (const key of record.services.keys()) {
          const isRefused = expected.some((action) => action.type === "refuse" && action.service === key);
          expect(allocator.refusal(key) !== undefined, key).toBe(isRefused);
        }
        record.carryOut(actions);
        const hasClaims = step.changes.some(
          (change) => change.type === "service" && change.service.assigned.length > 0,
        );
        if (hasClaims) record.freed = allocator.freed;
        expect(allocator.freed).toEqual(record.freed);
      }
    }),
    { numRuns: 1000 },
  );
}, 60_000);

test("planning again yields nothing but refusals", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      play(steps, config, (record) => expect(sorted(plan(record.world(), config))).toEqual([]));
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("applying nothing at the same time changes nothing", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      play(steps, config, ({ now, services }, allocator) => {
        expect(allocator.apply([], now)).toEqual([]);
        const again = Array.from(services.values(), (service): Change => ({ type: "service", service }));
        const { freed } = allocator;
        expect(sorted(allocator.apply(again, now))).toEqual([]);
        expect(allocator.freed).toBe(freed);
      });
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("gives no address twice unless its holders share it", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      play(steps, config, ({ held, services }) => {
        const seen = new Map<Ip, ServiceInput[]>();
        for (const [key, { addresses }] of held) {
          const one = services.get(key) as ServiceInput;
          for (const address of addresses) {
            for (const other of seen.get(address) ?? []) {
              expect(mayShare(one, other)).toBe(true);
              const ports = new Set(one.ports.map(({ port }) => port));
              expect(other.ports.filter(({ port }) => ports.has(port))).toEqual([]);
            }
            seen.set(address, [...(seen.get(address) ?? []), one]);
          }
        }
      });
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("gives only addresses of one pool in force that it gives out, at most one a family", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      play(steps, config, ({ pools, services }, _, actions) => {
        for (const action of actions) {
          if (action.type !== "assign" || (action.cause !== "allocated" && action.cause !== "addressAdded")) continue;
          const pool = pools.pools.find(({ name }) => name === action.pool) ?? expect.fail(action.pool);
          const { requestedIps, loadBalancerIp } = services.get(action.service) as ServiceInput;
          for (const address of action.addresses) {
            expect(pool.ranges.some((range) => rangeContains(range, address))).toBe(true);
            expect(avoids(pool, address)).toBe(false);
            if (action.cause === "allocated" && !requestedIps && !loadBalancerIp) {
              expect(isForAll(pool, address)).toBe(true);
            }
          }
          expect(new Set(action.addresses.map((address) => address.includes(":"))).size).toBe(action.addresses.length);
        }
      });
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("no namespace gets more of a pool than its quota", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      const before = new Map<string, Set<Ip>>();
      play(steps, config, ({ held, pools }, _, actions) => {
        const now = new Map<string, Set<Ip>>();
        for (const { pool, namespace, addresses } of held.values()) {
          const key = `${pool} ${namespace}`;
          now.set(key, new Set([...(now.get(key) ?? []), ...addresses]));
        }
        // What is honoured counts as had before.
        for (const action of actions) {
          if (action.type !== "assign" || (action.cause !== "restored" && action.cause !== "poolChanged")) continue;
          const key = `${action.pool} ${held.get(action.service)?.namespace}`;
          before.set(key, new Set([...(before.get(key) ?? []), ...action.addresses]));
        }
        for (const action of actions) {
          if (action.type !== "assign" || (action.cause !== "allocated" && action.cause !== "addressAdded")) continue;
          const namespace = held.get(action.service)?.namespace;
          const quota = pools.pools.find(({ name }) => name === action.pool)?.quotaPerNamespace;
          const mine = now.get(`${action.pool} ${namespace}`);
          const isNew = action.addresses.some((address) => !before.get(`${action.pool} ${namespace}`)?.has(address));
          if (quota !== undefined && isNew) expect(mine?.size).toBeLessThanOrEqual(quota);
        }
        before.clear();
        for (const [key, addresses] of now) before.set(key, addresses);
      });
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("nobody but its last holder gets an address before its cool-down is over", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      let before: Record["freed"] = [];
      play(steps, config, (record, _, actions) => {
        for (const action of actions) {
          if (action.type !== "assign" || action.cause === "restored") continue;
          for (const { address, at, by } of before.filter(({ address }) => action.addresses.includes(address))) {
            const coolDownMs = record.poolOf(address)?.coolDownMs ?? 0;
            if (by !== action.service) expect(record.now - at).toBeGreaterThanOrEqual(coolDownMs);
          }
        }
        before = record.freed;
      });
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("a restart keeps every address and every cool-down, whatever the order of listing", () => {
  fc.assert(
    fc.property(history, config, fc.integer(), (steps, config, seed) => {
      const { record } = play(steps, config);
      const stored = Array.from(record.services.values(), (service): ServiceInput => {
        const held = record.held.get(service.key);
        return { ...service, assigned: held?.addresses ?? [], assignedPool: held?.pool };
      });
      const shuffled = stored.toSorted((a, b) => hash(a.key, seed) - hash(b.key, seed));
      const restarted = new Allocator(config);
      restarted.apply(
        [
          ...shuffled.map((service): Change => ({ type: "service", service })),
          { type: "freed", freed: record.freed },
          { type: "pools", set: record.pools },
        ],
        record.now,
      );
      for (const [key, held] of record.held) {
        expect(restarted.holding(key)?.addresses).toEqual(held.addresses);
        expect(restarted.holding(key)?.stranded).toEqual(held.stranded);
      }
      expect(restarted.freed).toEqual(record.freed);
    }),
    { numRuns: 1000 },
  );
}, 60_000);

test("a shuffled cold start gives the same addresses", () => {
  fc.assert(
    fc.property(
      poolSet,
      fc.uniqueArray(service, { selector: ({ key }) => key }),
      fc.integer(),
      (set, services, seed) => {
        const start = (order: readonly ServiceInput[]) => {
          const allocator = new Allocator({ onStranded: "keep" });
          const changes = order.map((service): Change => ({ type: "service", service }));
          allocator.apply([{ type: "pools", set }, ...changes], 0);
          return services.map(({ key }) => allocator.explain(key));
        };
        expect(start(services.toSorted((a, b) => hash(a.key, seed) - hash(b.key, seed)))).toEqual(start(services));
      },
    ),
    { numRuns: 500 },
  );
}, 60_000);

test("every refusal names the pools that could have been meant", () => {
  const NO_POOL_IS_MEANT = ["noClusterIps", "notEnoughClusterIps", "clusterIpFamilyUnknown", "conflictingRequests"];
  fc.assert(
    fc.property(history, config, (steps, config) => {
      play(steps, config, ({ pools }, _, actions) => {
        for (const action of actions) {
          if (action.type !== "refuse") continue;
          const names = action.refused.map(({ pool }) => pool);
          expect(new Set(names).size).toBe(names.length);
          if (NO_POOL_IS_MEANT.includes(action.reason)) expect(names).toEqual([]);
          if (action.reason === "noAddressAvailable") expect(names).toHaveLength(pools.pools.length);
        }
      });
    }),
    { numRuns: 300 },
  );
}, 60_000);

function hash(text: string, seed: number): number {
  return Array.from(text).reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, seed);
}
