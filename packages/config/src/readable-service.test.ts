import fc from "fast-check";
import { expect, test } from "vitest";
import { readResource } from "./read.ts";

const read = (json: unknown) => readResource(json, { defaultNamespace: "default" });
const web = (spec: unknown, metadata: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web", ...metadata }, spec },
});
const readable = (json: unknown) => {
  const outcome = read(json);
  return outcome.type === "invalid" ? outcome.readable : undefined;
};

test("of a wrong Service all is read that can be", () => {
  const annotations = { a: "b", c: 1 };
  const ports = [{ port: 0 }, { port: 80 }, {}, "http", { port: 443, protocol: [] }];
  const wrong = web({ type: "LoadBalancer", ports, ipFamilies: ["IPv6", "IPv5"] }, { annotations });
  expect(readable(wrong)).toMatchObject({
    metadata: { name: "web", namespace: "default", annotations: { a: "b" } },
    spec: {
      ...{ type: "LoadBalancer", ipFamilies: ["IPv6"], externalTrafficPolicy: "Cluster" },
      ports: [
        { port: 80, protocol: "TCP" },
        { port: 443, protocol: "TCP" },
      ],
    },
  });
});

test.each([
  ["a type", { type: "Loadbalancer" }],
  ["a type that is no text", { type: 1 }],
  ["a spec", "LoadBalancer"],
])("a Service with %s that nobody knows may be a load balancer", (_name, spec) => {
  expect(readable(web(spec))?.spec.type).toBe("LoadBalancer");
});

test("a policy that cannot be read asks for no more than nodes with endpoints", () => {
  const wrong = web({ type: "LoadBalancer", externalTrafficPolicy: "local" });
  expect(readable(wrong)?.spec.externalTrafficPolicy).toBe("Local");
});

test.each([
  ["of another type", web({ type: "NodePort", ports: "http" })],
  ["without a type", web({ ports: "http" })],
  ["without a name", { ...web({ type: "LoadBalancer", ports: "http" }), metadata: {} }],
  ["with a name that leads elsewhere", web({ type: "LoadBalancer", ports: "http" }, { name: "../x" })],
  ["of another kind", { ...web({ type: "LoadBalancer", ports: "http" }), kind: "Node" }],
])("of a wrong object %s nothing is read", (_name, json) => {
  expect(readable(json)).toBeUndefined();
});

test.each(["Loadbalancer", "loadbalancer", "LoadBalancr"])("%s is no type of Service", (type) => {
  expect(read(web({ type }))).toMatchObject({
    problems: [
      {
        ...{ path: "spec.type", code: "invalidField" },
        message: "must be ClusterIP, NodePort, LoadBalancer or ExternalName; did you mean LoadBalancer?",
      },
    ],
  });
});

test("whatever is written, it is read or left", () => {
  const fields = fc.dictionary(
    fc.constantFrom("type", "ports", "ipFamilies", "selector", "clusterIPs"),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fields, fc.jsonValue(), (spec, annotations) => {
      const json = web({ ...spec, type: "LoadBalancer" }, { annotations });
      const outcome = read(json);
      const { spec: found } = outcome.type === "resource" ? (outcome.resource as typeof json) : (readable(json) ?? {});
      expect(found).toMatchObject({ type: "LoadBalancer" });
    }),
  );
});
