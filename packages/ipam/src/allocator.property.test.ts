import { type Ip, rangeContains } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import { config, history, poolSet, service } from "./arbitrary.test.fixture.ts";
import type { Change } from "./change.ts";
import { plan } from "./plan.ts";
import { avoids, isForAll } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { whyNotShared } from "./sharing.ts";
import { play, Record } from "./world.test.fixture.ts";

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
              expect(whyNotShared(one, other)).toBeUndefined();
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
      let step = 0;
      play(steps, config, (record, _, actions) => {
        const assigned = actions.filter((action) => action.type === "assign");
        const claims = steps[step++]?.changes.flatMap((each) => (each.type === "service" ? each.service : [])) ?? [];
        const says = (key: string, address: Ip) =>
          claims.some((one) => one.key === key && one.assigned.includes(address));
        for (const { addresses } of assigned) {
          for (const { address, at, by } of before.filter(({ address }) => addresses.includes(address))) {
            const coolDownMs = record.poolOf(address)?.coolDownMs ?? 0;
            // Who may have it at once may share it at once. What a status says is honoured, and chosen anew at once.
            const isBack = assigned.some((each) => {
              const isHonoured = each.cause === "restored" || says(each.service, address);
              return each.addresses.includes(address) && (each.service === by || isHonoured);
            });
            if (!isBack) expect(record.now - at).toBeGreaterThanOrEqual(coolDownMs);
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
