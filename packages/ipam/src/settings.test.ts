import { describe, expect, test } from "vitest";
import { Bench, ip, pool, port, service } from "./bench.test.fixture.ts";

const brief = (bench: Bench, name: string) => bench.allocator.explain(`ns/${name}`)?.refused;

describe("a quota in addresses per namespace", () => {
  const limited = (quotaPerNamespace: number | undefined, block = "1.2.3.0/28") =>
    pool("p", [block, "1000::/124"], { quotaPerNamespace });

  test("is for each namespace by itself", () => {
    const bench = new Bench([limited(2)]);
    expect([bench.set("a"), bench.set("b"), bench.set("c")]).toEqual(["1.2.3.0", "1.2.3.1", "quotaReached"]);
    expect(bench.set("d", { namespace: "other" })).toBe("1.2.3.2");
    expect(brief(bench, "c")).toEqual([{ pool: "p", family: "ipv4", reason: "quotaReached" }]);
  });

  test.each([
    ["the pool", { requestedPool: "p" }],
    ["an address", { requestedIps: "1.2.3.9" }],
  ])("holds for who asks for %s too, and says so", (_what, wish) => {
    const bench = new Bench([limited(1)]);
    bench.set("a");
    expect(bench.set("b", wish)).toBe("quotaReached");
    expect(bench.says("b")).toBe("namespace ns may have 1 addresses of pool p, and has no more to take");
  });

  test("of none closes the pool", () => {
    expect(new Bench([limited(0)]).set("a")).toBe("quotaReached");
  });

  test("counts a shared address once, so that sharing costs nothing within a namespace", () => {
    const bench = new Bench([limited(1)]);
    bench.set("a", { sharingKey: "k", ports: port(1) });
    expect(bench.set("b", { sharingKey: "k", ports: port(2) })).toBe("1.2.3.0");
    expect(bench.set("c", { sharingKey: "k", ports: port(2) })).toBe("quotaReached");
    expect(bench.set("d", { sharingKey: "k", ports: port(3), namespace: "other" })).toBe("1.2.3.0");
    expect(bench.set("e", { namespace: "other" })).toBe("quotaReached");
  });

  test("counts both addresses of a Service of both families", () => {
    const dual = { stack: "dual", ipFamilyPolicy: "RequireDualStack" } as const;
    const bench = new Bench([limited(3)]);
    expect(bench.set("a", dual)).toBe("1.2.3.0,1000::");
    expect(bench.set("b", dual)).toBe("quotaReached");
    expect(bench.set("c", { ...dual, ipFamilyPolicy: "PreferDualStack", ipFamilies: ["ipv6", "ipv4"] })).toBe(
      "1000::1",
    );
  });

  test("never takes an address away, not after a restart either", () => {
    const bench = new Bench([limited(2)]);
    bench.set("a");
    bench.set("b");
    expect(bench.pools([limited(1)])).toEqual([]);
    expect(bench.set("b", { labels: { changed: "yes" } })).toBe("1.2.3.1");
    const restarted = new Bench([limited(1)]);
    expect(restarted.set("a", { assigned: [ip("1.2.3.0")], assignedPool: "p" })).toBe("1.2.3.0");
    expect(restarted.set("b", { assigned: [ip("1.2.3.1")], assignedPool: "p" })).toBe("1.2.3.1");
  });

  test("lets who waits have an address when it is raised, or another one of the namespace goes", () => {
    const bench = new Bench([limited(1)]);
    bench.set("a");
    bench.set("b");
    bench.set("c");
    bench.pools([limited(2)]);
    expect([bench.has("b"), bench.has("c")]).toEqual(["1.2.3.1", "quotaReached"]);
    bench.remove("a");
    expect(bench.has("c")).toBe("1.2.3.0");
    bench.pools([limited(undefined)]);
    expect(bench.set("d")).toBe("1.2.3.2");
  });

  test("does not keep a Service from another pool", () => {
    const bench = new Bench([limited(1), pool("q", ["2.2.2.0/24"])]);
    bench.set("a");
    const actions = bench.apply({ type: "service", service: service("b") });
    expect(actions).toMatchObject([{ pool: "q", refused: [{ pool: "p", reason: "quotaReached" }] }]);
  });
});

