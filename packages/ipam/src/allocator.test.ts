import { type Ip, type IpRange, parseIp, parsePrefix, parseRange, prefixToRange } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import type { PoolInput, PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";

function range(text: string): IpRange {
  const prefix = parsePrefix(text);
  return (prefix ? prefixToRange(prefix) : parseRange(text)) ?? expect.fail(`no range: ${text}`);
}

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`no address: ${text}`);

function pool(name: string, ranges: readonly string[], rest: Partial<PoolInput> = {}): PoolInput {
  return { name, ranges: ranges.map(range), autoAssign: true, avoidBuggyIps: false, ...rest };
}

const CLUSTER_IPS = { v4: ["10.96.0.1"], v6: ["fd96::1"], dual: ["10.96.0.1", "fd96::1"] } as const;

function service(
  name: string,
  rest: Partial<ServiceInput> & { readonly stack?: keyof typeof CLUSTER_IPS } = {},
): ServiceInput {
  const { stack = "v4", ...fields } = rest;
  return {
    key: `ns/${name}`,
    namespace: "ns",
    labels: {},
    clusterIps: CLUSTER_IPS[stack],
    ipFamilies: [],
    ipFamilyPolicy: "SingleStack",
    sharingKey: "",
    backendKey: "",
    ports: [],
    assigned: [],
    ...fields,
  };
}

/** An allocator in a few words: `set` returns what the Service has afterwards, or why it has nothing. */
class Bench {
  readonly allocator: Allocator;

  constructor(pools: readonly PoolInput[], config: AllocatorConfig = { onStranded: "keep" }) {
    this.allocator = new Allocator(config);
    this.pools(pools);
  }

  apply(...changes: Change[]): Action[] {
    return this.allocator.apply(changes);
  }

  pools(pools: readonly PoolInput[], rest: Partial<PoolSet> = {}): Action[] {
    return this.apply({ type: "pools", set: { pools, setAside: false, ...rest } });
  }

  set(name: string, rest: Parameters<typeof service>[1] = {}): string {
    this.apply({ type: "service", service: service(name, rest) });
    return this.has(name);
  }

  remove(name: string): Action[] {
    return this.apply({ type: "serviceRemoved", key: `ns/${name}` });
  }

  has(name: string): string {
    const holding = this.allocator.holding(`ns/${name}`);
    return holding?.addresses.join() ?? this.allocator.refusal(`ns/${name}`)?.reason ?? "nothing";
  }

  says(name: string): string | undefined {
    return this.allocator.refusal(`ns/${name}`)?.message;
  }
}

const port = (port: number) => [{ protocol: "TCP", port }];

describe.each([
  ["IPv4", "v4", "1.2.3.4/31", "1.2.3.4", "1.2.3.5"],
  ["IPv6", "v6", "1000::4/127", "1000::4", "1000::5"],
] as const)("assignment, %s", (_family, stack, block, first, second) => {
  test("first fit; a request for what is taken is refused; what is freed goes to who waits", () => {
    const bench = new Bench([pool("test", [block])]);
    expect(bench.set("s1", { stack })).toBe(first);
    expect(bench.set("s1", { stack })).toBe(first);
    expect(bench.set("s2", { stack, requestedIps: first })).toBe("addressInUse");
    expect(bench.says("s2")).toBe('can\'t change sharing key for "ns/s2", address also in use by ns/s1');
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

describe("sharing", () => {
  const terms = { sharingKey: "k", backendKey: "app=a" };
  const start = () => {
    const bench = new Bench([pool("test", ["1.2.3.4/31"])]);
    bench.set("s4", { ...terms, ports: port(80) });
    return bench;
  };

  test.each<[string, Partial<ServiceInput>, string]>([
    ["the same port", { ...terms, ports: port(80) }, "portInUse"],
    ["another sharing key", { ...terms, sharingKey: "other", ports: port(443) }, "addressInUse"],
    ["no sharing key", { ports: port(443) }, "addressInUse"],
    ["another backend key", { ...terms, backendKey: "app=b", ports: port(443) }, "addressInUse"],
    ["another port and the same keys", { ...terms, ports: port(443) }, "1.2.3.4"],
    ["the same port of another protocol", { ...terms, ports: [{ protocol: "UDP", port: 80 }] }, "1.2.3.4"],
  ])("a request with %s: %3$s", (_what, rest, expected) => {
    const bench = start();
    expect(bench.set("s3", { ...rest, requestedIps: "1.2.3.4" })).toBe(expected);
    if (expected === "portInUse") expect(bench.says("s3")).toBe('port TCP/80 is already in use on "1.2.3.4"');
  });

  test("sharers meet on the lowest compatible address without asking for it", () => {
    const bench = start();
    expect(bench.set("other", { ports: port(1) })).toBe("1.2.3.5");
    expect(bench.set("s3", { ...terms, ports: port(443) })).toBe("1.2.3.4");
    expect(bench.set("s5", { ...terms, ports: port(443) })).toBe("noAddressAvailable");
    expect(bench.allocator.holders(ip("1.2.3.4"))).toEqual(["ns/s3", "ns/s4"]);
    expect(bench.allocator.tied("ns/s3")).toEqual(["ns/s3", "ns/s4"]);
    expect(bench.allocator.tied("ns/other")).toEqual(["ns/other"]);
  });

  test("who is alone may change its terms in place, who is not loses the address", () => {
    const bench = start();
    expect(bench.set("s4", { sharingKey: "new", ports: port(80) })).toBe("1.2.3.4");
    expect(bench.set("s3", { sharingKey: "new", ports: port(443) })).toBe("1.2.3.4");
    expect(bench.set("s3", { sharingKey: "new", ports: port(8443) })).toBe("1.2.3.4");
    expect(bench.set("s3", { sharingKey: "newer", ports: port(8443) })).toBe("1.2.3.5");
  });

  test("sharers that change their terms together stay together", () => {
    const bench = start();
    bench.set("s3", { ...terms, ports: port(443) });
    const changed = { sharingKey: "new", backendKey: "" };
    const actions = bench.apply(
      { type: "service", service: service("s3", { ...changed, ports: port(443) }) },
      { type: "service", service: service("s4", { ...changed, ports: port(80) }) },
    );
    expect(actions).toEqual([]);
    expect([bench.has("s3"), bench.has("s4")]).toEqual(["1.2.3.4", "1.2.3.4"]);
  });

  test("a waiting sharer gets its address when the terms come to agree", () => {
    const bench = new Bench([pool("test", ["1.2.3.4/32"])]);
    bench.set("s1", { sharingKey: "a", ports: port(80) });
    expect(bench.set("s2", { sharingKey: "b", ports: port(443) })).toBe("noAddressAvailable");
    bench.set("s1", { sharingKey: "b", ports: port(80) });
    expect(bench.has("s2")).toBe("1.2.3.4");
  });
});

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
