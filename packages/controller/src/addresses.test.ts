import type { Ip } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { startAddresses as start } from "./addresses.test.fixture.ts";
import { pool, service } from "./controller.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";

const web = (addresses: readonly string[], from = "lab"): StatusRecord => ({
  ...{ namespace: "default", name: "web", addresses, pool: from },
});

const POOL = "metallb.io/address-pool";
const BOTH = ["10.0.0.0/31", "1000::/127"];

const notes = (freed: readonly unknown[]) => ({ freed, holders: new Map() });

const lab = pool("lab", ["10.0.0.1-10.0.0.9"]);

describe("a Service", () => {
  test("has a new address only when it is stored", () => {
    const { addresses, begun } = start([lab, service("web")]);
    expect(begun.affected).toEqual([]);
    expect(begun.entries).toEqual([{ type: "store", record: web(["10.0.0.1"]), manifest: service("web") }]);
    expect(addresses.given("default/web")).toBeUndefined();
    const [entry] = begun.entries;
    expect(entry?.type === "store" && addresses.confirm(entry.record)).toBe(true);
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.1"]);
  });

  test("has what is remembered at once, and nothing is written", () => {
    const { addresses, begun } = start([lab, service("web")], { statuses: [web(["10.0.0.7"])] });
    expect(begun).toEqual({ affected: ["default/web"], entries: [] });
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.7"]);
  });

  test("has what its manifest says when nothing is remembered", () => {
    const written = {
      ...service("web"),
      status: { loadBalancer: { ingress: [{ ip: "10.0.0.5" }, { hostname: "x" }] } },
    };
    const { addresses, begun } = start([lab, written]);
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.5"]);
    expect(begun.entries).toMatchObject([{ type: "store", record: web(["10.0.0.5"]) }]);
  });

  test("keeps what is remembered, though the manifest of an older one says the same", () => {
    const older = {
      ...service("older", {}, { creationTimestamp: "2020-01-01T00:00:00Z" }),
      status: { loadBalancer: { ingress: [{ ip: "10.0.0.7" }] } },
    };
    const { addresses, begun } = start([lab, older, service("web")], { statuses: [web(["10.0.0.7"])] });
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.7"]);
    expect(begun.entries.filter(({ type }) => type === "store")).toMatchObject([{ record: { name: "older" } }]);
  });

  test("does not go back to what its manifest says once that is the past", () => {
    const written = (spec = {}) => ({
      ...service("web", spec),
      status: { loadBalancer: { ingress: [{ ip: "10.0.0.5" }] } },
    });
    const { addresses, update } = start([lab, written()]);
    update([lab, written({ loadBalancerIP: "10.0.0.6" })]);
    update([lab, written()]);
    expect(addresses.given("default/web")?.addresses ?? ["10.0.0.6"]).toEqual(["10.0.0.6"]);
  });

  test("loses its addresses at once when it goes, and its file with them", () => {
    const { addresses, update } = start([lab, service("web")], { statuses: [web(["10.0.0.7"])] });
    expect(update([lab])).toEqual({
      affected: ["default/web"],
      entries: [{ type: "forget", namespace: "default", name: "web", addresses: expect.anything() }],
    });
    expect(addresses.given("default/web")).toBeUndefined();
  });

  test("has the IPv4 address of an IPv4-mapped one that is remembered, and that is written", () => {
    const { addresses, begun } = start([lab, service("web")], { statuses: [web(["::ffff:10.0.0.7"])] });
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.7"]);
    expect(begun.entries).toMatchObject([{ type: "store", record: web(["10.0.0.7"]) }]);
  });

  test("that gets nothing shows no pool, whoever wrote that it has one", () => {
    const copied = service("copy", {}, { annotations: { "metallb.io/ip-allocated-from-pool": "lab" } });
    const one = pool("lab", ["10.0.0.7/32"]);
    const { begun, update } = start([one, service("web"), copied], { statuses: [web(["10.0.0.7"])] });
    const forgotten = { type: "forget", namespace: "default", name: "copy", addresses: [] };
    expect(begun.entries).toEqual([forgotten]);
    expect(update([one, service("web"), service("other")]).entries.filter(({ type }) => type === "forget")).toEqual([]);
    expect(update([one, service("web"), copied]).entries).toContainEqual(forgotten);
  });

  test("that is gone when the process starts loses its file", () => {
    const { begun } = start([lab], { statuses: [web(["10.0.0.7"])] });
    expect(begun.entries).toEqual([
      { type: "forget", namespace: "default", name: "web", addresses: expect.anything() },
    ]);
  });

  test("that changes is written again with its manifest", () => {
    const { update } = start([lab, service("web")], { statuses: [web(["10.0.0.7"])] });
    const changed = service("web", {}, { labels: { app: "web" } });
    expect(update([lab, changed])).toEqual({
      affected: [],
      entries: [{ type: "store", record: web(["10.0.0.7"]), manifest: changed }],
    });
  });

  test("that asks for another address gives the old one back first", () => {
    const { addresses, update } = start([lab, service("web")], { statuses: [web(["10.0.0.7"])] });
    const { entries, affected } = update([lab, service("web", { loadBalancerIP: "10.0.0.8" })]);
    expect(entries.map(({ type }) => type)).toEqual(["forget", "store"]);
    expect(affected).toEqual(["default/web"]);
    expect(addresses.given("default/web")).toBeUndefined();
  });

  test.each<[string | undefined, string | undefined, "served" | "not served"]>([
    [undefined, undefined, "served"],
    [undefined, "any", "not served"],
    ["herald", undefined, "not served"],
    ["herald", "herald", "served"],
    ["herald", "other", "not served"],
  ])("is, with --lb-class %s and the class %s, %s", (flag, own, expected) => {
    const spec = own === undefined ? {} : { loadBalancerClass: own };
    const { begun } = start([lab, service("web", spec)], flag === undefined ? {} : { loadBalancerClass: flag });
    expect(begun.entries).toHaveLength(expected === "served" ? 1 : 0);
  });

  test.each(["ClusterIP", "NodePort", "ExternalName"])("of the type %s is not served", (type) => {
    expect(start([lab, service("web", { type })]).begun).toEqual({ affected: [], entries: [] });
  });

  test("that waits is told of once, with the reason", () => {
    const tiny = pool("lab", ["10.0.0.1/32"]);
    const { addresses, log, update } = start([tiny, service("a"), service("b")]);
    update([tiny, service("a"), service("b"), service("c", { type: "ClusterIP" })]);
    const refused = log.entries.filter(({ message }) => message === "no addresses given");
    expect(refused.map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ service: "default/b", reason: expect.any(String) }),
    ]);
    expect(addresses.refusal("default/b")).toBeDefined();
  });

  test("that waits for another reason than before is looked at again", () => {
    const manual = pool("lab", ["10.0.0.1/32"], { autoAssign: false });
    const { addresses, update } = start([manual, service("a")]);
    expect(addresses.refusal("default/a")).toMatchObject({ reason: "noAddressAvailable" });
    expect(update([service("a")]).affected).toEqual(["default/a"]);
    expect(addresses.refusal("default/a")).toMatchObject({ reason: "noPools" });
    expect(update([service("a")]).affected).toEqual([]);
  });

  test("is in a namespace that a pool may select by name, manifest or not", () => {
    const namespaceSelectors = [{ matchLabels: { "kubernetes.io/metadata.name": "shop" } }];
    const pinned = pool("lab", ["10.0.0.1-10.0.0.9"], { serviceAllocation: { namespaceSelectors } });
    const inShop = service("web", {}, { namespace: "shop" });
    expect(start([pinned, inShop]).begun.entries).toMatchObject([{ record: { namespace: "shop", pool: "lab" } }]);
    const { update } = start([pinned]);
    expect(update([pinned, inShop]).entries).toMatchObject([{ record: { namespace: "shop", pool: "lab" } }]);
  });

  test("keeps an address whose pool is gone", () => {
    const { addresses, update } = start([lab, service("web")], { statuses: [web(["10.0.0.7"])] });
    update([pool("other", ["10.0.1.0/24"]), service("web")]);
    expect(addresses.given("default/web")).toMatchObject({ addresses: ["10.0.0.7" as Ip], pool: "lab" });
  });
});

