// MetalLB's own catalogue of allocator cases, as sequences: each row says the rule that it shows.
import { describe, expect, test } from "vitest";
import { Bench, pool, port, type service } from "./bench.test.fixture.ts";
import type { PoolInput } from "./pool.ts";

/** The rule, the Service, what it asks for from now on (or that it goes), and what it has or why it has nothing. */
type Row = readonly [rule: string, name: string, wish: Parameters<typeof service>[1] | "goes", expected: string];

function play(bench: Bench, rows: readonly Row[]): void {
  for (const [rule, name, wish, expected] of rows) {
    if (wish === "goes") bench.remove(name);
    else bench.set(name, wish);
    expect(bench.has(name), rule).toBe(expected);
  }
}

const selector = { requirements: [{ operator: "In", key: "team", values: ["metallb"] }] } as const;

describe.each([
  ["IPv4", "v4", "1.2.3.4/31", ["1.2.3.4", "1.2.3.5"]],
  ["IPv6", "v6", "1000::4/127", ["1000::4", "1000::5"]],
] as const)("assignment on request, %s", (_family, stack, block, [one, two]) => {
  test("one address, one Service", () => {
    play(new Bench([pool("test", [block])]), [
      ["a free address is given to whom asks for it", "s1", { stack, requestedIps: one }, one],
      ["asking again changes nothing", "s1", { stack, requestedIps: one }, one],
      ["an address in use is refused", "s2", { stack, requestedIps: one }, "addressInUse"],
      ["who was refused may ask for another", "s2", { stack, requestedIps: two }, two],
      [
        "a Service that asks for what another one has waits without an address",
        "s1",
        { stack, requestedIps: two },
        "addressInUse",
      ],
      ["what it gave up is free", "s2", { stack, requestedIps: one }, one],
      ["and what the other one gave up is its", "s1", { stack, requestedIps: two }, two],
    ]);
  });

  test("sharing, step by step", () => {
    const keys = { stack, sharingKey: "share", backendKey: "a", requestedIps: one };
    play(new Bench([pool("test", [block])]), [
      ["the first one with a key takes the address", "s4", { ...keys, ports: port(80) }, one],
      ["who is alone may change the key in place", "s4", { ...keys, sharingKey: "x", ports: port(80) }, one],
      ["and change it back", "s4", { ...keys, ports: port(80) }, one],
      ["not with the same port", "s3", { ...keys, ports: port(80) }, "portInUse"],
      ["not with another sharing key", "s3", { ...keys, sharingKey: "x", ports: port(443) }, "addressInUse"],
      ["not with another backend key", "s3", { ...keys, backendKey: "b", ports: port(443) }, "addressInUse"],
      ["not without a key", "s3", { ...keys, sharingKey: "", ports: port(443) }, "addressInUse"],
      ["with another port and the same keys", "s3", { ...keys, ports: port(443) }, one],
      ["a sharer may change its ports", "s3", { ...keys, ports: port(8443) }, one],
      ["but not to one in use", "s3", { ...keys, ports: port(80) }, "portInUse"],
      ["nor its sharing key", "s3", { ...keys, sharingKey: "x", ports: port(443) }, "addressInUse"],
      ["nor its backend key", "s3", { ...keys, backendKey: "b", ports: port(443) }, "addressInUse"],
      ["a sharer may leave for another address", "s4", { ...keys, requestedIps: two, ports: port(80) }, two],
      ["then who waited is alone", "s3", { ...keys, backendKey: "b", ports: port(443) }, one],
    ]);
  });
});

test("assignment on request of both families", () => {
  const pools = [pool("test", ["1.2.3.4/31", "1000::4/127"]), pool("test2", ["1.2.4.0/31", "2000::/127"])];
  const dual = { stack: "dual", ipFamilyPolicy: "RequireDualStack" } as const;
  play(new Bench(pools), [
    ["a pair from one pool", "s1", { ...dual, requestedIps: "1.2.3.4,1000::4" }, "1.2.3.4,1000::4"],
    ["a pair from two pools", "s2", { ...dual, requestedIps: "1.2.3.5,2000::" }, "addressOutsidePools"],
    ["a pair of which one is in use", "s2", { ...dual, requestedIps: "1.2.3.5,1000::4" }, "addressInUse"],
    ["both or none: the free one was not taken", "s3", { requestedIps: "1.2.3.5" }, "1.2.3.5"],
    ["IPv6 first is told IPv4 first", "s2", { ...dual, requestedIps: "2000::1,1.2.4.1" }, "1.2.4.1,2000::1"],
    ["and stays in that order", "s2", { ...dual, requestedIps: "2000::1,1.2.4.1" }, "1.2.4.1,2000::1"],
  ]);
});

