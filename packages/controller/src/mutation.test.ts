// MetalLB's catalogue of what its controller makes of one Service: each row says the rule, the Service, and what follows.
import { describe, expect, test } from "vitest";
import { startAddresses } from "./addresses.test.fixture.ts";
import { pool, service } from "./controller.test.fixture.ts";

type Json = Readonly<Record<string, unknown>>;

/** A Service of this text, and the addresses that it gets, or why it gets none. */
interface Case {
  readonly rule: string;
  readonly spec?: Json;
  readonly metadata?: { readonly namespace?: string } & Json;
  /** What its status says already. */
  readonly ingress?: readonly Json[];
  readonly expected: readonly string[] | string;
}

const V4 = { clusterIPs: ["1.2.3.4"] };
const V6 = { clusterIPs: ["3000::1"] };
const DUAL = { clusterIPs: ["3000::1", "5.6.7.8"], ipFamilies: ["IPv6", "IPv4"], ipFamilyPolicy: "RequireDualStack" };
const PREFERS = { ...DUAL, ipFamilyPolicy: "PreferDualStack" };
const annotated = (annotations: Readonly<Record<string, string>>) => ({ annotations });
const asks = (addresses: string) => annotated({ "metallb.io/loadBalancerIPs": addresses });
const wants = (name: string) => annotated({ "metallb.io/address-pool": name });
const teamed = { labels: { team: "metallb" } };

const pinned = (name: string, addresses: readonly string[], serviceAllocation: Json) =>
  pool(name, addresses, { serviceAllocation });
const teams = { serviceSelectors: [{ matchLabels: { team: "metallb" } }] };
const pools = [
  pool("pool1", ["1.2.3.0/31"]),
  pool("pool2", ["3.4.5.6/32"], { autoAssign: false }),
  pool("pool3", ["1000::/127"]),
  pool("pool4", ["2000::1/128"], { autoAssign: false }),
  pool("pool5", ["1.2.5.0/31", "1000:5::/127"]),
  pinned("pool6", ["7.8.9.0/31"], { priority: 10, namespaces: ["test-ns1"] }),
  pinned("pool7", ["10.11.12.0/31"], { priority: 11, namespaces: ["test-ns1"] }),
  pinned("pool8", ["16.17.18.0/31"], { namespaces: ["test-ns2"] }),
  pinned("pool9", ["19.20.21.0/31"], { priority: 8, ...teams }),
  pinned("pool10", ["22.23.24.0/31"], { priority: 9, ...teams }),
  pinned("pool11", ["25.26.27.0/31"], { priority: 5, namespaces: ["test-ns1"], ...teams }),
  pinned("pool12", ["28.29.30.0/31"], {
    priority: 1,
    namespaceSelectors: [{ matchLabels: { "kubernetes.io/metadata.name": "nowhere" } }],
  }),
];

