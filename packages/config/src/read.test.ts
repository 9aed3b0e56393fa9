import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { METALLB_KINDS } from "./metallb-kinds.ts";
import { poolRanges } from "./pool-addresses.ts";
import { problems } from "./problems.test.fixture.ts";
import { readResource } from "./read.ts";
import type { Resource } from "./resource.ts";

const read = (json: unknown) => readResource(json, { defaultNamespace: "default" });

function resource(json: unknown): Resource {
  const outcome = read(json);
  return outcome.type === "resource" ? outcome.resource : expect.fail(JSON.stringify(outcome));
}

const pool = (spec: object, metadata: object = {}) => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "IPAddressPool",
  metadata: { name: "p", namespace: "herald", ...metadata },
  spec,
});
const advertisement = (spec: object) => ({
  apiVersion: "metallb.io/v1beta1",
  kind: "L2Advertisement",
  metadata: { name: "a", namespace: "herald" },
  spec,
});
const service = (spec: object, metadata: object = {}) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", ...metadata },
  spec,
});

describe("defaults", () => {
  test("of a pool", () => {
    const minimal = { addresses: ["10.0.0.0/24"] };
    expect(resource(pool(minimal))).toMatchObject({ spec: { ...minimal, autoAssign: true, avoidBuggyIPs: false } });
    expect(resource(pool({ ...minimal, serviceAllocation: { priority: 5 } }))).toMatchObject({
      spec: { serviceAllocation: { priority: 5, namespaces: [], namespaceSelectors: [], serviceSelectors: [] } },
    });
  });

  test("of an advertisement without a spec", () => {
    const bare = { apiVersion: "metallb.io/v1beta1", kind: "L2Advertisement", metadata: { name: "a" } };
    expect(resource(bare)).toMatchObject({
      metadata: { namespace: "default", labels: {}, annotations: {} },
      spec: { ipAddressPools: [], nodeSelectors: [], interfaces: [], preferredNodeSelectors: [] },
    });
  });

  test("of a Service, whose fields that Herald does not read are dropped", () => {
    expect(resource(service({ ports: [{ port: 80, targetPort: "http" }], sessionAffinity: "None" }))).toEqual({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "default", labels: {}, annotations: {} },
      spec: {
        type: "ClusterIP",
        loadBalancerIP: "",
        clusterIP: "",
        clusterIPs: [],
        ipFamilies: [],
        ipFamilyPolicy: "SingleStack",
        externalTrafficPolicy: "Cluster",
        selector: {},
        ports: [{ port: 80, protocol: "TCP" }],
      },
      status: { loadBalancer: { ingress: [] } },
    });
  });

  test("null fields count as absent", () => {
    const json = service(
      { type: null, ports: null, selector: { app: null } },
      { labels: null, creationTimestamp: null },
    );
    expect(resource(json)).toMatchObject({ spec: { type: "ClusterIP", ports: [], selector: {} } });
  });

  test("kinds without a namespace have none, whatever they say", () => {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: "n1", namespace: "x" } };
    expect(resource(node).metadata.namespace).toBe("");
  });
});