test("assignment from pinned pools on request", () => {
  const pinned = (name: string, block: string, namespaces: readonly string[] | undefined, selects: boolean) =>
    pool(name, [block], { allocation: { priority: 0, namespaces, serviceSelectors: selects ? [selector] : [] } });
  const labels = { team: "metallb" };
  const bench = new Bench([
    pinned("ns", "4.4.4.0/24", ["test-ns"], false),
    pinned("team", "5.5.5.0/24", undefined, true),
    pinned("both", "6.6.6.0/24", ["test-ns"], true),
  ]);
  play(bench, [
    ["of the same namespace", "a", { namespace: "test-ns", requestedIps: "4.4.4.1" }, "4.4.4.1"],
    ["of another namespace", "b", { namespace: "other", requestedIps: "4.4.4.2" }, "poolNotCompatible"],
    ["with the label", "c", { labels, requestedIps: "5.5.5.1" }, "5.5.5.1"],
    ["with another label", "d", { labels: { team: "red" }, requestedIps: "5.5.5.2" }, "poolNotCompatible"],
    ["both right", "e", { namespace: "test-ns", labels, requestedIps: "6.6.6.1" }, "6.6.6.1"],
    ["only the namespace right", "f", { namespace: "test-ns", requestedIps: "6.6.6.2" }, "poolNotCompatible"],
    ["only the label right", "g", { labels, requestedIps: "6.6.6.2" }, "poolNotCompatible"],
  ]);
});

describe.each<[string, Parameters<typeof service>[1] & object, readonly string[]]>([
  ["IPv4", { stack: "v4" }, ["1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.3.7"]],
  ["IPv6", { stack: "v6" }, ["1000::", "1000::1", "1000::2", "1000::3"]],
  [
    "both",
    { stack: "dual", ipFamilyPolicy: "RequireDualStack" },
    ["1.2.3.4,1000::", "1.2.3.5,1000::1", "1.2.3.6,1000::2", "1.2.3.7,1000::3"],
  ],
])("the ladder of exhaustion, %s", (_family, wants, [a, b, c, d]) => {
  const blocks = ["1.2.3.4/30", "1000::/126"];
  const ladder = (rest: object, reason: string): Row[] => {
    const wish = { ...wants, ...rest };
    const shared = { ...wish, sharingKey: "share" };
    return [
      ["first fit", "s1", wish, a ?? ""],
      ["first fit", "s2", wish, b ?? ""],
      ["first fit", "s3", wish, c ?? ""],
      ["first fit", "s4", wish, d ?? ""],
      ["nothing is left", "s5", wish, reason],
      ["nothing is left", "s6", wish, reason],
      ["who goes makes room", "s1", "goes", "nothing"],
      ["for who waited longest", "s5", wish, a ?? ""],
      ["and for nobody else", "s6", wish, reason],
      ["who is alone may begin to share", "s5", { ...shared, ports: port(80) }, a ?? ""],
      ["a sharer finds it without asking", "s6", { ...shared, ports: port(443) }, a ?? ""],
      ["but not with a port in use", "s7", { ...shared, ports: port(443) }, reason],
    ];
  };

  test("automatically", () => {
    play(new Bench([pool("pool1", blocks)]), ladder({}, "noAddressAvailable"));
  });

  test("from the pool that is asked for, though another one has room", () => {
    const pools = [pool("a-other", ["9.9.9.0/24", "9000::/120"]), pool("pool1", blocks)];
    play(new Bench(pools), ladder({ requestedPool: "pool1" }, "poolExhausted"));
  });

  test("over several pools", () => {
    const pools = [pool("p1", ["1.2.3.4/31", "1000::/127"]), pool("p2", ["1.2.3.6/31", "1000::2/127"])];
    play(new Bench(pools), ladder({}, "noAddressAvailable"));
  });
});

