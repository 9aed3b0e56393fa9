import type { Kube } from "@heraldlb/kube";
import { expect, test } from "vitest";
import { namesOf } from "./name-file.ts";

const slice = (name: string, addresses: readonly string[], ready?: boolean) => ({
  metadata: { labels: { "kubernetes.io/service-name": name } },
  endpoints: [{ addresses, conditions: { ready } }],
});

function answering(answers: Readonly<Record<string, readonly unknown[]>>): Pick<Kube, "request"> {
  return { request: async (_method, path) => ({ items: answers[path] }) };
}

test("names of headless Services stand for their endpoints that are ready, both ways in which pods write them", async () => {
  const kube = answering({
    "/api/v1/namespaces/n/services": [
      { metadata: { name: "a" }, spec: { clusterIP: "None" } },
      { metadata: { name: "b" }, spec: { clusterIP: "10.96.0.9" } },
    ],
    "/apis/discovery.k8s.io/v1/namespaces/n/endpointslices": [
      slice("a", ["10.0.0.2"]),
      slice("a", ["10.0.0.1"], true),
      slice("a", ["10.0.0.3"], false),
      slice("b", ["10.0.0.4"]),
    ],
  });
  expect((await namesOf(kube, "n")).split("\n")).toEqual([
    ...["127.0.0.1 localhost", "::1 localhost"],
    "10.0.0.1 a.n.svc a.n.svc.cluster.local",
    "10.0.0.2 a.n.svc a.n.svc.cluster.local",
    "",
  ]);
});