describe("a cool-down", () => {
  const resting = (block = "1.2.3.0/31", coolDownMs: number | undefined = 1000) =>
    pool("p", [block, "1000::/127"], { coolDownMs });

  test("keeps a freed address from others until it is over", () => {
    const bench = new Bench([resting("1.2.3.0/32")]);
    bench.set("a");
    bench.remove("a");
    expect(bench.set("b")).toBe("coolingDown");
    expect(bench.allocator.refusal("ns/b")).toMatchObject({ message: "no available IPs", until: 1_001_000 });
    expect(brief(bench, "b")).toEqual([{ pool: "p", family: "ipv4", reason: "coolingDown", until: 1_001_000 }]);
    expect(bench.allocator.wakeAt).toBe(1_001_000);
    expect(bench.wait(999)).toEqual([]);
    expect(bench.wait(1)).toMatchObject([{ type: "assign", service: "ns/b", addresses: ["1.2.3.0"] }]);
    expect(bench.allocator.wakeAt).toBeUndefined();
  });

  test("is not for an address that nobody ever had, whatever the clock says", () => {
    expect(new Bench([resting()], undefined, 0).set("a", { requestedIps: "1.2.3.1" })).toBe("1.2.3.1");
  });

  test("holds for who asks for the address too", () => {
    const bench = new Bench([resting()]);
    bench.set("a");
    bench.remove("a");
    expect(bench.set("b", { requestedIps: "1.2.3.0" })).toBe("coolingDown");
    bench.wait(1000);
    expect(bench.has("b")).toBe("1.2.3.0");
  });

  test("ends for the Service that had the address when it comes back", () => {
    const bench = new Bench([resting("1.2.3.0/29")]);
    bench.set("a");
    expect(bench.set("b")).toBe("1.2.3.1");
    bench.remove("b");
    bench.remove("a");
    expect(bench.set("b")).toBe("1.2.3.1");
    expect(bench.set("c")).toBe("1.2.3.2");
    expect(bench.set("a", { requestedIps: "1.2.3.0" })).toBe("1.2.3.0");
  });

  test("gives what nobody ever had first, then what has rested longest", () => {
    const bench = new Bench([resting("1.2.3.0/30")]);
    for (const name of ["a", "b", "c"]) bench.set(name);
    bench.remove("c");
    bench.wait(1);
    bench.remove("a");
    bench.wait(5000);
    expect([bench.set("d"), bench.set("e"), bench.set("f")]).toEqual(["1.2.3.3", "1.2.3.2", "1.2.3.0"]);
  });

  test("of 0 means only that order", () => {
    const bench = new Bench([resting("1.2.3.0/31", 0)]);
    bench.set("a");
    bench.remove("a");
    bench.wait(1);
    expect([bench.set("b"), bench.set("c")]).toEqual(["1.2.3.1", "1.2.3.0"]);
  });

  test("does not begin while another Service shares the address, or for a Service that changes", () => {
    const bench = new Bench([resting()]);
    bench.set("a", { sharingKey: "k", ports: port(1) });
    bench.set("b", { sharingKey: "k", ports: port(2) });
    bench.set("b", { sharingKey: "k", ports: port(3) });
    bench.remove("a");
    expect(bench.allocator.freed).toEqual([]);
    bench.remove("b");
    expect(bench.allocator.freed).toEqual([{ address: "1.2.3.0", at: 1_000_000, by: "ns/b" }]);
  });

  test("outlives a restart, also when the clock was set back", () => {
    const bench = new Bench([resting("1.2.3.0/32")]);
    bench.set("a");
    bench.remove("a");
    const restarted = new Bench([resting("1.2.3.0/32")], undefined, 999_000);
    restarted.apply({ type: "freed", freed: bench.allocator.freed });
    expect(restarted.set("b")).toBe("coolingDown");
    restarted.wait(1000);
    expect(restarted.has("b")).toBe("1.2.3.0");
  });

  test("begins at the start for what a Service gives up at once then", () => {
    const bench = new Bench([resting()]);
    const had = { assigned: [ip("1.2.3.0")], assignedPool: "p" };
    expect(bench.set("a", { ...had, requestedIps: "1.2.3.1" })).toBe("1.2.3.1");
    expect(bench.allocator.freed).toEqual([{ address: "1.2.3.0", at: 1_000_000, by: "ns/a" }]);
    expect(bench.set("b")).toBe("coolingDown");
  });

  test("is forgotten with the pool, but not while some pool is set aside", () => {
    const bench = new Bench([resting()]);
    bench.set("a");
    bench.remove("a");
    bench.pools([], { setAside: true });
    expect(bench.allocator.freed).toHaveLength(1);
    bench.pools([resting()]);
    expect(bench.set("b")).toBe("1.2.3.1");
    bench.pools([pool("p", ["1.2.3.0/31"])]);
    expect(bench.allocator.freed).toEqual([]);
    expect(bench.set("c")).toBe("1.2.3.0");
  });

  test("goes with the address to a pool of another name", () => {
    const bench = new Bench([resting()]);
    bench.set("a");
    bench.remove("a");
    bench.pools([pool("q", ["1.2.3.0/31"], { coolDownMs: 5000 })]);
    expect(bench.set("b")).toBe("1.2.3.1");
    expect(bench.set("c")).toBe("coolingDown");
    bench.wait(4999);
    expect(bench.has("c")).toBe("coolingDown");
    bench.wait(1);
    expect(bench.has("c")).toBe("1.2.3.0");
  });
});