const cases: readonly Case[] = [
  { rule: "no LoadBalancer: nothing", spec: { ...V4, type: "ClusterIP" }, expected: "not served" },
  { rule: "the first free address", spec: V4, expected: ["1.2.3.0"] },
  { rule: "spec.loadBalancerIP", spec: { ...V4, loadBalancerIP: "1.2.3.1" }, expected: ["1.2.3.1"] },
  { rule: "the same by annotation", spec: V4, metadata: asks("1.2.3.1"), expected: ["1.2.3.1"] },
  {
    rule: "the same by the deprecated annotation",
    spec: V4,
    metadata: annotated({ "metallb.universe.tf/loadBalancerIPs": "1.2.3.1" }),
    expected: ["1.2.3.1"],
  },
  {
    rule: "the new annotation hides the deprecated one, even if empty",
    spec: V4,
    metadata: annotated({ "metallb.io/loadBalancerIPs": "", "metallb.universe.tf/loadBalancerIPs": "1.2.3.1" }),
    expected: ["1.2.3.0"],
  },
  {
    rule: "both forms at once",
    spec: { ...V4, loadBalancerIP: "1.2.3.1" },
    metadata: asks("1.2.3.1"),
    expected: "conflictingRequests",
  },
  { rule: "no address in the spec", spec: { ...V4, loadBalancerIP: "please sir" }, expected: "invalidRequest" },
  { rule: "no address in the annotation", spec: V4, metadata: asks("please sir"), expected: "invalidRequest" },
  { rule: "two of one family", spec: V4, metadata: asks("1.2.3.0,1.2.3.1"), expected: "invalidRequest" },
  { rule: "two for one family", spec: V4, metadata: asks("1.2.3.0,1000::"), expected: "requestedFamilyMismatch" },
  { rule: "one with blanks around it", spec: V4, metadata: asks(" 1.2.3.1 "), expected: ["1.2.3.1"] },
  {
    rule: "an address in no pool, and the old status goes",
    spec: { ...V4, loadBalancerIP: "8.8.8.8" },
    ingress: [{ ip: "1.2.3.0" }],
    expected: "addressOutsidePools",
  },
  {
    rule: "an address of another pool than asked for",
    spec: { ...V4, loadBalancerIP: "1.2.3.0" },
    metadata: wants("pool2"),
    expected: "requestedPoolMismatch",
  },
  {
    rule: "an address of the pool asked for",
    spec: { ...V4, loadBalancerIP: "3.4.5.6" },
    metadata: wants("pool2"),
    expected: ["3.4.5.6"],
  },
  { rule: "a pool that is asked for, never automatic", spec: V4, metadata: wants("pool2"), expected: ["3.4.5.6"] },
  {
    rule: "the same by the deprecated annotation",
    spec: V4,
    metadata: annotated({ "metallb.universe.tf/address-pool": "pool2" }),
    expected: ["3.4.5.6"],
  },
  {
    rule: "from what it has to the pool that it asks for",
    spec: V4,
    metadata: wants("pool2"),
    ingress: [{ ip: "1.2.3.0" }],
    expected: ["3.4.5.6"],
  },
  { rule: "an unknown pool", spec: V4, metadata: wants("does-not-exist"), expected: "unknownPool" },
  { rule: "an empty pool name is none", spec: V4, metadata: wants(""), expected: ["1.2.3.0"] },
  { rule: "a stranger's address is replaced", spec: V4, ingress: [{ ip: "2.3.4.5" }], expected: ["1.2.3.0"] },
  { rule: "a host name is replaced", spec: V4, ingress: [{ hostname: "foo.bar" }], expected: ["1.2.3.0"] },
  { rule: "what it has stays", spec: V4, ingress: [{ ip: "1.2.3.1" }], expected: ["1.2.3.1"] },
  {
    rule: "three addresses are replaced",
    spec: V4,
    ingress: [{ ip: "1.2.3.1" }, { ip: "1.2.3.0" }, { ip: "1000::" }],
    expected: ["1.2.3.0"],
  },
  {
    rule: "formerly of type LoadBalancer",
    spec: { ...V4, type: "NodePort" },
    ingress: [{ ip: "1.2.3.0" }],
    expected: "not served",
  },
  {
    rule: "externalTrafficPolicy Local",
    spec: { ...V4, externalTrafficPolicy: "Local", healthCheckNodePort: 32000 },
    expected: ["1.2.3.0"],
  },
  { rule: "headless", spec: { clusterIP: "None" }, expected: "clusterIpFamilyUnknown" },
  { rule: "clusterIP alone", spec: { clusterIP: "3000::1" }, expected: ["1000::"] },
  { rule: "IPv6", spec: V6, expected: ["1000::"] },
  { rule: "IPv4 asks for IPv6", spec: { ...V4, loadBalancerIP: "1000::" }, expected: "requestedFamilyMismatch" },
  { rule: "IPv6 asks for IPv4", spec: V6, metadata: asks("1.2.3.0"), expected: "requestedFamilyMismatch" },
  { rule: "IPv4 asks for a pool of IPv6", spec: V4, metadata: wants("pool4"), expected: "familyNotInPool" },
  { rule: "the wrong family is replaced", spec: V4, ingress: [{ ip: "1000::" }], expected: ["1.2.3.0"] },
  { rule: "both families", spec: DUAL, expected: ["1.2.5.0", "1000:5::"] },
  { rule: "both from the pool asked for", spec: DUAL, metadata: wants("pool5"), expected: ["1.2.5.0", "1000:5::"] },
  { rule: "both from a pool of one", spec: DUAL, metadata: wants("pool1"), expected: "familyNotInPool" },
  {
    rule: "both, with spec.loadBalancerIP",
    spec: { ...DUAL, loadBalancerIP: "1.2.5.0" },
    expected: "requestedFamilyMismatch",
  },
  { rule: "both, and one asked for", spec: DUAL, metadata: asks("1.2.5.0"), expected: "requestedFamilyMismatch" },
  { rule: "both asked for", spec: DUAL, metadata: asks("1000:5::1,1.2.5.1"), expected: ["1.2.5.1", "1000:5::1"] },
  {
    rule: "both asked for in two pools",
    spec: DUAL,
    metadata: asks("1.2.3.0,1000::"),
    expected: "addressOutsidePools",
  },
  {
    rule: "one of both is there already, with a host name",
    spec: DUAL,
    ingress: [{ hostname: "foo.bar" }, { ip: "1000::" }],
    expected: ["1.2.5.0", "1000:5::"],
  },
  { rule: "both required of one cluster IP", spec: { ...DUAL, ...V4 }, expected: "notEnoughClusterIps" },
  { rule: "both preferred", spec: PREFERS, expected: ["1.2.5.0", "1000:5::"] },
  { rule: "both preferred, from a pool of IPv4", spec: PREFERS, metadata: wants("pool2"), expected: ["3.4.5.6"] },
  { rule: "both preferred, from a pool of IPv6", spec: PREFERS, metadata: wants("pool4"), expected: ["2000::1"] },
  {
    rule: "both preferred of one cluster IP",
    spec: { ...PREFERS, ...V4 },
    metadata: wants("pool5"),
    expected: ["1.2.5.0"],
  },
  { rule: "the namespace's, by priority", spec: V4, metadata: { namespace: "test-ns1" }, expected: ["7.8.9.0"] },
  { rule: "the namespace's, without one", spec: V4, metadata: { namespace: "test-ns2" }, expected: ["16.17.18.0"] },
  { rule: "the label's, by priority", spec: V4, metadata: teamed, expected: ["19.20.21.0"] },
  {
    rule: "both the namespace's and the label's",
    spec: V4,
    metadata: { ...teamed, namespace: "test-ns1" },
    expected: ["25.26.27.0"],
  },
  { rule: "another label", spec: V4, metadata: { labels: { team: "red" } }, expected: ["1.2.3.0"] },
  {
    rule: "an address of a pool that is closed to it",
    spec: V4,
    metadata: asks("7.8.9.0"),
    expected: "poolNotCompatible",
  },
  {
    rule: "a pool whose selectors match no namespace",
    spec: V4,
    metadata: wants("pool12"),
    expected: "poolNotCompatible",
  },
  { rule: "a class that nobody asked for", spec: { ...V4, loadBalancerClass: "x" }, expected: "not served" },
];

