import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { startAddresses } from "../addresses.test.fixture.ts";
import { pool, service } from "../controller.test.fixture.ts";
import { Ledger } from "../ledger.ts";
import { FakeCluster, type Given } from "./fake-cluster.test.fixture.ts";
import { serviceFacts } from "./resources.ts";
import { ServiceStatuses } from "./service-statuses.ts";
import { StateMap } from "./state-map.ts";

const SERVICES = "/api/v1/services";
const MAPS = "/api/v1/namespaces/herald/configmaps";
const plain = pool("lab", ["10.0.0.0/24"]);
const resting = { ...plain, metadata: { name: "lab", annotations: { "heraldlb.io/cool-down": "10s" } } };
const statusPath = (name: string) => `PATCH /api/v1/namespaces/default/services/${name}/status`;

/** One leader's process in a cluster with these Services: it decides what they have, and stores that. */
async function lead(kube: FakeCluster, objects: Parameters<typeof startAddresses>[0], now = 0) {
  const log = recordingLogger();
  const statuses = new ServiceStatuses({ kube, wallClock: () => now, onForeign: () => {} });
  const state = new StateMap(kube, { namespace: "herald", name: "herald-state", log });
  const keys = objects
    .filter(({ kind }) => kind === "Service")
    .map((object) => (object as unknown as Given).metadata.name);
  for (const name of keys) {
    const object = kube.object(`/api/v1/namespaces/default/services/${name}`);
    statuses.observe(`default/${name}`, object && serviceFacts(object));
  }
  const memory = await state.read();
  const records = statuses.adopt(
    keys.map((name) => `default/${name}`),
    memory,
  );
  const { addresses, begun } = startAddresses(objects, { ...memory, statuses: records, now });
  const ledger = new Ledger({
    store: {
      writeStatus: (_manifest, record) => statuses.writeStatus(record),
      deleteStatus: (namespace, name) => statuses.deleteStatus(namespace, name),
      writeNotes: (notes) => state.writeNotes(notes),
      notesIntervalMs: 100,
    },
    ...{ clock: new FakeClock(), log, onStored: () => {}, onFailure: () => {} },
  });
  ledger.enter(begun.entries);
  for (const service of statuses.misshown()) ledger.enter(addresses.reassert(service));
  return { addresses, ledger, records };
}

/** A cluster with Services of these names. */
function cluster(...names: readonly string[]) {
  const kube = new FakeCluster();
  const services = names.map((name) => service(name));
  for (const object of services) kube.put(SERVICES, object as unknown as Given);
  return { kube, services };
}

test("who has addresses that must rest one day is noted once for all, before any status is written", async () => {
  const names = Array.from({ length: 50 }, (_, index) => `web-${index}`);
  const { kube, services } = cluster(...names);
  const { ledger } = await lead(kube, [resting, ...services]);
  await ledger.settled();
  expect(kube.requests.slice(0, 2)).toEqual([`GET ${MAPS}/herald-state`, `POST ${MAPS}`]);
  expect(kube.requests.slice(2).toSorted()).toEqual(names.map(statusPath).toSorted());
});

test("of pools without a cool-down nothing is noted but which ranges they have, once", async () => {
  const { kube, services } = cluster("web", "db");
  for (const objects of [services.slice(0, 1), services]) {
    const { ledger } = await lead(kube, [plain, ...objects]);
    await ledger.settled();
  }
  const read = `GET ${MAPS}/herald-state`;
  expect(kube.requests).toEqual([read, `POST ${MAPS}`, statusPath("web"), read, statusPath("db")]);
});

test("an address rests though its Service went with its status while nobody led", async () => {
  const { kube, services } = cluster("web");
  await (await lead(kube, [resting, ...services])).ledger.settled();
  for (const object of services) kube.remove(SERVICES, object as unknown as Given);
  const { addresses, ledger } = await lead(
    kube,
    [{ ...resting, spec: { addresses: ["10.0.0.0/32"] } }, service("new")],
    5_000,
  );
  expect(addresses.refusal("default/new")).toMatchObject({ reason: "coolingDown", until: 15_000 });
  await ledger.settled();
  const later = await lead(kube, [{ ...resting, spec: { addresses: ["10.0.0.0/32"] } }, service("new")], 8_000);
  expect(later.addresses.refusal("default/new")).toMatchObject({ until: 15_000 });
});

