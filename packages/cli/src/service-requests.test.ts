import type { FileObject } from "@heraldlb/files";
import { expect, test } from "vitest";
import type { Finding } from "./report.ts";
import { validate } from "./validate.ts";

type Json = Readonly<Record<string, unknown>>;

const pool = (name: string, ...addresses: string[]): Json => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool", metadata: { name, namespace: "herald-system" } },
  spec: { addresses },
});
const service = (annotations: object, spec: object = {}, name = "web"): Json => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "shop", annotations } },
  spec: { type: "LoadBalancer", ports: [{ port: 80 }], ...spec },
});
const POOLS = [pool("lab", "192.0.2.0/28", "2001:db8::/120"), pool("gold", "198.51.100.1-198.51.100.9")];

/** What is said, without places. */
function found(objects: readonly Json[]) {
  const read = objects.map((json, position): FileObject => {
    return { file: "all.yaml", document: position, position, line: 1, json, lineOf: () => 1 };
  });
  const reading = { complete: true, objects: read, problems: [] };
  const report = validate(reading, { namespace: undefined, strict: false });
  const said = ({ name, field, code, reason, fix }: Finding) => [name, field, code, reason, fix];
  return { errors: report.errors.map(said), warnings: report.warnings.map(said) };
}

const IPS = 'metadata.annotations["metallb.io/loadBalancerIPs"]';
const POOL = 'metadata.annotations["metallb.io/address-pool"]';

test.each([
  ["an address", service({ "metallb.io/loadBalancerIPs": "192.0.2.1" })],
  ["one of each family", service({ "metallb.io/loadBalancerIPs": "2001:db8::1, 192.0.2.1" }, { ipFamilies: ["IPv6"] })],
  ["spec.loadBalancerIP", service({}, { loadBalancerIP: "192.0.2.1" })],
  ["a pool", service({ "metallb.io/address-pool": "gold" })],
  ["both", service({ "metallb.io/address-pool": "gold", "metallb.io/loadBalancerIPs": "198.51.100.9" })],
  ["nothing", service({ "metallb.io/address-pool": "", "metallb.io/loadBalancerIPs": "" })],
])("a request for %s that can be fulfilled is right", (_name, json) => {
  expect(found([...POOLS, json])).toEqual({ errors: [], warnings: [] });
});

test.each([
  ["an address", service({ "metallb.io/loadBalancerIPs": "203.0.113.1" })],
  ["a pool", service({ "metallb.io/address-pool": "other" })],
])("without pools nothing is said of a request for %s", (_name, json) => {
  expect(found([json])).toEqual({ errors: [], warnings: [] });
});

test.each([
  ["of another type", service({ "metallb.io/loadBalancerIPs": "x" }, { type: "NodePort" })],
  ["of a class", service({ "metallb.io/loadBalancerIPs": "x" }, { loadBalancerClass: "others.example/lb" })],
])("nothing is said of a Service %s", (_name, json) => {
  expect(found([...POOLS, json])).toEqual({ errors: [], warnings: [] });
});

const ADDRESSES = "write one address, or one of each family with a comma between them";

test.each([
  [
    "that is no address",
    service({ "metallb.io/loadBalancerIPs": "192.0.2" }),
    [IPS, "invalidRequest", 'invalid metallb.io/loadBalancerIPs: "192.0.2"', ADDRESSES],
  ],
  [
    "of two of one family",
    service({ "metallb.io/loadBalancerIPs": "192.0.2.1,192.0.2.2" }),
    [IPS, "invalidRequest", expect.stringContaining("same address family"), ADDRESSES],
  ],
  [
    "in a spec that is no address",
    service({}, { loadBalancerIP: "web" }),
    ["spec.loadBalancerIP", "invalidRequest", 'invalid spec.loadBalancerIP "web"', ADDRESSES],
  ],
  [
    "in two places",
    service({ "metallb.io/loadBalancerIPs": "192.0.2.1" }, { loadBalancerIP: "192.0.2.1" }),
    [IPS, "conflictingRequests", expect.stringContaining("can not have both"), "use one of the two"],
  ],
])("a request %s is an error, whatever pools there are", (_name, json, expected) => {
  for (const objects of [[json], [...POOLS, json]]) {
    expect(found(objects).errors).toEqual([["web", ...expected]]);
  }
});

test.each([
  [
    "for an address in no pool",
    service({ "metallb.io/loadBalancerIPs": "203.0.113.1" }),
    [
      IPS,
      "addressOutsidePools",
      '["203.0.113.1"] is not allowed in config',
      "ask for addresses of one pool: lab, gold",
    ],
  ],
  [
    "for addresses of two pools",
    service({ "metallb.io/loadBalancerIPs": "198.51.100.1,2001:db8::1" }),
    [IPS, "addressOutsidePools", expect.any(String), "ask for addresses of one pool: lab, gold"],
  ],
  [
    "for a pool that there is not",
    service({ "metallb.io/address-pool": "golden" }),
    [POOL, "unknownPool", 'unknown pool "golden"', "ask for a pool that there is: lab, gold"],
  ],
  [
    "for an address of another pool than it asks for",
    service({ "metallb.io/address-pool": "gold", "metallb.io/loadBalancerIPs": "192.0.2.1" }),
    [IPS, "requestedPoolMismatch", expect.stringContaining("gold"), "ask for an address of the pool, or for its pool"],
  ],
])("a request %s is a warning", (_name, json, expected) => {
  expect(found([...POOLS, json])).toEqual({ errors: [], warnings: [["web", ...expected]] });
});

test("a request under a deprecated name is looked at, and named by that", () => {
  const { warnings } = found([...POOLS, service({ "metallb.universe.tf/address-pool": "golden" })]);
  const place = 'metadata.annotations["metallb.universe.tf/address-pool"]';
  expect(warnings.map(([, field, code]) => [field, code])).toEqual([
    [place, "deprecatedAnnotation"],
    [place, "unknownPool"],
  ]);
});

test.each([
  ["other keys", {}, "addressInUse"],
  ["the same port", { "metallb.io/allow-shared-ip": "k" }, "portInUse"],
])("two Services that ask for one address with %s cannot share it, and the later one is told", (_name, more, code) => {
  const both = { "metallb.io/loadBalancerIPs": "192.0.2.1", ...more };
  const { warnings } = found([...POOLS, service(both, {}, "web"), service(both, {}, "api")]);
  expect(warnings.map(([name, field, reason]) => [name, field, reason])).toEqual([["api", IPS, code]]);
});

test("two Services that may share an address may both ask for it", () => {
  const both = { "metallb.io/loadBalancerIPs": "192.0.2.1", "metallb.io/allow-shared-ip": "k" };
  const objects = [service(both), service(both, { ports: [{ port: 443 }] }, "api")];
  expect(found([...POOLS, ...objects])).toEqual({ errors: [], warnings: [] });
});

test("of pools nothing is said while one is wrong", () => {
  const { warnings } = found([...POOLS, pool("bad", "x"), service({ "metallb.io/address-pool": "bad" })]);
  expect(warnings).toEqual([]);
});
