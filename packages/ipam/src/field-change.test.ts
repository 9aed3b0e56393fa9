// What a change of each field of a Service does to the addresses that it has.
import { describe, expect, test } from "vitest";
import { Bench, ip, pool, port, service } from "./bench.test.fixture.ts";

type Fields = Parameters<typeof service>[1] & object;

const selector = { requirements: [{ operator: "In", key: "team", values: ["a"] }] } as const;
const team = pool("team", ["7.7.7.0/24"], { allocation: { priority: 1, serviceSelectors: [selector] } });
const main = pool("main", ["1.2.3.0/24", "1000::/120"]);
const other = pool("other", ["2.2.2.0/24"], { autoAssign: false });

/** The Service as it was, with 1.2.3.1 since 1.2.3.0 is another one's. */
const BEFORE: Fields = { sharingKey: "k", ports: port(80) };

describe.each(["keep", "reassign"] as const)("with --on-stranded %s", (onStranded) => {
  test.each<[string, Fields, readonly string[]]>([
    ["nothing at all", {}, ["1.2.3.1", "main"]],
    ["labels that a better pool selects: the address stays", { labels: { team: "a" } }, ["1.2.3.1", "main"]],
    ["the pool that it is in", { requestedPool: "main" }, ["1.2.3.1", "main"]],
    ["another pool", { requestedPool: "other" }, ["2.2.2.0", "other"]],
    ["a pool that does not exist: the address goes", { requestedPool: "nope" }, ["unknownPool"]],
    ["the address that it has", { requestedIps: "1.2.3.1" }, ["1.2.3.1", "main"]],
    ["another address", { requestedIps: "1.2.3.9" }, ["1.2.3.9", "main"]],
    ["another address, in the spec", { loadBalancerIp: "1.2.3.9" }, ["1.2.3.9", "main"]],
    ["pool and address together", { requestedPool: "other", loadBalancerIp: "2.2.2.2" }, ["2.2.2.2", "other"]],
    ["an address in use", { requestedIps: "1.2.3.0" }, ["addressInUse"]],
    ["an address in no pool", { requestedIps: "9.9.9.9" }, ["addressOutsidePools"]],
    ["a request that nobody can read: the address stays", { requestedIps: "x" }, ["1.2.3.1", "main"]],
    [
      "two requests at once: the address stays",
      { requestedIps: "1.2.3.9", loadBalancerIp: "1.2.3.9" },
      ["1.2.3.1", "main"],
    ],
    ["the other family", { stack: "v6" }, ["1000::", "main"]],
    ["both families", { stack: "dual", ipFamilyPolicy: "RequireDualStack" }, ["1.2.3.1", "1000::", "main"]],
    ["both families preferred", { stack: "dual", ipFamilyPolicy: "PreferDualStack" }, ["1.2.3.1", "1000::", "main"]],
    [
      "both families preferred, IPv6 first: the address stays",
      { stack: "dual", ipFamilyPolicy: "PreferDualStack", ipFamilies: ["ipv6", "ipv4"] },
      ["1.2.3.1", "1000::", "main"],
    ],
    ["both required of one cluster IP", { ipFamilyPolicy: "RequireDualStack" }, ["notEnoughClusterIps"]],
    ["both preferred of one cluster IP", { ipFamilyPolicy: "PreferDualStack" }, ["1.2.3.1", "main"]],
    ["no cluster IP", { clusterIps: [] }, ["noClusterIps"]],
    ["a cluster IP that nobody can read: the address stays", { clusterIps: ["None"] }, ["1.2.3.1", "main"]],
    ["the sharing key, alone on the address", { sharingKey: "x" }, ["1.2.3.1", "main"]],
    ["the backend key, alone on the address", { backendKey: "app=b" }, ["1.2.3.1", "main"]],
    ["ports, alone on the address", { ports: port(443) }, ["1.2.3.1", "main"]],
    ["its age", { createdAt: 7 }, ["1.2.3.1", "main"]],
    ["its place", { position: "z.yaml 000001" }, ["1.2.3.1", "main"]],
    ["leave to be reassigned, while its pool has the address", { reassign: true }, ["1.2.3.1", "main"]],
    [
      "what its status says, which is the past",
      { assigned: [ip("1.2.3.77")], assignedPool: "main" },
      ["1.2.3.1", "main"],
    ],
  ])("%s", (_what, fields, expected) => {
    const bench = new Bench([main, other, team], { onStranded });
    bench.set("first");
    expect(bench.set("s", BEFORE)).toBe("1.2.3.1");
    bench.set("s", { ...BEFORE, ...fields });
    const { addresses, pool } = bench.allocator.holding("ns/s") ?? { addresses: [], pool: bench.has("s") };
    expect([...addresses, pool]).toEqual(expected);
    // Looking again changes nothing.
    expect(bench.apply({ type: "service", service: service("s", { ...BEFORE, ...fields }) })).toEqual([]);
  });

  test.each<[string, Fields, string]>([
    ["the sharing key", { sharingKey: "x" }, "1.2.3.1"],
    ["no sharing key", { sharingKey: "" }, "1.2.3.1"],
    ["the backend key", { backendKey: "app=b" }, "1.2.3.1"],
    ["a port that the other one has", { ports: port(443) }, "1.2.3.1"],
    ["a port that nobody has", { ports: port(8080) }, "1.2.3.0"],
  ])("not alone on its address, %s: %3$s", (_what, fields, expected) => {
    const bench = new Bench([main], { onStranded });
    bench.set("other", { sharingKey: "k", ports: port(443) });
    expect(bench.set("s", BEFORE)).toBe("1.2.3.0");
    expect(bench.set("s", { ...BEFORE, ...fields })).toBe(expected);
    expect(bench.has("other")).toBe("1.2.3.0");
  });

  test("labels that its pool selects no longer: it is stranded, or moves", () => {
    const bench = new Bench([main, team], { onStranded });
    expect(bench.set("s", { labels: { team: "a" } })).toBe("7.7.7.0");
    expect(bench.set("s", { labels: {} })).toBe(onStranded === "keep" ? "7.7.7.0" : "1.2.3.0");
    expect(bench.allocator.holding("ns/s")?.stranded).toBe(onStranded === "keep" ? "poolNotCompatible" : undefined);
  });
});
