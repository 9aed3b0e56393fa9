import { type Ip, parseIp, parsePrefix, prefixToRange } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import type { Held } from "./ledger.ts";
import { plan } from "./plan.ts";
import type { PoolInput, PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { mayShare } from "./sharing.ts";

const range = (text: string) => prefixToRange(parsePrefix(text) ?? expect.fail(text));
const BLOCKS = ["10.0.0.0/31", "10.0.0.254/31", "10.0.1.0/31", "fd00::/127", "fd01::/127", "10.0.2.0/30"].map(range);
const REQUESTS = [
  "",
  "",
  "",
  "10.0.0.1",
  "10.0.1.0",
  "fd00::1",
  "10.0.0.0, fd00::",
  "10.0.2.2,fd01::1",
  "9.9.9.9",
  "bad",
];

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
    requestedIps: fc.constantFrom(...REQUESTS),
    loadBalancerIp: fc.constantFrom("", "", "", "10.0.0.0"),
    sharingKey: fc.constantFrom("", "k1", "k2"),
    backendKey: fc.constantFrom("", "app=a"),
    ports: fc.subarray([80, 443, 53]).map((ports) => ports.map((port) => ({ protocol: "TCP", port }))),
    createdAt: fc.constantFrom(undefined, 1, 2),
    reassign: fc.constantFrom(false, false, true),
  })
  .map(({ id, ...rest }) => ({ ...rest, key: `n/s${id}`, assigned: [] }));

/** Few pool sets that come again and again, so that a pool often stays as it was. */
const familiarSet: fc.Arbitrary<PoolSet> = fc
  .record({ kept: fc.subarray([0, 1, 2, 3, 4, 5]), setAside: fc.boolean() })
  .map(({ kept, setAside }) => {
    const pools = kept.map((i): PoolInput => {
      return { name: `pool${i}`, ranges: BLOCKS.slice(i, i + 1), autoAssign: true, avoidBuggyIps: false };
    });
    return { pools, setAside };
  });

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: service.map((service): Change => ({ type: "service", service })) },
  { weight: 2, arbitrary: service.map(({ key }): Change => ({ type: "serviceRemoved", key })) },
  { weight: 1, arbitrary: fc.oneof(poolSet, familiarSet).map((set): Change => ({ type: "pools", set })) },
);
const history = fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
const config: fc.Arbitrary<AllocatorConfig> = fc.record({ onStranded: fc.constantFrom("keep", "reassign") });

/** The world as its owner sees it: the last word on each thing. */
class Record {
  readonly services = new Map<string, ServiceInput>();
  pools: PoolSet = { pools: [], setAside: false };
  readonly held = new Map<string, Held>();

  note(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.type === "pools") this.pools = change.set;
      else if (change.type === "service") this.services.set(change.service.key, change.service);
      else this.services.delete(change.key);
    }
  }

  carryOut(actions: readonly Action[]): void {
    for (const action of actions) {
      if (action.type === "release") this.held.delete(action.service);
      if (action.type !== "assign") continue;
      const { addresses, pool, stranded, service } = action;
      this.held.set(service, { addresses, pool, stranded, terms: this.services.get(service) as ServiceInput });
    }
    // A Service that keeps its addresses holds them on its newest terms.
    for (const [key, held] of this.held) this.held.set(key, { ...held, terms: this.services.get(key) ?? held.terms });
  }

  world() {
    return { ...this.pools, services: Array.from(this.services.values()), held: this.held };
  }
}

const sorted = (actions: readonly Action[]) =>
  actions.filter(({ type }) => type !== "refuse").toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const refusals = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.type === "refuse" ? [[action.service, action.reason, action.message]] : []));

function run(
  steps: readonly (readonly Change[])[],
  config: AllocatorConfig,
  check: (record: Record, allocator: Allocator) => void,
) {
  const allocator = new Allocator(config);
  const record = new Record();
  for (const changes of steps) {
    record.note(changes);
    record.carryOut(allocator.apply(changes));
    check(record, allocator);
  }
  return { allocator, record };
}

