import { readResource } from "@heraldlb/config";
import { expect, test } from "vitest";
import { POOL_ANNOTATION, readObject, WATCHED, writeObject } from "./resources.ts";

test("of an EndpointSlice all is kept by which its Service is announced, and nothing else", () => {
  const endpoint = { addresses: ["10.1.0.1"], nodeName: "n1", conditions: { ready: true, serving: false } };
  const labels = { "kubernetes.io/service-name": "web" };
  const metadata = { name: "web-1", namespace: "default", uid: "1", resourceVersion: "2", labels };
  const conditions = { ...endpoint.conditions, terminating: true };
  const trimmed = WATCHED.find(({ kind }) => kind === "EndpointSlice")?.trim({
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4", ports: [{ port: 80 }] },
    metadata: { ...metadata, labels: { ...labels, x: "y" }, annotations: { "metallb.io/x": "y" } },
    endpoints: [{ ...endpoint, conditions, targetRef: { kind: "Pod", name: "web-1" }, zone: "z" }, {}],
  });
  expect(trimmed).toEqual({
    ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata },
    endpoints: [endpoint, { addresses: [], conditions: {} }],
  });
  expect(readResource(trimmed, { defaultNamespace: "default" })).toMatchObject({
    type: "resource",
    resource: { endpoints: [endpoint, { addresses: [], conditions: {} }] },
  });
});

const service = (fields: object, annotations: object = { "metallb.io/loadBalancerIPs": "10.0.0.1" }) => ({
  ...{ apiVersion: "v1", kind: "Service", spec: { type: "LoadBalancer" } },
  metadata: { name: "web", namespace: "default", uid: "1", annotations },
  ...fields,
});

test.each([
  ["a Service without addresses", service({})],
  ["a Service with addresses", service({ status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } } })],
  ["a Service with a pool", service({}, { [POOL_ANNOTATION]: "a", "metallb.io/address-pool": "b" })],
  ["a pool", { kind: "IPAddressPool", metadata: { uid: "2" }, spec: { addresses: ["10.0.0.0/24"] } }],
])("%s reads as it was written", (_name, object) => {
  expect(readObject(writeObject(object))).toEqual(object);
});

test("what Herald writes into a Service is told apart from what the Service asks for", () => {
  const asked = writeObject(service({}));
  const given = { status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } } };
  const annotations = { "metallb.io/loadBalancerIPs": "10.0.0.1", [POOL_ANNOTATION]: "a" };
  expect(writeObject(service(given, annotations)).asks).toBe(asked.asks);
  expect(writeObject(service({ spec: { type: "ClusterIP" } })).asks).not.toBe(asked.asks);
  expect(writeObject(service({}, {})).asks).not.toBe(asked.asks);
});
