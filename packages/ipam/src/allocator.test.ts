import { describe, expect, test } from "vitest";
import { Bench, pool } from "./bench.test.fixture.ts";
import type { PoolInput } from "./pool.ts";
import type { ServiceInput } from "./service.ts";

describe.each([
  ["IPv4", "v4", "1.2.3.4/31", "1.2.3.4", "1.2.3.5"],
  ["IPv6", "v6", "1000::4/127", "1000::4", "1000::5"],
] as const)("assignment, %s", (_family, stack, block, first, second) => {
  test("first fit; a request for what is taken is refused; what is freed goes to who waits", () => {
    const bench = new Bench([pool("test", [block])]);
    expect(bench.set("s1", { stack })).toBe(first);
    expect(bench.set("s1", { stack })).toBe(first);
    expect(bench.set("s2", { stack, requestedIps: first })).toBe("addressInUse");
    expect(bench.says("s2")).toMatch(/^can't change sharing key for "ns\/s2", address also in use by ns\/s1;/);
    expect(bench.set("s2", { stack })).toBe(second);
    expect(bench.set("s3", { stack })).toBe("noAddressAvailable");
    expect(bench.set("s4", { stack })).toBe("noAddressAvailable");
    expect(bench.remove("s1").map(({ type, service }) => [type, service])).toEqual([
      ["release", "ns/s1"],
      ["assign", "ns/s3"],
    ]);
    expect([bench.has("s3"), bench.has("s4")]).toEqual([first, "noAddressAvailable"]);
  });

  test("a request moves a Service to a free address", () => {
    const bench = new Bench([pool("test", [block])]);
    bench.set("s1", { stack });
    expect(bench.set("s1", { stack, requestedIps: second })).toBe(second);
    expect(bench.set("s2", { stack })).toBe(first);
  });
});

describe("choosing a pool", () => {
  const selector = { requirements: [{ operator: "In", key: "team", values: ["metallb"] }] } as const;
  const pinned = (name: string, block: string, allocation: Partial<PoolInput["allocation"]>) =>
    pool(name, [block], { allocation: { priority: 0, serviceSelectors: [], ...allocation } });

  const pools = [
    pool("a-open", ["1.2.3.0/31"]),
    pool("a-manual", ["3.4.5.6/32"], { autoAssign: false }),
    pinned("ns-11", "8.8.8.0/31", { priority: 11, namespaces: ["test-ns1"] }),
    pinned("ns-10", "7.8.9.0/31", { priority: 10, namespaces: ["test-ns1"] }),
    pinned("ns-none", "6.6.6.0/31", { namespaces: ["test-ns1"] }),
    pinned("ns2", "16.17.18.0/31", { namespaces: ["test-ns2"] }),
    pinned("team-9", "20.20.20.0/31", { priority: 9, serviceSelectors: [selector], namespaces: ["other"] }),
    pinned("team-8", "19.20.21.0/31", { priority: 8, serviceSelectors: [selector] }),
    pinned("both-5", "25.26.27.0/31", { priority: 5, namespaces: ["test-ns1"], serviceSelectors: [selector] }),
    pinned("nobody", "26.0.0.0/31", { priority: 1, namespaces: [] }),
  ];

  test.each<[string, Partial<ServiceInput>, string]>([
    ["an open one for anybody", {}, "1.2.3.0"],
    ["the smaller priority of the namespace's", { namespace: "test-ns1" }, "7.8.9.0"],
    ["a namespace's without a priority", { namespace: "test-ns2" }, "16.17.18.0"],
    ["one that selects the Service", { labels: { team: "metallb" } }, "19.20.21.0"],
    ["one that wants both", { namespace: "test-ns1", labels: { team: "metallb" } }, "25.26.27.0"],
    ["the one asked for, even if never automatic", { requestedPool: "a-manual" }, "3.4.5.6"],
    ["the one of the address asked for", { requestedIps: "3.4.5.6" }, "3.4.5.6"],
    ["an unknown one", { requestedPool: "nope" }, "unknownPool"],
    ["one that is closed to the Service", { requestedPool: "ns-10" }, "poolNotCompatible"],
    ["an address of one that is closed to the Service", { requestedIps: "7.8.9.1" }, "poolNotCompatible"],
    ["one whose selectors match no namespace", { requestedPool: "nobody" }, "poolNotCompatible"],
    [
      "an address of another pool than asked for",
      { requestedIps: "1.2.3.1", requestedPool: "a-manual" },
      "requestedPoolMismatch",
    ],
    ["an address in no pool", { requestedIps: "9.9.9.9" }, "addressOutsidePools"],
    ["a family that it lacks", { requestedPool: "a-open", clusterIps: ["fd96::1"] }, "familyNotInPool"],
  ])("%s", (_what, rest, expected) => {
    expect(new Bench(pools).set("s", rest)).toBe(expected);
  });

  test("when the pinned ones are full, the next one by priority, then an open one", () => {
    const bench = new Bench(pools);
    const got = Array.from({ length: 9 }, (_, i) => bench.set(`s${i}`, { namespace: "test-ns1" }));
    expect(got.map((address) => address.replace(/\.\d+$/, ""))).toEqual([
      "7.8.9",
      "7.8.9",
      "8.8.8",
      "8.8.8",
      "6.6.6",
      "6.6.6",
      "1.2.3",
      "1.2.3",
      "noAddressAvailable",
    ]);
  });

  test("no pool at all is a reason of its own", () => {
    expect(new Bench([]).set("s")).toBe("noPools");
  });

  test("a full pool that was asked for says so", () => {
    const bench = new Bench([pool("one", ["1.2.3.4/32"]), pool("two", ["1.2.4.0/24"])]);
    bench.set("a", { requestedPool: "one" });
    expect(bench.set("b", { requestedPool: "one" })).toBe("poolExhausted");
    expect(bench.says("b")).toBe("no available IPs in pool one");
  });

  test.each<[string, Partial<ServiceInput>, string]>([
    [
      "both forms",
      { requestedIps: "1.2.3.0", loadBalancerIp: "1.2.3.0" },
      "service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP",
    ],
    ["no address", { requestedIps: "x" }, 'invalid metallb.io/loadBalancerIPs: "x"'],
    ["no address, in the spec", { loadBalancerIp: "x" }, 'invalid spec.loadBalancerIP "x"'],
    [
      "two of one family",
      { requestedIps: "1.2.3.0,1.2.3.1" },
      "IPFamilyForAddresses: same address family [1.2.3.0 1.2.3.1]",
    ],
    ["three", { requestedIps: "1.2.3.0,1::,2::" }, "IPFamilyForAddresses: invalid ips length 3 [1.2.3.0 1:: 2::]"],
    [
      "the wrong family",
      { requestedIps: "1000::" },
      'requested loadBalancer IP(s) ["1000::"] does not match the ipFamily of the service',
    ],
    ["a stranger", { requestedIps: "9.9.9.9" }, '["9.9.9.9"] is not allowed in config'],
  ])("a request for %s is refused in MetalLB's words", (_what, rest, message) => {
    const bench = new Bench(pools);
    bench.set("s", rest);
    expect(bench.says("s")).toBe(message);
  });
});

test("avoidBuggyIPs leaves out .0 and .255, asked for or not", () => {
  const bench = new Bench([pool("p", ["1.2.3.254-1.2.4.1", "1000::/127"], { avoidBuggyIps: true })]);
  expect(bench.set("a", { requestedIps: "1.2.3.255" })).toBe("addressOutsidePools");
  expect(bench.set("a", { requestedIps: "1.2.4.0" })).toBe("addressOutsidePools");
  expect([bench.set("a"), bench.set("b"), bench.set("c")]).toEqual(["1.2.3.254", "1.2.4.1", "noAddressAvailable"]);
  expect(bench.set("d", { stack: "v6" })).toBe("1000::");
});

test("ranges are used in the listed order", () => {
  const bench = new Bench([pool("p", ["1.2.3.9/32", "1.2.3.1/32"])]);
  expect([bench.set("a"), bench.set("b")]).toEqual(["1.2.3.9", "1.2.3.1"]);
});

test("a /8 and an IPv6 /32 are no trouble", () => {
  const bench = new Bench([pool("p", ["10.0.0.0/8", "2001:db8::/32"])]);
  expect(bench.set("a", { stack: "dual", ipFamilyPolicy: "RequireDualStack" })).toBe("10.0.0.0,2001:db8::");
  expect(bench.set("b", { stack: "v6", requestedIps: "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" })).toBe(
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
  );
});