test("a status that is not what was decided is stored once more, or taken away", () => {
  const { addresses, begun, settle } = start([lab, service("web")]);
  expect(addresses.reassert("default/web"), "it may be another Service by now than the one it was stored for").toEqual(
    begun.entries,
  );
  for (const entry of begun.entries) if (entry.type === "store") addresses.confirm(entry.record);
  const others = [service("other", { loadBalancerClass: "x" }), service("asks", { loadBalancerIP: "::" })];
  settle([lab, service("web", {}, { labels: { a: "b" } }), ...others]);
  expect(addresses.reassert("default/web")).toMatchObject([{ type: "store", record: web(["10.0.0.1"]) }]);
  expect(addresses.reassert("default/asks")).toEqual([
    { type: "forget", namespace: "default", name: "asks", addresses: [] },
  ]);
  expect(addresses.reassert("default/other"), "it is somebody else's").toEqual([]);
  expect(addresses.reassert("default/gone")).toEqual([]);
});

describe("what was freed", () => {
  const resting = (addresses: readonly string[]) => ({
    ...pool("lab", addresses),
    metadata: { name: "lab", namespace: "metallb-system", annotations: { "heraldlb.io/cool-down": "10s" } },
  });
  const tiny = resting(["10.0.0.1/32"]);

  test("is stored before the Service's file goes", () => {
    const { update } = start([tiny, service("web")], { statuses: [web(["10.0.0.1"])], now: 5_000 });
    expect(update([tiny]).entries).toEqual([
      { type: "notes", notes: notes([{ address: "10.0.0.1", at: 5_000, by: "default/web" }]) },
      { type: "forget", namespace: "default", name: "web", addresses: expect.anything() },
    ]);
  });

  test("rests over a restart, then is given to who waits, and is remembered no longer", () => {
    const freed = [{ address: "10.0.0.1" as Ip, at: 5_000, by: "default/web" }];
    const { addresses, begun, wait, log } = start([tiny, service("new")], { freed, now: 6_000 });
    expect(begun.entries).toEqual([]);
    expect(addresses.refusal("default/new")).toMatchObject({ reason: "coolingDown", until: 15_000 });
    expect(log.entries.find(({ message }) => message === "no addresses given")?.fields).toMatchObject({
      until: new Date(15_000),
      pools: [{ pool: "lab", family: "ipv4", reason: "coolingDown", until: new Date(15_000) }],
    });
    expect(wait(8_999).entries).toEqual([]);
    expect(wait(1).entries).toMatchObject([{ type: "notes", notes: notes([]) }, { type: "store" }]);
    expect(addresses.given("default/new")?.addresses).toEqual(["10.0.0.1"]);
  });

  test("by a Service that went while nobody looked rests from the start on", () => {
    const { begun, addresses } = start([tiny, service("new")], { statuses: [web(["10.0.0.1"])], now: 6_000 });
    expect(begun.entries).toEqual([
      { type: "notes", notes: notes([{ address: "10.0.0.1", at: 6_000, by: "default/web" }]) },
      { type: "forget", namespace: "default", name: "web", addresses: expect.anything() },
    ]);
    expect(addresses.refusal("default/new")?.until).toBe(16_000);
  });

  test("is not stored again when nothing of it has changed", () => {
    const { update } = start([tiny, service("web")], { statuses: [web(["10.0.0.1"])] });
    const { entries } = update([tiny, service("web", {}, { labels: { a: "b" } })]);
    expect(entries.map(({ type }) => type)).toEqual(["store"]);
  });
});

