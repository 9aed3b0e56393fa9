import { describe, expect, test } from "vitest";
import { poolNamespaces } from "./pool-addresses.ts";
import { readResource } from "./read.ts";
import { backendKey, isServed, serviceRequest } from "./service-request.ts";

function read<Kind extends string>(kind: Kind, json: object) {
  const outcome = readResource({ kind, ...json }, { defaultNamespace: "default" });
  if (outcome.type !== "resource") return expect.fail(JSON.stringify(outcome));
  return outcome.resource as Extract<typeof outcome.resource, { kind: Kind }>;
}

const service = (spec: object, annotations: object = {}) =>
  read("Service", { apiVersion: "v1", metadata: { name: "web", annotations }, spec });

describe("annotations", () => {
  test.each<[string, object, object]>([
    ["none", {}, { pool: "", loadBalancerIps: "", sharingKey: "", sharingRequested: false, reassign: false }],
    [
      "the new keys",
      {
        "metallb.io/address-pool": "p",
        "metallb.io/loadBalancerIPs": "10.0.0.1",
        "metallb.io/allow-shared-ip": "k",
        "metallb.io/ip-allocated-from-pool": "q",
      },
      { pool: "p", loadBalancerIps: "10.0.0.1", sharingKey: "k", sharingRequested: true, allocatedFromPool: "q" },
    ],
    [
      "the deprecated keys",
      { "metallb.universe.tf/address-pool": "p", "metallb.universe.tf/loadBalancerIPs": "10.0.0.1" },
      { pool: "p", loadBalancerIps: "10.0.0.1" },
    ],
    [
      "the pool that MetalLB noted before 0.14.9, which nobody is to be told of",
      { "metallb.universe.tf/ip-allocated-from-pool": "q" },
      { allocatedFromPool: "q", deprecated: [] },
    ],
    [
      "a new key hides the deprecated one, even if empty",
      { "metallb.io/address-pool": "", "metallb.universe.tf/address-pool": "p" },
      { pool: "", deprecated: ["metallb.universe.tf/address-pool"] },
    ],
    [
      "an empty sharing key is no key, but a wish",
      { "metallb.io/allow-shared-ip": "" },
      { sharingKey: "", sharingRequested: true },
    ],
    ["reassign", { "heraldlb.io/reassign": "" }, { reassign: true }],
    ["reassign: false", { "heraldlb.io/reassign": "false" }, { reassign: false }],
  ])("%s", (_what, annotations, expected) => {
    expect(serviceRequest(service({}, annotations))).toMatchObject(expected);
  });
});

test.each([
  ["ClusterIP", undefined, undefined, false],
  ["LoadBalancer", undefined, undefined, true],
  ["LoadBalancer", "x", undefined, false],
  ["LoadBalancer", undefined, "x", false],
  ["LoadBalancer", "x", "x", true],
  ["LoadBalancer", "y", "x", false],
])("a %s Service of class %s is served for class %s: %s", (type, own, wanted, expected) => {
  expect(isServed(service({ type, loadBalancerClass: own }), wanted)).toBe(expected);
});

test("sharers must agree on the selector only with Local policy, in whatever order it is written", () => {
  const local = { externalTrafficPolicy: "Local" };
  expect(backendKey(service({ selector: { a: "1" } }))).toBe("");
  expect(backendKey(service({ ...local, selector: { b: "2", a: "1" } }))).toBe("a=1,b=2");
  expect(backendKey(service({ ...local, selector: {} }))).toBe("");
});

describe("namespaces of a pool", () => {
  const namespaces = ["a", "b", "c"].map((name) =>
    read("Namespace", { apiVersion: "v1", metadata: { name, labels: { tier: name === "c" ? "low" : "high" } } }),
  );
  const allocation = (serviceAllocation: object | undefined) => {
    const spec = { addresses: ["10.0.0.0/24"], serviceAllocation };
    const pool = read("IPAddressPool", { apiVersion: "metallb.io/v1beta1", metadata: { name: "p" }, spec });
    return poolNamespaces(pool, namespaces);
  };

  test.each<[string, object | undefined, readonly string[] | undefined]>([
    ["any without an allocation", undefined, undefined],
    ["any with a priority only", { priority: 1 }, undefined],
    ["those that are named, known or not", { namespaces: ["z", "a"] }, ["a", "z"]],
    ["those that are selected", { namespaceSelectors: [{ matchLabels: { tier: "high" } }] }, ["a", "b"]],
    [
      "both together",
      { namespaces: ["c"], namespaceSelectors: [{ matchLabels: { "kubernetes.io/metadata.name": "b" } }] },
      ["b", "c"],
    ],
    ["none if the selectors match none", { namespaceSelectors: [{ matchLabels: { tier: "none" } }] }, []],
  ])("%s", (_what, serviceAllocation, expected) => {
    expect(allocation(serviceAllocation)).toEqual(expected);
  });
});
