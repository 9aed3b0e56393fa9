import { describe, expect, test } from "vitest";
import { Bench, ip, pool, port, service } from "./bench.test.fixture.ts";
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

  test("the second family that cannot be had is told of once, with the reason, and completes the Service when it comes", () => {
    const bench = new Bench([v4]);
    const [given, refused] = bench.apply({ type: "service", service: service("s", preferred) });
    expect(given).toMatchObject({ type: "assign", addresses: ["1.2.3.0"] });
    expect(refused).toEqual({
      type: "refuse",
      service: "ns/s",
      reason: "secondFamilyUnavailable",
      message: "cannot assign additional IP in PreferDualStack: no available IPs in pool v4 for ipv6 IPFamily",
      refused: [{ pool: "v4", family: "ipv6", reason: "familyNotInPool" }],
    });
    for (let i = 0; i < 3; i++) {
      expect(bench.apply({ type: "service", service: service("s", { ...preferred, createdAt: i }) })).toEqual([]);
      expect(bench.wait(1000)).toEqual([]);
    }
    bench.pools([pool("v4", ["1.2.3.0/31", "1000::/127"])]);
    expect(bench.allocator.refusal("ns/s")).toBeUndefined();
  });

  test.each<[string, Parameters<typeof service>[1], Parameters<typeof service>[1], string]>([
    ["from one family to both", {}, required, "2.2.2.1,2000::"],
    ["from both to one", required, { stack: "v4" }, "2.2.2.1"],
    ["from both to the other one", required, { stack: "v6" }, "2000::"],
    ["from both required to both preferred", required, preferred, "2.2.2.1,2000::"],
  ])("a Service that changes %s keeps what it may keep", (_what, before, after, expected) => {
    const bench = new Bench([both]);
    bench.set("first");
    const addresses = bench.set("s", before).split(",");
    bench.remove("first");
    expect(bench.set("s", after)).toBe(expected);
    // The same if it changed while nobody looked.
    const restarted = new Bench([both]);
    const had = { assigned: addresses.map(ip), assignedPool: "z-both" };
    expect(restarted.set("s", { ...after, ...had })).toBe(expected);
  });

  test("a pool of both that becomes one of one family: with reassign another pool of both, else what fits", () => {
    const half = pool("z-both", ["2.2.2.0/31"]);
    const start = () => {
      const bench = new Bench([both], { onStranded: "reassign" });
      bench.set("first");
      bench.set("s", preferred);
      bench.remove("first");
      return bench;
    };
    const [alone, beside] = [start(), start()];
    alone.pools([half]);
    expect(alone.has("s")).toBe("2.2.2.1");
    beside.pools([half, pool("other", ["3.3.3.0/31", "3000::/127"])]);
    expect(beside.has("s")).toBe("3.3.3.0,3000::");
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
