import { type Ip, parsePrefix, prefixToRange } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import type { PoolInput } from "./pool.ts";
import type { ServiceInput } from "./service.ts";

function pool(name: string, blocks: readonly string[], rest: Partial<PoolInput> = {}): PoolInput {
  const ranges = blocks.map((block) => prefixToRange(parsePrefix(block) ?? expect.fail(block)));
  return { name, ranges, autoAssign: true, avoidBuggyIps: false, ...rest };
}

function service(name: string, assigned: readonly string[] = [], rest: Partial<ServiceInput> = {}): ServiceInput {
  const base = { key: `ns/${name}`, namespace: "ns", labels: {}, clusterIps: ["10.96.0.1"], ipFamilies: [] } as const;
  const terms = { sharingKey: "", backendKey: "", ports: [] } as const;
  return { ...base, ...terms, ipFamilyPolicy: "SingleStack", assigned: assigned as Ip[], ...rest };
}

const pools = (...pools: PoolInput[]): Change => ({ type: "pools", set: { pools, setAside: false } });
const set = (...services: ServiceInput[]): Change[] => services.map((service) => ({ type: "service", service }));
const brief = (actions: readonly Action[]) =>
  actions.map((action) => {
    const { type, service } = action;
    if (type === "assign") return [type, service, action.addresses.join(), action.pool, action.cause];
    return [type, service, action.reason];
  });

function start(config: AllocatorConfig["onStranded"], ...changes: (Change | Change[])[]) {
  const allocator = new Allocator({ onStranded: config });
  return { allocator, actions: brief(allocator.apply(changes.flat(), 0)) };
}

describe("after a restart", () => {
  test("stored addresses are honoured before anything is given, whatever the order of listing", () => {
    const { actions } = start(
      "keep",
      set(service("a"), service("z", ["1.2.3.0"], { assignedPool: "p" })),
      pools(pool("p", ["1.2.3.0/31"])),
    );
    expect(actions).toEqual([
      ["assign", "ns/a", "1.2.3.1", "p", "allocated"],
      ["assign", "ns/z", "1.2.3.0", "p", "restored"],
    ]);
  });

  test("of two that claim one address the older one has it, and the other gets another one", () => {
    const { actions } = start(
      "keep",
      set(service("a", ["1.2.3.0"], { createdAt: 2 }), service("z", ["1.2.3.0"], { createdAt: 1 })),
      pools(pool("p", ["1.2.3.0/31"])),
    );
    expect(actions).toEqual([
      ["release", "ns/a", "addressInUse"],
      ["assign", "ns/a", "1.2.3.1", "p", "allocated"],
      ["assign", "ns/z", "1.2.3.0", "p", "restored"],
    ]);
  });

  test.each<[string, string[], Partial<ServiceInput>, unknown[][]]>([
    [
      "a stranger's address is replaced",
      ["2.3.4.5"],
      {},
      [
        ["release", "ns/s", "addressOutsidePools"],
        ["assign", "ns/s", "1.2.3.0", "p", "allocated"],
      ],
    ],
    [
      "three addresses are replaced",
      ["1.2.3.0", "1.2.3.1", "1::"],
      {},
      [
        ["release", "ns/s", "unreadableStatus"],
        ["assign", "ns/s", "1.2.3.0", "p", "allocated"],
      ],
    ],
    [
      "the wrong family is replaced",
      ["1000::"],
      {},
      [
        ["release", "ns/s", "familyChanged"],
        ["assign", "ns/s", "1.2.3.0", "p", "allocated"],
      ],
    ],
    [
      "an address of ours whose pool is gone is kept",
      ["2.3.4.5"],
      { assignedPool: "gone" },
      [["assign", "ns/s", "2.3.4.5", "gone", "restored"]],
    ],
    [
      "without cluster IPs it is released",
      ["1.2.3.1"],
      { clusterIps: [] },
      [
        ["release", "ns/s", "noClusterIps"],
        ["refuse", "ns/s", "noClusterIps"],
      ],
    ],
    [
      "with unreadable cluster IPs it is kept",
      ["1.2.3.1"],
      { clusterIps: ["None"] },
      [
        ["assign", "ns/s", "1.2.3.1", "p", "restored"],
        ["refuse", "ns/s", "clusterIpFamilyUnknown"],
      ],
    ],
    [
      "an unreadable request keeps it",
      ["1.2.3.1"],
      { requestedIps: "x" },
      [
        ["assign", "ns/s", "1.2.3.1", "p", "restored"],
        ["refuse", "ns/s", "invalidRequest"],
      ],
    ],
  ])("%s", (_what, assigned, rest, expected) => {
    const { actions } = start(
      "keep",
      set(service("s", assigned, rest)),
      pools(pool("p", ["1.2.3.0/31", "1000::/127"])),
    );
    expect(actions).toEqual(expected);
  });
});