describe("pool addresses", () => {
  test.each([
    "10.0.0.0/24",
    "10.0.0.5/24",
    "10.0.0.1-10.0.0.9",
    " 10.0.0.1 - 10.0.0.9",
    "fc00::/64",
    "fc00::1-fc00::ff",
  ])("%j is accepted", (entry) => {
    expect(problems(pool({ addresses: [entry] }))).toEqual([]);
  });

  // What Go's net.ParseIP and net.ParseCIDR make of them.
  test.each([
    ["10.0.0.0/024", "10.0.0.0-10.0.0.255"],
    ["fc00::/0064", "fc00::-fc00::ffff:ffff:ffff:ffff"],
    ["::ffff:10.0.0.1-::ffff:10.0.0.9", "10.0.0.1-10.0.0.9"],
    ["10.0.0.1-::FFFF:a00:9", "10.0.0.1-10.0.0.9"],
    ["::ffff:10.0.0.5/120", "10.0.0.0-10.0.0.255"],
    ["::ffff:10.0.0.5/128", "10.0.0.5-10.0.0.5"],
    ["::ffff:0.0.0.0/96", "0.0.0.0-255.255.255.255"],
    ["::ffff:10.0.0.0/64", "::-::ffff:ffff:ffff:ffff"],
  ])("%j stands for %s, as in MetalLB", (entry, range) => {
    const read = resource(pool({ addresses: [entry] }));
    expect(read.kind === "IPAddressPool" && poolRanges(read)).toEqual([range]);
  });

  test.each([
    ["10.0.0.1", 'invalid CIDR "10.0.0.1"', 'write "10.0.0.1/32" for this one address'],
    ["fc00::1", 'invalid CIDR "fc00::1"', 'write "fc00::1/128" for this one address'],
    ["10.0.0.0/33", 'invalid CIDR "10.0.0.0/33"', 'write a CIDR ("192.0.2.0/24") or a range ("192.0.2.10-192.0.2.20")'],
    [
      "10.0.0.256/24",
      'invalid CIDR "10.0.0.256/24"',
      'write a CIDR ("192.0.2.0/24") or a range ("192.0.2.10-192.0.2.20")',
    ],
    [
      "::ffff:10.0.0.0/129",
      'invalid CIDR "::ffff:10.0.0.0/129"',
      'write a CIDR ("192.0.2.0/24") or a range ("192.0.2.10-192.0.2.20")',
    ],
    ["::ffff:10.0.0.1", 'invalid CIDR "::ffff:10.0.0.1"', 'write "10.0.0.1/32" for this one address'],
    [
      "::1-::ffff:10.0.0.1",
      'invalid IP range "::1-::ffff:10.0.0.1": start IP "::1" and end IP "10.0.0.1" are of different families',
      "write one range per family",
    ],
    ["x-10.0.0.9", 'invalid IP range "x-10.0.0.9": invalid start IP "x"', "write FIRST-LAST, two whole addresses"],
    ["10.0.0.1-9", 'invalid IP range "10.0.0.1-9": invalid end IP "9"', "write FIRST-LAST, two whole addresses"],
    [
      "10.0.0.9-10.0.0.1",
      'invalid IP range "10.0.0.9-10.0.0.1": start IP "10.0.0.9" is after the end IP "10.0.0.1"',
      'write "10.0.0.1-10.0.0.9"',
    ],
    [
      "10.0.0.1-fc00::1",
      'invalid IP range "10.0.0.1-fc00::1": start IP "10.0.0.1" and end IP "fc00::1" are of different families',
      "write one range per family",
    ],
  ])("%j is refused in MetalLB's words, with the fix", (entry, error, fix) => {
    expect(problems(pool({ addresses: ["10.9.9.0/24", entry] }))).toEqual([
      ["spec.addresses[1]", `invalid CIDR "${entry}" in pool "p": ${error}; ${fix}`],
    ]);
  });

  test("none at all are refused", () => {
    expect(problems(pool({ addresses: [] }))).toEqual([
      ["spec.addresses", "pool has no prefixes defined; list at least one CIDR or range"],
    ]);
  });
});

