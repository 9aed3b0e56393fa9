import { planLab } from "@heraldlb/lab";
import { parsePrefix, prefixContains } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { clusterEnd, POD_NETWORKS, podAddresses, podNetworks, routes } from "./network.ts";

const hosts = (shape: { readonly management?: "shared" } = {}) =>
  planLab({ name: "t", nodes: 3, servers: 1, ...shape }).hosts.map((plan) => ({ name: plan.name, plan }));

const host = (name: string, among = hosts()) => {
  const found = among.find((candidate) => candidate.name === name);
  if (!found) throw new RangeError(`no ${name}`);
  return found;
};

describe("clusterEnd", () => {
  test("is on the management network", () => {
    expect(clusterEnd(host("node2"))).toEqual({ device: "mgmt0", ipv4: "10.65.0.2", ipv6: "fd65::2" });
    expect(clusterEnd(host("server1"))).toEqual({ device: "mgmt0", ipv4: "10.65.0.50", ipv6: "fd65::50" });
  });

  test("is on the only network there is", () => {
    expect(clusterEnd(host("node2", hosts({ management: "shared" })))).toMatchObject({ ipv4: "10.64.0.2" });
  });
});

test("a node's number shows in the networks of its pods", () => {
  expect(podNetworks(12)).toEqual(["10.244.12.0/24", "fd10:244:0:12::/64"]);
});

test.each([
  [1, 1, ["10.244.1.1", "fd10:244:0:1::1"]],
  [49, 254, ["10.244.49.254", "fd10:244:0:49::fe"]],
])("on node %i pod %i has addresses of the node's networks", (node, count, expected) => {
  const addresses = podAddresses(node, count);
  expect(addresses).toEqual(expected);
  for (const networks of [podNetworks(node), POD_NETWORKS]) {
    for (const [index, text] of networks.entries()) {
      const [prefix, address] = [parsePrefix(text), addresses[index]];
      expect(prefix && address && prefixContains(prefix, address)).toBe(true);
    }
  }
});

test.each([0, 255])("a node has no room for pod %i", (count) => {
  expect(() => podAddresses(1, count)).toThrow(RangeError);
});

describe("routes", () => {
  const nodes = hosts().filter(({ plan }) => plan.role === "node");

  test("lead a node to the pods of the others, and not to its own", () => {
    expect(routes(host("node2"), nodes)).toEqual([
      "route add 10.244.1.0/24 via 10.65.0.1",
      "route add fd10:244:0:1::/64 via fd65::1",
      "route add 10.244.3.0/24 via 10.65.0.3",
      "route add fd10:244:0:3::/64 via fd65::3",
      "route add 10.96.0.0/12 dev mgmt0",
      "route add fd96::/108 dev mgmt0",
    ]);
  });

  test("lead the API server's host to all pods", () => {
    expect(routes(host("server1"), nodes).filter((route) => route.includes("via"))).toHaveLength(6);
  });
});