test("decides incrementally what the plan decides from scratch", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      const allocator = new Allocator(config);
      const record = new Record();
      for (const changes of steps) {
        record.note(changes);
        const expected = plan(record.world(), config);
        const actions = allocator.apply(changes);
        expect(sorted(actions)).toEqual(sorted(expected));
        // Who waits is the same; the reason may be the one of the time when the Service was last asked.
        expect(refusals(expected)).toEqual(expect.arrayContaining(refusals(actions)));
        for (const key of record.services.keys()) {
          const isRefused = expected.some((action) => action.type === "refuse" && action.service === key);
          expect(allocator.refusal(key) !== undefined, key).toBe(isRefused);
        }
        record.carryOut(actions);
      }
    }),
    { numRuns: 1000 },
  );
}, 60_000);

test("planning again yields nothing but refusals", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      run(steps, config, (record) => {
        expect(sorted(plan(record.world(), config))).toEqual([]);
      });
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("gives no address twice unless its holders share it", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      run(steps, config, ({ held, services }) => {
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

test("gives only addresses of one pool in force, at most one a family", () => {
  fc.assert(
    fc.property(history, config, (steps, config) => {
      const allocator = new Allocator(config);
      let pools: readonly PoolInput[] = [];
      for (const changes of steps) {
        for (const change of changes) if (change.type === "pools") pools = change.set.pools;
        for (const action of allocator.apply(changes)) {
          if (action.type !== "assign" || action.cause !== "allocated") continue;
          const pool = pools.find(({ name }) => name === action.pool);
          const text = JSON.stringify(pool);
          expect(pool, text).toBeDefined();
          for (const address of action.addresses) {
            expect(BLOCKS.some((block) => pool?.ranges.includes(block) && inBlock(block, address))).toBe(true);
          }
          expect(new Set(action.addresses.map((address) => address.includes(":"))).size).toBe(action.addresses.length);
        }
      }
    }),
    { numRuns: 500 },
  );
}, 60_000);

test("a restart keeps every address, whatever the order of listing", () => {
  fc.assert(
    fc.property(history, config, fc.integer(), (steps, config, seed) => {
      const { record } = run(steps, config, () => {});
      const stored = Array.from(record.services.values(), (service): ServiceInput => {
        const held = record.held.get(service.key);
        return { ...service, assigned: held?.addresses ?? [], assignedPool: held?.pool };
      });
      const shuffled = stored.toSorted((a, b) => hash(a.key, seed) - hash(b.key, seed));
      const restarted = new Allocator(config);
      restarted.apply([
        ...shuffled.map((service): Change => ({ type: "service", service })),
        { type: "pools", set: record.pools },
      ]);
      for (const [key, held] of record.held) {
        expect(restarted.holding(key)?.addresses).toEqual(held.addresses);
        expect(restarted.holding(key)?.stranded).toEqual(held.stranded);
      }
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
          allocator.apply([{ type: "pools", set }, ...order.map((service): Change => ({ type: "service", service }))]);
          return services.map(({ key }) => [key, allocator.holding(key)?.addresses, allocator.refusal(key)]);
        };
        expect(start(services.toSorted((a, b) => hash(a.key, seed) - hash(b.key, seed)))).toEqual(start(services));
      },
    ),
    { numRuns: 500 },
  );
}, 60_000);

function inBlock(block: string, address: string): boolean {
  const [first, last] = block.split("-").map((text) => parseIp(text) as Ip);
  return address.length > 0 && first !== undefined && last !== undefined && between(first, address as Ip, last);
}

function between(first: Ip, address: Ip, last: Ip): boolean {
  if (first.includes(":") !== address.includes(":")) return false;
  return [first, address, last].toSorted(byNumber)[1] === address;
}

function byNumber(a: Ip, b: Ip): number {
  return a.localeCompare(b, "en", { numeric: true });
}

function hash(text: string, seed: number): number {
  return Array.from(text).reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) | 0, seed);
}