describe("what one object gets wrong", () => {
  const addresses = ["10.0.0.0/24"];
  test.each<[string, unknown, [string, string][]]>([
    ["no spec", pool({}), [["spec.addresses", "is required: it must be a list"]]],
    [
      "a text for a list",
      pool({ addresses: "10.0.0.0/24" }),
      [["spec.addresses", 'must be a list, not "10.0.0.0/24"']],
    ],
    [
      "a text for a boolean",
      pool({ addresses, autoAssign: "no" }),
      [["spec.autoAssign", 'must be true or false, not "no"']],
    ],
    [
      "a fraction for a whole number",
      pool({ addresses, serviceAllocation: { priority: 1.5 } }),
      [["spec.serviceAllocation.priority", "must be a whole number, not 1.5"]],
    ],
    [
      "a namespace twice",
      pool({ addresses, serviceAllocation: { namespaces: ["a", "b", "a"] } }),
      [["spec.serviceAllocation.namespaces[2]", 'duplicate definition in namespaces field "a"; list it once']],
    ],
    [
      "a selector twice",
      pool({
        addresses,
        serviceAllocation: { serviceSelectors: [{ matchLabels: { a: "b" } }, { matchLabels: { a: "b" } }] },
      }),
      [["spec.serviceAllocation.serviceSelectors[1]", 'duplicate definition of serviceSelectors "a=b"; list it once']],
    ],
    [
      "a selector with an unknown operator",
      pool({
        addresses,
        serviceAllocation: { namespaceSelectors: [{ matchExpressions: [{ key: "a", operator: "Is" }] }] },
      }),
      [
        [
          "spec.serviceAllocation.namespaceSelectors[0].matchExpressions[0].operator",
          "invalid namespace label selector in ip pool p: must be In, NotIn, Exists or DoesNotExist",
        ],
      ],
    ],
    [
      "a misspelt selector, which would match everything",
      advertisement({ nodeSelectors: [{ matchLabel: { a: "b" } }] }),
      [["spec.nodeSelectors[0].matchLabel", "there is no such field; correct its name or remove it"]],
    ],
    [
      "a pool twice",
      advertisement({ ipAddressPools: ["a", "a"] }),
      [["spec.ipAddressPools[1]", 'duplicate definition of ipAddressPools "a"; list it once']],
    ],
    [
      "a value twice in one expression",
      advertisement({ nodeSelectors: [{ matchExpressions: [{ key: "a", operator: "In", values: ["b", "b"] }] }] }),
      [
        [
          "spec.nodeSelectors[0].matchExpressions[0].values[1]",
          'duplicate definition of match expression value in label selector "b"; list it once',
        ],
      ],
    ],
    [
      "a weight that is too large",
      advertisement({ preferredNodeSelectors: [{ weight: 101, preference: {} }] }),
      [["spec.preferredNodeSelectors[0].weight", "must be 1 to 100"]],
    ],
    ["a port that is none", service({ ports: [{ port: 0 }] }), [["spec.ports[0].port", "must be 1 to 65535"]]],
    [
      "an unknown policy",
      service({ ipFamilyPolicy: "Dual" }),
      [["spec.ipFamilyPolicy", "must be SingleStack, PreferDualStack or RequireDualStack"]],
    ],
    ["no name", service({}, { name: "" }), [["metadata.name", "must not be empty: give the object a name"]]],
    ["a number for a label", service({}, { labels: { a: 1 } }), [["metadata.labels.a", "must be a string, not 1"]]],
    [
      "a version that is not served",
      { ...pool({ addresses }), apiVersion: "metallb.io/v1alpha1" },
      [["apiVersion", 'IPAddressPool has no version "v1alpha1"; write "metallb.io/v1beta1"']],
    ],
    ["no kind", { apiVersion: "v1" }, [["kind", "is required: it must be a string"]]],
    ["no object", [1], [["", "is no Kubernetes object: write a map"]]],
  ])("%s", (_what, json, expected) => {
    expect(problems(json)).toEqual(expected);
  });

  test.each(["../../etc/passwd", "a/b", ".", "A", "a_b", "x".repeat(254)])("the name %j is refused", (name) => {
    expect(problems(service({}, { name })).map(([path]) => path)).toEqual(["metadata.name"]);
  });

  test("the error names the object, so that its last valid form can be found", () => {
    expect(read(pool({ addresses: [] }))).toMatchObject({
      id: { kind: "IPAddressPool", namespace: "herald", name: "p" },
    });
  });
});

test("no JSON makes it throw", () => {
  const core = ["Service", "EndpointSlice", "Node", "Namespace", "Secret"];
  const kinds = fc.constantFrom(...METALLB_KINDS.map(({ kind }) => kind), ...core);
  const version = fc.constantFrom("metallb.io/v1beta1", "metallb.io/v1beta2", "v1", "discovery.k8s.io/v1");
  const part = fc.jsonValue();
  const object = fc.record({
    apiVersion: version,
    kind: kinds,
    metadata: part,
    spec: part,
    status: part,
    endpoints: part,
  });
  fc.assert(
    fc.property(fc.oneof(part, object), (json) => {
      expect(["resource", "invalid", "ignored"]).toContain(read(json).type);
    }),
  );
});

test("an object that is nested too deeply is refused", () => {
  let spec: unknown = {};
  for (let i = 0; i < 50_000; i++) spec = { a: spec };
  expect(problems(service(spec as object)).map(([, message]) => message)).toEqual([
    "is nested too deeply; no Kubernetes object is",
  ]);
});