describe("a pool that is edited under a Service", () => {
  const edits: [string, PoolInput[], string][] = [
    ["deleted", [], "addressOutsidePools"],
    ["moved to other addresses", [pool("p", ["5.5.5.0/31"])], "addressOutsidePools"],
    [
      "pinned to another namespace",
      [pool("p", ["1.2.3.0/31"], { allocation: { priority: 0, namespaces: ["x"], serviceSelectors: [] } })],
      "poolNotCompatible",
    ],
    ["told to avoid it", [pool("p", ["1.2.3.0/31"], { avoidBuggyIps: true })], "buggyAddress"],
  ];

  test.each(edits)("%s: with keep it stays, marked as stranded", (_what, edited, reason) => {
    const { allocator } = start("keep", set(service("s")), pools(pool("p", ["1.2.3.0/31"])));
    const actions = allocator.apply([pools(...edited)], 0);
    expect(actions).toMatchObject([
      { type: "assign", cause: "poolChanged", addresses: ["1.2.3.0"], pool: "p", stranded: reason },
    ]);
    expect(allocator.apply([pools(...edited)], 0)).toEqual([]);
    expect(allocator.apply(set(service("s")), 0)).toEqual([]);
    expect(brief(allocator.apply([pools(pool("p", ["1.2.3.0/31"]))], 0))).toEqual([
      ["assign", "ns/s", "1.2.3.0", "p", "poolChanged"],
    ]);
    expect(allocator.holding("ns/s")?.stranded).toBeUndefined();
  });

  test.each(edits)("%s: with reassign it is released at once", (_what, edited, reason) => {
    const { allocator } = start("reassign", set(service("s")), pools(pool("p", ["1.2.3.0/31"])));
    expect(brief(allocator.apply([pools(...edited)], 0))[0]).toEqual(["release", "ns/s", reason]);
  });

  test("renamed: the address counts to the new pool", () => {
    const { allocator } = start("keep", set(service("s")), pools(pool("p", ["1.2.3.0/31"])));
    expect(brief(allocator.apply([pools(pool("q", ["1.2.3.0/31"]))], 0))).toEqual([
      ["assign", "ns/s", "1.2.3.0", "q", "poolChanged"],
    ]);
  });

  test("renamed under a Service that asks for it by the old name: it stays", () => {
    const wish = service("s", [], { requestedPool: "p" });
    const { allocator } = start("keep", set(wish), pools(pool("p", ["1.2.3.0/31"])));
    expect(allocator.apply([pools(pool("q", ["1.2.3.0/31"]))], 0)).toMatchObject([
      { pool: "p", stranded: "addressOutsidePools" },
    ]);
  });

  test("autoAssign turned off, or another priority: nothing happens", () => {
    const { allocator } = start("keep", set(service("s")), pools(pool("p", ["1.2.3.0/31"])));
    expect(allocator.apply([pools(pool("p", ["1.2.3.0/31"], { autoAssign: false }))], 0)).toEqual([]);
  });

  test("nobody else gets a stranded address", () => {
    const { allocator } = start("keep", set(service("s")), pools(pool("p", ["1.2.3.0/31"])));
    const closed = pool("p", ["1.2.3.0/31"], { allocation: { priority: 0, namespaces: ["x"], serviceSelectors: [] } });
    allocator.apply([pools(closed)], 0);
    expect(brief(allocator.apply(set(service("t", [], { namespace: "x" })), 0))).toEqual([
      ["assign", "ns/t", "1.2.3.1", "p", "allocated"],
    ]);
  });

  test.each<[string, Change, unknown[]]>([
    ["its Service is deleted", { type: "serviceRemoved", key: "ns/s" }, ["release", "ns/s", "serviceRemoved"]],
    [
      "its Service asks for another one",
      { type: "service", service: service("s", [], { requestedIps: "5.5.5.1" }) },
      ["release", "ns/s", "otherAddressRequested"],
    ],
    [
      "its Service asks for another pool",
      { type: "service", service: service("s", [], { requestedPool: "q" }) },
      ["release", "ns/s", "otherPoolRequested"],
    ],
    [
      "its Service may be reassigned",
      { type: "service", service: service("s", [], { reassign: true }) },
      ["release", "ns/s", "reassignRequested"],
    ],
  ])("a stranded address is released when %s", (_what, change, expected) => {
    const { allocator } = start("keep", set(service("s")), pools(pool("p", ["1.2.3.0/31"])));
    allocator.apply([pools(pool("q", ["5.5.5.0/31"]))], 0);
    expect(brief(allocator.apply([change], 0))[0]).toEqual(expected);
  });
});