test("a Service that asks for a pool", () => {
  const bench = new Bench([
    pool("both", ["1.2.3.0/30", "1000::/126"]),
    pool("only4", ["1.2.4.0/30"]),
    pool("only6", ["2000::/126"]),
  ]);
  const preferred = { stack: "dual", ipFamilyPolicy: "PreferDualStack" } as const;
  play(bench, [
    ["gets its family", "s1", { requestedPool: "both" }, "1.2.3.0"],
    ["another family is another address", "s1", { stack: "v6", requestedPool: "both" }, "1000::"],
    ["a family that the pool lacks", "s2", { stack: "v6", requestedPool: "only4" }, "familyNotInPool"],
    ["preferring both, from a pool of both", "s3", { ...preferred, requestedPool: "both" }, "1.2.3.0,1000::1"],
    ["preferring both, from a pool of IPv4", "s4", { ...preferred, requestedPool: "only4" }, "1.2.4.0"],
    ["preferring both, from a pool of IPv6", "s5", { ...preferred, requestedPool: "only6" }, "2000::"],
    ["then from a pool of both", "s4", { ...preferred, requestedPool: "both" }, "1.2.3.1,1000::2"],
    ["another pool moves it", "s3", { ...preferred, requestedPool: "only6" }, "2000::1"],
    [
      "together with an address of it",
      "s3",
      { stack: "v4", requestedPool: "only4", requestedIps: "1.2.4.3" },
      "1.2.4.3",
    ],
    ["an address and another pool", "s3", { requestedPool: "only6", requestedIps: "1.2.4.3" }, "requestedPoolMismatch"],
  ]);
});

test.each<[string, readonly string[], number]>([
  ["a /30 at the beginning of a /24", ["1.2.3.0/30"], 3],
  ["a /30 at its end", ["1.2.3.252/30"], 3],
  ["a range over the boundary", ["1.2.3.254-1.2.4.1"], 2],
  ["two blocks", ["1.2.3.0/31", "1.2.4.254/31"], 2],
  ["nothing but such addresses", ["1.2.3.255/32", "1.2.4.0/32"], 0],
  ["two /24", ["1.2.2.0/23"], 508],
])("avoidBuggyIPs leaves of %s exactly so many: %3$s", (_what, blocks, count) => {
  const bench = new Bench([pool("test", blocks, { avoidBuggyIps: true })]);
  const got = Array.from({ length: count + 1 }, (_, i) => bench.set(`s${i}`));
  expect(got.filter((address) => /\.(0|255)$/.test(address))).toEqual([]);
  expect(new Set(got.slice(0, count)).size).toBe(count);
  expect(got[count]).toBe("noAddressAvailable");
});

describe.each(["keep", "reassign"] as const)("a pool is edited, --on-stranded %s", (onStranded) => {
  const reload = (before: PoolInput[], after: PoolInput[], stack: "v4" | "v6" = "v4") => {
    const bench = new Bench(before, { onStranded });
    const had = bench.set("s", { stack });
    bench.pools(after);
    const { addresses = [], pool, stranded } = bench.allocator.holding("ns/s") ?? {};
    return [had, addresses.join(), pool, stranded ?? "fine"];
  };
  const keeps = onStranded === "keep";

  test.each<[string, PoolInput[], PoolInput[], "v4" | "v6", readonly string[]]>([
    ["not at all", [pool("p", ["1.2.3.0/24"])], [pool("p", ["1.2.3.0/24"])], "v4", ["1.2.3.0", "p"]],
    ["it grows", [pool("p", ["1.2.3.0/32"])], [pool("p", ["1.2.3.0/24"])], "v4", ["1.2.3.0", "p"]],
    ["it grows below", [pool("p", ["1.2.3.8/32"])], [pool("p", ["1.2.3.0/24"])], "v4", ["1.2.3.8", "p"]],
    ["it shrinks elsewhere", [pool("p", ["1.2.3.0/24"])], [pool("p", ["1.2.3.0/31"])], "v4", ["1.2.3.0", "p"]],
    ["it is renamed", [pool("p", ["1.2.3.0/24"])], [pool("q", ["1.2.3.0/24"])], "v4", ["1.2.3.0", "q"]],
    [
      "it is split",
      [pool("p", ["1.2.3.0/24"])],
      [pool("q", ["1.2.3.128/25"]), pool("r", ["1.2.3.0/25"])],
      "v4",
      ["1.2.3.0", "r"],
    ],
    [
      "autoAssign is turned off",
      [pool("p", ["1::/64"])],
      [pool("p", ["1::/64"], { autoAssign: false })],
      "v6",
      ["1::", "p"],
    ],
    [
      "its priority becomes the last",
      [pool("p", ["1.2.3.0/24"], { allocation: { priority: 1, serviceSelectors: [] } })],
      [
        pool("p", ["1.2.3.0/24"], { allocation: { priority: 9, serviceSelectors: [] } }),
        pool("q", ["1.2.4.0/24"], { allocation: { priority: 1, serviceSelectors: [] } }),
      ],
      "v4",
      ["1.2.3.0", "p"],
    ],
    [
      "a quota below what is held",
      [pool("p", ["1.2.3.0/24"])],
      [pool("p", ["1.2.3.0/24"], { quotaPerNamespace: 0 })],
      "v4",
      ["1.2.3.0", "p"],
    ],
    [
      "what is held becomes reserved",
      [pool("p", ["1.2.3.0/24"])],
      [pool("p", ["1.2.3.0/24"], { reserved: pool("", ["1.2.3.0/28"]).ranges })],
      "v4",
      ["1.2.3.0", "p"],
    ],
  ])("%s: the address stays", (_what, before, after, stack, [address, name]) => {
    expect(reload(before, after, stack)).toEqual([address, address, name, "fine"]);
  });

  test.each<[string, PoolInput, PoolInput, "v4" | "v6", string, string]>([
    ["shrunk past it", pool("p", ["1.2.3.0/24"]), pool("p", ["1.2.3.8/29"]), "v4", "addressOutsidePools", "1.2.3.8"],
    ["shrunk past it", pool("p", ["1::/64"]), pool("p", ["1::8/125"]), "v6", "addressOutsidePools", "1::8"],
    [
      "told to avoid it",
      pool("p", ["1.2.3.0/24"]),
      pool("p", ["1.2.3.0/24"], { avoidBuggyIps: true }),
      "v4",
      "buggyAddress",
      "1.2.3.1",
    ],
    [
      "pinned to others",
      pool("p", ["1.2.3.0/24"]),
      pool("p", ["1.2.3.0/24"], { allocation: { priority: 0, namespaces: ["x"], serviceSelectors: [] } }),
      "v4",
      "poolNotCompatible",
      "",
    ],
  ])("%s: it is stranded, or replaced", (_what, before, after, stack, reason, next) => {
    const [had, has, name, stranded] = reload([before], [after], stack);
    expect([has, name, stranded]).toEqual(keeps ? [had, "p", reason] : [next, next ? "p" : undefined, "fine"]);
  });
});

