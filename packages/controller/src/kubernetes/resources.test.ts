import { readResource } from "@heraldlb/config";
import { expect, test } from "vitest";
import { WATCHED } from "./resources.ts";

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