describe("while a pool is set aside", () => {
  const aside = (...some: PoolInput[]): Change => ({ type: "pools", set: { pools: some, setAside: true } });

  test.each(["keep", "reassign"] as const)("with %s no address is released for want of its pool", (mode) => {
    const { allocator, actions } = start(mode, set(service("s", ["1.2.3.0"])), aside(pool("q", ["5.5.5.0/31"])));
    expect(actions).toEqual([["assign", "ns/s", "1.2.3.0", "", "restored"]]);
    expect(brief(allocator.apply([pools(pool("q", ["5.5.5.0/31"]))], 0))).toEqual([
      ["release", "ns/s", "addressOutsidePools"],
      ["assign", "ns/s", "5.5.5.0", "q", "allocated"],
    ]);
  });

  test("a request for what may be in that pool waits", () => {
    const { allocator } = start("keep", set(service("s")), aside(pool("p", ["1.2.3.0/31"])));
    expect(brief(allocator.apply(set(service("s", [], { requestedPool: "q" })), 0))).toEqual([
      ["refuse", "ns/s", "unknownPool"],
    ]);
    expect(brief(allocator.apply(set(service("s", [], { requestedIps: "5.5.5.1" })), 0))).toEqual([
      ["refuse", "ns/s", "addressOutsidePools"],
    ]);
    expect(allocator.holding("ns/s")?.addresses).toEqual(["1.2.3.0"]);
    expect(brief(allocator.apply([pools(pool("p", ["1.2.3.0/31"]), pool("q", ["5.5.5.0/31"]))], 0))).toEqual([
      ["release", "ns/s", "otherAddressRequested"],
      ["assign", "ns/s", "5.5.5.1", "q", "allocated"],
    ]);
  });
});

test("a refusal is told once", () => {
  const { allocator } = start("keep", set(service("a"), service("b")), pools(pool("p", ["1.2.3.0/32"])));
  expect(allocator.refusal("ns/b")?.reason).toBe("noAddressAvailable");
  expect(allocator.apply(set(service("b")), 0)).toEqual([]);
  expect(brief(allocator.apply(set(service("b", [], { requestedIps: "9.9.9.9" })), 0))).toEqual([
    ["refuse", "ns/b", "addressOutsidePools"],
  ]);
});