test("a stranded address is told of as a warning, and its file says why", () => {
  const { log, update } = start([lab, service("web")], { statuses: [web(["10.0.0.7"])] });
  const { entries } = update([pool("other", ["10.0.1.0/24"]), service("web")]);
  expect(entries).toMatchObject([{ record: { addresses: ["10.0.0.7"], stranded: "addressOutsidePools" } }]);
  expect(log.entries.filter(({ level }) => level === "warn")).toEqual([
    expect.objectContaining({
      message: "addresses stranded",
      fields: { service: "default/web", addresses: ["10.0.0.7"], pool: "lab", reason: "addressOutsidePools" },
    }),
  ]);
});

test("a Service that is the wrong type or class from now on gives its addresses back", () => {
  const ours = { loadBalancerClass: "herald" };
  for (const spec of [{ type: "ClusterIP" }, { loadBalancerClass: "other" }, {}]) {
    const { addresses, settle } = start([lab], { loadBalancerClass: "herald" });
    settle([lab, service("web", ours)]);
    expect(addresses.given("default/web")?.addresses).toEqual(["10.0.0.1"]);
    expect(settle([lab, service("web", spec)]).entries).toMatchObject([{ type: "forget", name: "web" }]);
    expect(addresses.given("default/web")).toBeUndefined();
  }
});

test("a record that was overruled before it was stored gives nothing", () => {
  const { addresses, begun, update } = start([lab, service("web")]);
  update([lab, service("web", { loadBalancerIP: "10.0.0.8" })]);
  const [entry] = begun.entries;
  expect(entry?.type === "store" && addresses.confirm(entry.record)).toBe(false);
  expect(addresses.given("default/web")).toBeUndefined();
});

test.each([
  ["is elsewhere", pool("lab", ["10.0.0.8/31", "1000::8/127"]), undefined],
  ["is elsewhere in one family", pool("lab", ["10.0.0.8/31", "1000::/127"]), { ipv4: 0, ipv6: 1 }],
  ["has another name", pool("new", BOTH), { ipv4: 1, ipv6: 1 }],
  ["avoids it", pool("lab", BOTH, { avoidBuggyIPs: true }), { ipv4: 0, ipv6: 1 }],
  ["is closed to it", pool("lab", BOTH, { serviceAllocation: { namespaces: ["other"] } }), { ipv4: 1, ipv6: 1 }],
])("a stranded address is in use only where a pool has it: the pool %s", (_what, changed, expected) => {
  const web = service("web", { ipFamilyPolicy: "RequireDualStack" }, { annotations: { [POOL]: "lab" } });
  const { addresses, settle } = start([]);
  settle([pool("lab", BOTH), web]);
  expect(addresses.usage()).toEqual(new Map([["lab", { ipv4: 1, ipv6: 1 }]]));
  settle([changed, web]);
  expect(addresses.given("default/web")?.stranded).toBeDefined();
  expect([...addresses.usage().values()]).toEqual(expected ? [expected] : []);
});