function manifest({ spec, metadata, ingress }: Case): Record<string, unknown> {
  return { ...service("web", spec, metadata), ...(ingress && { status: { loadBalancer: { ingress } } }) };
}

function keyOf({ metadata }: Case): string {
  return `${metadata?.namespace ?? "default"}/web`;
}

describe("one Service", () => {
  test.each(cases.map((one) => [one.rule, one] as const))("%s", (_rule, one) => {
    const { settle, addresses } = startAddresses(pools);
    const key = keyOf(one);
    for (let again = 0; again < 3; again++) {
      const { entries } = settle([...pools, manifest(one)]);
      const has = addresses.given(key)?.addresses ?? addresses.refusal(key)?.reason ?? "not served";
      expect(has).toEqual(one.expected);
      if (again > 0) expect(entries).toEqual([]);
    }
  });
});

test("what becomes of a Service does not depend on what was before it: all cases in any order", () => {
  const { settle, addresses } = startAddresses(pools);
  for (let round = 0; round < 20; round++) {
    for (const one of cases.toSorted((a, b) => mix(a.rule, round) - mix(b.rule, round))) {
      settle([...pools, manifest(one)]);
      const has = addresses.given(keyOf(one))?.addresses ?? addresses.refusal(keyOf(one))?.reason ?? "not served";
      expect(has, one.rule).toEqual(one.expected);
      settle(pools);
    }
  }
}, 60_000);

describe("configuration", () => {
  test.each<[string, "keep" | "reassign", readonly string[] | undefined]>([
    ["stays on Services that have addresses of it", "keep", ["1.2.3.0"]],
    ["takes them back", "reassign", undefined],
  ])("without any pool %s with --on-stranded %s", (_what, onStranded, expected) => {
    const { settle, addresses } = startAddresses([service("web", V4)], { onStranded });
    expect(addresses.refusal("default/web")?.reason).toBe("noPools");
    settle([...pools, service("web", V4)]);
    expect(addresses.given("default/web")?.addresses).toEqual(["1.2.3.0"]);
    settle([service("web", V4)]);
    expect(addresses.given("default/web")?.addresses).toEqual(expected);
  });

  test("an address that comes back goes to who waits", () => {
    const tiny = [pool("pool1", ["1.2.3.0/32"])];
    const { settle, addresses } = startAddresses([...tiny, service("a", V4)]);
    settle([...tiny, service("a", V4), service("b", V4)]);
    expect(addresses.refusal("default/b")?.reason).toBe("noAddressAvailable");
    settle([...tiny, service("b", V4)]);
    expect(addresses.given("default/b")?.addresses).toEqual(["1.2.3.0"]);
  });

  test("a pool of both families completes who prefers both, and changes nothing for who has one cluster IP", () => {
    const one = service("one", { ...PREFERS, ...V4 });
    const { settle, addresses } = startAddresses([]);
    settle([pool("pool1", ["1.2.3.0/31"]), one, service("two", PREFERS)]);
    expect(addresses.given("default/two")?.addresses).toEqual(["1.2.3.1"]);
    settle([pool("pool1", ["1.2.3.0/31", "1000::/127"]), one, service("two", PREFERS)]);
    expect(addresses.given("default/two")?.addresses).toEqual(["1.2.3.1", "1000::"]);
    expect(addresses.given("default/one")?.addresses).toEqual(["1.2.3.0"]);
  });
});

function mix(text: string, seed: number): number {
  return Array.from(text).reduce((sum, character) => (sum * 31 + character.charCodeAt(0) * (seed + 7)) | 0, seed);
}
