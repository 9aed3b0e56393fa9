import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
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
  const records = statuses.adopt(keys.map((name) => `default/${name}`));
  const { addresses, begun } = startAddresses(objects, { ...(await state.read()), statuses: records, now });
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
  return { addresses, ledger };
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

test("of pools without a cool-down nothing is noted", async () => {
  const { kube, services } = cluster("web");
  const { ledger } = await lead(kube, [plain, ...services]);
  await ledger.settled();
  expect(kube.requests).toEqual([`GET ${MAPS}/herald-state`, statusPath("web")]);
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