describe("reserved addresses", () => {
  const { ranges: reserved } = pool("", ["1.2.3.0-1.2.3.2", "1000::/64"]);
  const some = pool("p", ["1.2.3.0/29", "1000::/63"], { reserved });

  test("are passed over", () => {
    const bench = new Bench([some]);
    expect([bench.set("a"), bench.set("b", { stack: "v6" })]).toEqual(["1.2.3.3", "1000:0:0:1::"]);
  });

  test("are given to who asks for them, and stay reserved when they come back", () => {
    const bench = new Bench([some]);
    expect(bench.set("a", { requestedIps: "1.2.3.1", sharingKey: "k", ports: port(1) })).toBe("1.2.3.1");
    expect(bench.set("b", { sharingKey: "k", ports: port(2) })).toBe("1.2.3.3");
    expect(bench.set("c", { requestedIps: "1.2.3.1", sharingKey: "k", ports: port(3) })).toBe("1.2.3.1");
    bench.remove("a");
    bench.remove("c");
    expect(bench.set("d")).toBe("1.2.3.4");
  });

  test("cannot be had by asking for the pool", () => {
    const bench = new Bench([pool("p", ["1.2.3.0/31"], { reserved })]);
    expect(bench.set("a", { requestedPool: "p" })).toBe("poolExhausted");
  });

  test("stay with who has them, and are free for all once they are reserved no longer", () => {
    const open = pool("p", ["1.2.3.0/29"]);
    const bench = new Bench([open]);
    bench.set("a");
    expect(bench.pools([some])).toEqual([]);
    expect(bench.set("a", { labels: { changed: "yes" } })).toBe("1.2.3.0");
    bench.pools([open]);
    expect(bench.set("b")).toBe("1.2.3.1");
  });

  test("rest too, for those who ask for them", () => {
    const bench = new Bench([{ ...some, coolDownMs: 1000 }]);
    bench.set("a", { requestedIps: "1.2.3.1" });
    bench.remove("a");
    expect(bench.set("b", { requestedIps: "1.2.3.1" })).toBe("coolingDown");
    bench.wait(1000);
    expect(bench.has("b")).toBe("1.2.3.1");
  });
});
