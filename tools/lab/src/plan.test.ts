import { rangeContains } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { isNamespaceOf, planLab, serviceAddress } from "./plan.ts";

describe("planLab", () => {
  test("gives every host one number, the same in its name, addresses and MAC", () => {
    const { hosts } = planLab({ name: "t", nodes: 12 });
    expect(hosts[11]).toEqual({
      name: "node12",
      role: "node",
      namespace: "herald-t-node12",
      interfaces: [
        { network: "lan", name: "lan0", mac: "02:00:00:00:64:12", ipv4: "10.64.0.12", ipv6: "fd64::12" },
        { network: "mgmt", name: "mgmt0", mac: "02:00:00:00:65:12", ipv4: "10.65.0.12", ipv6: "fd65::12" },
      ],
    });
  });

  test("puts clients on the service network only, and controllers on the management network only", () => {
    const { hosts } = planLab({ name: "t", nodes: 1, clients: 2, controllers: 2 });
    expect(hosts.map(({ name, interfaces }) => [name, ...interfaces.map((end) => end.ipv4)])).toEqual([
      ["node1", "10.64.0.1", "10.65.0.1"],
      ["client1", "10.64.0.51"],
      ["client2", "10.64.0.52"],
      ["controller1", "10.65.0.71"],
      ["controller2", "10.65.0.72"],
    ]);
  });

  test("puts the server where the controllers are, with one address for every shape", () => {
    for (const [shape, address] of [
      [{ nodes: 1, controllers: 2 }, "10.65.0.50"],
      [{ nodes: 2, management: "shared" }, "10.64.0.50"],
    ] as const) {
      const { hosts } = planLab({ name: "t", servers: 1, ...shape });
      expect(hosts.at(-1)).toMatchObject({ name: "server1", role: "server", interfaces: [{ ipv4: address }] });
    }
  });

  test("has one network if the management is to share it", () => {
    const { hosts, switches } = planLab({ name: "t", nodes: 1, management: "shared" });
    expect(switches.map(({ network }) => network)).toEqual(["lan"]);
    expect(hosts.map(({ interfaces }) => interfaces.map(({ network }) => network))).toEqual([
      ["lan"],
      ["lan"],
      ["lan"],
    ]);
  });

  test("gives no two interfaces the same address", () => {
    const { hosts } = planLab({ name: "t", nodes: 49, clients: 20, controllers: 20, routers: 9 });
    const all = hosts.flatMap(({ interfaces }) => interfaces.flatMap(({ mac, ipv4, ipv6 }) => [mac, ipv4, ipv6]));
    expect(new Set(all).size).toBe(all.length);
  });

  test("keeps the hosts out of the services' ranges", () => {
    const { hosts, services } = planLab({ name: "t", nodes: 49, clients: 20, controllers: 20, routers: 9 });
    for (const { ipv4, ipv6 } of hosts.flatMap(({ interfaces }) => interfaces)) {
      expect(rangeContains(services.ipv4, ipv4)).toBe(false);
      expect(rangeContains(services.ipv6, ipv6)).toBe(false);
    }
  });

  test.each(["", "Lab", "a_b", "-a", "a-", "a".repeat(25), "a/b"])("refuses the name %j", (name) => {
    expect(() => planLab({ name })).toThrow(RangeError);
  });

  test.each([-1, 1.5, 50, Number.NaN])("refuses %d nodes", (nodes) => {
    expect(() => planLab({ name: "t", nodes })).toThrow(/0 to 49 nodes/);
  });
});

test.each([
  [0, "10.64.1.1", "fd64::1:1"],
  [254, "10.64.1.255", "fd64::1:ff"],
  [255, "10.64.2.0", "fd64::1:100"],
  [10_000, "10.64.40.17", "fd64::1:2711"],
])("service address %i is %s and %s, inside the ranges", (index, ipv4, ipv6) => {
  const { services } = planLab({ name: "t" });
  expect(serviceAddress(index)).toEqual({ ipv4, ipv6 });
  expect(rangeContains(services.ipv4, serviceAddress(index).ipv4)).toBe(true);
  expect(rangeContains(services.ipv6, serviceAddress(index).ipv6)).toBe(true);
});

test.each([
  ["a", "herald-a-node1", true],
  ["a", "herald-a-lan", true],
  ["a", "herald-a-b-node1", false],
  ["a-b", "herald-a-b-node1", true],
  ["a", "herald-a-", false],
  ["a", "herald-ab-node1", false],
  ["a", "other", false],
])("for lab %s, namespace %s is its own: %s", (lab, namespace, own) => {
  expect(isNamespaceOf(lab, namespace)).toBe(own);
});
