import { expect, test } from "vitest";
import { bgpStatuses, layer2Statuses } from "./service-statuses.ts";

test("a node that may use all interfaces names none, another its own, in order", () => {
  const [all, some] = layer2Statuses(
    "default/web",
    [
      { node: "n1", interfaces: "all" },
      { node: "n2", interfaces: ["eth1", "eth0", "eth1"] },
    ],
    "herald",
  );
  expect(all).toEqual({
    target: { kind: "ServiceL2Status", namespace: "herald", name: expect.stringMatching(/^l2-[0-9a-f]{16}$/) },
    labels: {
      "metallb.io/node": "n1",
      "metallb.io/service-name": "web",
      "metallb.io/service-namespace": "default",
    },
    status: { node: "n1", serviceName: "web", serviceNamespace: "default" },
  });
  expect(some?.status).toMatchObject({ node: "n2", interfaces: [{ name: "eth0" }, { name: "eth1" }] });
  expect(some?.target.name).not.toBe(all?.target.name);
});

test("the peers of all routes of a Service are one list per node; a node of which nobody heard has none", () => {
  const statuses = bgpStatuses(
    "default/web",
    [
      { node: "n1", peers: ["tor2"] },
      { node: "n2", peers: [] },
      { node: "n1", peers: ["tor1", "tor2"] },
    ],
    "herald",
  );
  expect(statuses.map(({ status }) => status)).toEqual([
    { node: "n1", serviceName: "web", serviceNamespace: "default", peers: ["tor1", "tor2"] },
  ]);
  expect(statuses[0]?.target.name).toMatch(/^bgp-[0-9a-f]{16}$/);
});

test("names are the same in every process, and those of no two Services", () => {
  const name = (service: string) =>
    layer2Statuses(service, [{ node: "n1", interfaces: "all" }], "herald")[0]?.target.name;
  expect(name("default/web")).toBe(name("default/web"));
  expect(name("default/web")).not.toBe(name("other/web"));
});

test("a node's name that is too long for a label is shortened there, and only there", () => {
  const nodes = [`${"a".repeat(45)}.${"b".repeat(60)}`, `${"a".repeat(45)}.${"c".repeat(60)}`];
  const statuses = layer2Statuses(
    "default/web",
    nodes.map((node) => ({ node, interfaces: "all" })),
    "herald",
  );
  const labels = statuses.map(({ labels }) => labels?.["metallb.io/node"] ?? "");
  for (const label of labels) expect(label).toMatch(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])$/);
  expect(new Set(labels).size).toBe(2);
  expect(statuses.map(({ status: { node } }) => node)).toEqual(nodes);
});