describe.each<[string, Parameters<typeof service>[1] & object, string]>([
  ["IPv4", { stack: "v4" }, "1.2.3.0"],
  ["IPv6", { stack: "v6" }, "1000::"],
  ["both", { stack: "dual", ipFamilyPolicy: "RequireDualStack" }, "1.2.3.0,1000::"],
])("autoAssign: false, %s", (_family, wants, address) => {
  const manual = pool("manual", ["1.2.3.0/31", "1000::/127"], { autoAssign: false });

  test("the pool is passed over, and serves who asks for it", () => {
    play(new Bench([manual]), [
      ["not by itself", "s", wants, "noAddressAvailable"],
      ["for who asks for an address", "t", { ...wants, requestedIps: address }, address],
      ["that goes with its Service", "t", "goes", "nothing"],
      ["for who asks for the pool", "s", { ...wants, requestedPool: "manual" }, address],
    ]);
  });
});

test("an IPv4-mapped address is the IPv4 address, as in Kubernetes", () => {
  const bench = new Bench([pool("test", ["1.2.3.4/31"])]);
  expect(bench.set("s1", { loadBalancerIp: "::ffff:1.2.3.5" })).toBe("1.2.3.5");
  expect(bench.set("s1", { requestedIps: "::ffff:102:305", clusterIps: ["::ffff:10.96.0.1"] })).toBe("1.2.3.5");
});

describe("what a Service asks for in no words at all", () => {
  const long = "\u{1f600}".repeat(100_000);
  test.each<[string, Parameters<typeof service>[1]]>([
    ["a long text for addresses", { requestedIps: long }],
    ["a long text for one address", { loadBalancerIp: long }],
    ["thousands of addresses", { requestedIps: Array(10_000).fill("1.2.3.4").join() }],
    ["a long name of a pool", { requestedPool: long }],
    ["a long name of a pool, and an address of another", { requestedIps: "1.2.3.4", requestedPool: long }],
  ])("%s: the refusal stays short", (_what, wish) => {
    const bench = new Bench([pool("test", ["1.2.3.4/31"])]);
    bench.set("s1", wish);
    const { message = "" } = bench.allocator.refusal("ns/s1") ?? {};
    expect(message).not.toBe("");
    expect(message.length).toBeLessThan(500);
    expect(message.isWellFormed()).toBe(true);
  });

  test("an address with thousands of holders: the refusal stays short", () => {
    const bench = new Bench([pool("test", ["1.2.3.4/32"])]);
    for (let i = 1; i <= 1_000; i++) bench.set(`sharer-${i}`, { sharingKey: "k", ports: port(i) });
    bench.set("s1", { requestedIps: "1.2.3.4" });
    expect(bench.says("s1")).toMatch(/^can't change sharing key for "ns\/s1", address also in use by ns\/sharer-1,/);
    expect(bench.says("s1")?.length).toBeLessThan(500);
  });
});
