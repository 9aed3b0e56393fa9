import { describe, expect, test } from "vitest";
import { Bench, pool, port, type service } from "./bench.test.fixture.ts";
import type { PoolInput } from "./pool.ts";

describe("dual stack", () => {
  const v4 = pool("v4", ["1.2.3.0/31"]);
  const v6 = pool("v6", ["1000::/127"]);
  const both = pool("z-both", ["2.2.2.0/31", "2000::/127"]);
  const required = { stack: "dual", ipFamilyPolicy: "RequireDualStack" } as const;
  const preferred = { stack: "dual", ipFamilyPolicy: "PreferDualStack" } as const;

  test.each<[string, PoolInput[], Parameters<typeof service>[1], string]>([
    ["both from one pool, IPv4 first", [v4, v6, both], required, "2.2.2.0,2000::"],
    ["never from two pools", [v4, v6], required, "noAddressAvailable"],
    ["with one cluster IP only, nothing", [both], { ipFamilyPolicy: "RequireDualStack" }, "notEnoughClusterIps"],
    ["preferred: both from one pool", [v4, v6, both], preferred, "2.2.2.0,2000::"],
    ["preferred: else the first family", [v6, v4], preferred, "1.2.3.0"],
    ["preferred: else the first family, IPv6", [v4, v6], { ...preferred, ipFamilies: ["ipv6", "ipv4"] }, "1000::"],
    ["preferred: else the other one", [v4], { ...preferred, ipFamilies: ["ipv6", "ipv4"] }, "1.2.3.0"],
    ["preferred, with one cluster IP: that family", [both], { ipFamilyPolicy: "PreferDualStack" }, "2.2.2.0"],
    ["single stack from a pool of both", [both], { stack: "v6" }, "2000::"],
    ["a request for both", [both], { ...required, requestedIps: "2000::1, 2.2.2.1" }, "2.2.2.1,2000::1"],
    ["a request for one of two", [both], { ...required, requestedIps: "2.2.2.1" }, "requestedFamilyMismatch"],
    [
      "a request for one of two, preferred",
      [both],
      { ...preferred, loadBalancerIp: "2.2.2.1" },
      "requestedFamilyMismatch",
    ],
    [
      "a request for both in two pools",
      [v4, v6],
      { ...required, requestedIps: "1.2.3.0,1000::" },
      "addressOutsidePools",
    ],
    ["no cluster IPs yet", [both], { clusterIps: [] }, "noClusterIps"],
    ["headless", [both], { clusterIps: ["None"] }, "clusterIpFamilyUnknown"],
    ["without a cluster: IPv4", [both], { clusterIps: undefined }, "2.2.2.0"],
    ["without a cluster: the listed family", [both], { clusterIps: undefined, ipFamilies: ["ipv6"] }, "2000::"],
    [
      "without a cluster: both if required",
      [both],
      { clusterIps: undefined, ipFamilyPolicy: "RequireDualStack" },
      "2.2.2.0,2000::",
    ],
    [
      "without a cluster: one if preferred",
      [v6],
      { clusterIps: undefined, ipFamilyPolicy: "PreferDualStack" },
      "1000::",
    ],
  ])("%s", (_what, pools, rest, expected) => {
    expect(new Bench(pools).set("s", rest)).toBe(expected);
  });

  test("the second family is added when the pool gets it, and the first one stays", () => {
    const bench = new Bench([v4]);
    bench.set("s", preferred);
    const actions = bench.pools([pool("v4", ["1.2.3.0/31", "1000::/127"])]);
    expect(actions).toMatchObject([{ type: "assign", cause: "addressAdded", addresses: ["1.2.3.0", "1000::"] }]);
  });

  test("a Service on a pool of one family does not jump to one of both", () => {
    const bench = new Bench([v4]);
    bench.set("s", preferred);
    expect(bench.pools([v4, both])).toEqual([]);
  });

  test("a preferring Service with one cluster IP never gets the second family, however often it is looked at", () => {
    const bench = new Bench([both]);
    for (let i = 0; i < 3; i++)
      expect(bench.set("s", { ipFamilyPolicy: "PreferDualStack", createdAt: i })).toBe("2.2.2.0");
  });

  test("from preferring to requiring on a pool of one family the address is lost, and back it returns", () => {
    const bench = new Bench([v4]);
    expect(bench.set("s", preferred)).toBe("1.2.3.0");
    expect(bench.set("s", required)).toBe("noAddressAvailable");
    expect(bench.set("s", preferred)).toBe("1.2.3.0");
  });

  test("sharers of two addresses are tied over both", () => {
    const bench = new Bench([both]);
    const terms = { sharingKey: "k", stack: "dual", ipFamilyPolicy: "RequireDualStack" } as const;
    bench.set("a", { ...terms, ports: port(1) });
    bench.set("b", { ...terms, ports: port(2) });
    bench.set("c", { sharingKey: "k", stack: "v6", ports: port(3) });
    expect(bench.allocator.tied("ns/c")).toEqual(["ns/a", "ns/b", "ns/c"]);
  });
});
