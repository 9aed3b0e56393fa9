import { type Ip, type IpRange, parsePrefix, prefixToRange } from "@heraldlb/net";
import fc from "fast-check";
import { expect } from "vitest";
import type { AllocatorConfig, Change } from "./change.ts";
import type { PoolInput, PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import type { Step } from "./world.test.fixture.ts";

const range = (text: string): IpRange => prefixToRange(parsePrefix(text) ?? expect.fail(text));
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
export const poolSet: fc.Arbitrary<PoolSet> = fc
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

/** Services of two namespaces with few wishes, so that they often meet. */
export const service: fc.Arbitrary<ServiceInput> = fc
  .record({
    id: fc.integer({ min: 0, max: 7 }),
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
    unclear: fc.constantFrom(undefined, undefined, undefined, "why"),
    assigned: fc.constantFrom([], [], [], ["10.0.0.1"], ["fd00::1"], ["10.0.0.0", "fd00::"], ["9.9.9.9"]),
    assignedPool: fc.constantFrom(undefined, "pool0", "gone"),
  })
  .map(({ id, assigned, ...rest }) => {
    // A Service never changes its namespace.
    const namespace = id % 2 === 0 ? "n1" : "n2";
    return {
      ...rest,
      ...{ namespace, key: `${namespace}/s${id}` },
      assigned: assigned as readonly string[] as readonly Ip[],
    };
  });

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

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ changes: fc.array(change, { maxLength: 4 }), later: fc.integer({ min: 0, max: 3 }) }),
  { minLength: 1, maxLength: 12 },
);

/** What happens to Services that all would rather have another address, and are content with any. */
export const willing: fc.Arbitrary<Step[]> = steps.map((steps) =>
  steps.map((step) => ({ ...step, changes: step.changes.map(madeWilling) })),
);

function madeWilling(change: Change): Change {
  if (change.type !== "service") return change;
  const content = { requestedPool: undefined, requestedIps: "", loadBalancerIp: "" };
  return { ...change, service: { ...change.service, ...content, reassign: true, unclear: undefined } };
}

/** What happens to an allocator, with time going by. */
export const history: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 3, arbitrary: steps },
  { weight: 1, arbitrary: willing },
);

/** Every way to run an allocator. */
export const config: fc.Arbitrary<AllocatorConfig> = fc.record({ onStranded: fc.constantFrom("keep", "reassign") });