test.each([
  ["is the Service's in the end", ["web"], "10.0.0.0"],
  ["rests if the Service is gone by then", [], "10.0.0.1"],
])("an address that was noted before a leader died, and shown nowhere, %s", async (_, left, expected) => {
  const { kube, services } = cluster("web", "new");
  const dies = Promise.withResolvers<never>();
  const dead = Promise.withResolvers<void>();
  kube.before = (method, path) => {
    if (method !== "PATCH" || !path.endsWith("/status")) return;
    dead.resolve();
    return dies.promise;
  };
  await lead(kube, [resting, ...services.slice(0, 1)]);
  await dead.promise;
  kube.before = () => {};
  const { ledger } = await lead(kube, [resting, ...left.map((name) => service(name)), service("new")]);
  await ledger.settled();
  const [shown] = [...left, "new"];
  const { loadBalancer } = kube.object(`/api/v1/namespaces/default/services/${shown}`)?.status ?? {};
  expect(loadBalancer).toEqual({ ingress: [{ ip: expected }] });
});

describe("what whoever may edit a Service has written into it", () => {
  const PATH = "/api/v1/namespaces/default/services/web";
  const POOL = "metallb.io/ip-allocated-from-pool";
  const gold = pool("gold", ["10.0.9.0/24"]);
  const forged = {
    stranded: "addressOutsidePools",
    announcedBy: [{ apiVersion: "metallb.io/v1beta1", kind: "BGPAdvertisement", spec: { aggregationLength: 8 } }],
  };
  const lost = { addresses: ["10.0.0.0"], pool: "lab", stranded: "addressOutsidePools" };

  /** A cluster in which leaders have led with these objects, and Service `web` with these annotations since. */
  async function edited(before: readonly (typeof plain)[], annotations: object, more: object = {}) {
    const { kube, services } = cluster("web");
    for (const given of before) await (await lead(kube, [given, ...services])).ledger.settled();
    const object = kube.object(PATH) as unknown as Given;
    kube.put(SERVICES, { ...object, ...more, metadata: { ...object.metadata, annotations } });
    return { kube, services };
  }

  test.each([
    ["of a Service whose pool is gone", [plain, gold]],
    ["of a Service whose pool goes while nobody leads", [plain]],
  ])("about pool and announcements is not believed %s", async (_name, before) => {
    const annotations = { [POOL]: "gold", "heraldlb.io/stranded": JSON.stringify(forged) };
    const { kube, services } = await edited(before, annotations);
    const { addresses, records, ledger } = await lead(kube, [gold, ...services]);
    expect(addresses.given("default/web")).toEqual(lost);
    expect(records).toMatchObject([{ addresses: lost.addresses, pool: "lab" }]);
    expect(records[0]).not.toHaveProperty("announcedBy");
    await ledger.settled();
    expect(kube.object(PATH)?.metadata.annotations).toMatchObject({ [POOL]: "lab" });
  });

  test("about a pool that it asks for strands no address in another one", async () => {
    const annotations = { [POOL]: "gold", "metallb.io/address-pool": "gold" };
    const { kube } = await edited([plain], annotations);
    const { addresses } = await lead(kube, [plain, gold, service("web", {}, { annotations })]);
    expect(addresses.given("default/web")).toBeUndefined();
  });

  test("makes no address ours that somebody else gave it", async () => {
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } };
    const { kube, services } = await edited([plain], { [POOL]: "lab" }, { status });
    const { ledger } = await lead(kube, [plain, ...services]);
    await ledger.settled();
    expect(kube.object(PATH)?.status?.loadBalancer).toEqual({ ingress: [{ ip: "10.0.0.0" }] });
  });

  test.each([POOL, "metallb.universe.tf/ip-allocated-from-pool"])(
    "counts once, as %s, for the first leader of a cluster that another implementation has led",
    async (key) => {
      const status = { loadBalancer: { ingress: [{ ip: "10.0.0.0" }] } };
      const { kube, services } = await edited([], { [key]: "lab" }, { status });
      const { addresses } = await lead(kube, [gold, ...services]);
      expect(addresses.given("default/web")).toEqual(lost);
    },
  );
});

test("by what a stranded address is announced is known to the next leader", async () => {
  const { kube, services } = cluster("web");
  await (await lead(kube, [plain, ...services])).ledger.settled();
  const { addresses, ledger } = await lead(kube, services);
  const by = [{ kind: "L2Advertisement", spec: {} }];
  ledger.enter(addresses.announce("default/web", "L2Advertisement", by));
  await ledger.settled();
  expect((await lead(kube, services)).records).toMatchObject([{ pool: "lab", announcedBy: by }]);
});
