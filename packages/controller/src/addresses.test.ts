import type { Ip } from "@heraldlb/net";
import { recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { Addresses } from "./addresses.ts";
import { Catalog } from "./catalog.ts";
import { pool, reading, service } from "./controller.test.fixture.ts";
import type { StatusRecord } from "./ledger.ts";
import { World } from "./world.ts";

type Objects = Parameters<typeof reading>[0];

const web = (addresses: readonly string[], from = "lab"): StatusRecord => ({
  ...{ namespace: "default", name: "web", addresses, pool: from },
});

/** All Services taken up, with what is remembered of them. */
function start(objects: Objects, records: readonly StatusRecord[] = [], loadBalancerClass?: string) {
  const log = recordingLogger();
  const catalog = new Catalog({ log, namespace: undefined });
  const world = new World();
  catalog.take(reading(objects));
  world.apply(catalog.configuration);
  const addresses = new Addresses(
    { statuses: records, freed: [] },
    {
      ...{ world, log, loadBalancerClass, onStranded: "keep", wallClock: () => 0 },
      manifest: (known) => catalog.manifest(known.service),
    },
  );
  const begun = addresses.begin();
  const update = (changed: Objects) => {
    catalog.take(reading(changed));
    return addresses.update(world.apply(catalog.configuration));
  };
  return { log, addresses, begun, update };
}

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
    const { addresses, begun } = start([lab, service("web")], [web(["10.0.0.7"])]);
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
    const { addresses, update } = start([lab, service("web")], [web(["10.0.0.7"])]);
    expect(update([lab])).toEqual({
      affected: ["default/web"],
      entries: [{ type: "forget", namespace: "default", name: "web" }],
    });
    expect(addresses.given("default/web")).toBeUndefined();
  });

  test("that is gone when the process starts loses its file", () => {
    const { begun } = start([lab], [web(["10.0.0.7"])]);
    expect(begun.entries).toEqual([{ type: "forget", namespace: "default", name: "web" }]);
  });

  test("that changes is written again with its manifest", () => {
    const { update } = start([lab, service("web")], [web(["10.0.0.7"])]);
    const changed = service("web", {}, { labels: { app: "web" } });
    expect(update([lab, changed])).toEqual({
      affected: [],
      entries: [{ type: "store", record: web(["10.0.0.7"]), manifest: changed }],
    });
  });

  test("that asks for another address gives the old one back first", () => {
    const { addresses, update } = start([lab, service("web")], [web(["10.0.0.7"])]);
    const { entries, affected } = update([lab, service("web", { loadBalancerIP: "10.0.0.8" })]);
    expect(entries.map(({ type }) => type)).toEqual(["forget", "store"]);
    expect(affected).toEqual(["default/web"]);
    expect(addresses.given("default/web")).toBeUndefined();
  });

  test.each([
    ["of another class", { loadBalancerClass: "other" }],
    ["of another type", { type: "ClusterIP" }],
  ])("%s is not served", (_name, spec) => {
    const { begun } = start([lab, service("web", spec)]);
    expect(begun).toEqual({ affected: [], entries: [] });
  });

  test("of the class that was asked for is served", () => {
    const { begun } = start([lab, service("web", { loadBalancerClass: "herald" })], [], "herald");
    expect(begun.entries).toHaveLength(1);
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

  test("is in a namespace that a pool may select by name, manifest or not", () => {
    const namespaceSelectors = [{ matchLabels: { "kubernetes.io/metadata.name": "shop" } }];
    const pinned = pool("lab", ["10.0.0.1-10.0.0.9"], { serviceAllocation: { namespaceSelectors } });
    const inShop = service("web", {}, { namespace: "shop" });
    expect(start([pinned, inShop]).begun.entries).toMatchObject([{ record: { namespace: "shop", pool: "lab" } }]);
    const { update } = start([pinned]);
    expect(update([pinned, inShop]).entries).toMatchObject([{ record: { namespace: "shop", pool: "lab" } }]);
  });

  test("keeps an address whose pool is gone", () => {
    const { addresses, update } = start([lab, service("web")], [web(["10.0.0.7"])]);
    update([pool("other", ["10.0.1.0/24"]), service("web")]);
    expect(addresses.given("default/web")).toMatchObject({ addresses: ["10.0.0.7" as Ip], pool: "lab" });
  });
});

test("a record that was overruled before it was stored gives nothing", () => {
  const { addresses, begun, update } = start([lab, service("web")]);
  update([lab, service("web", { loadBalancerIP: "10.0.0.8" })]);
  const [entry] = begun.entries;
  expect(entry?.type === "store" && addresses.confirm(entry.record)).toBe(false);
  expect(addresses.given("default/web")).toBeUndefined();
});
