import { KubeError } from "@heraldlb/kube";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, expect, test } from "vitest";
import { settle } from "../controller.test.fixture.ts";
import type { SourceChange } from "../source-object.ts";
import { ClusterReader, type Seen } from "./cluster-reader.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";

const SERVICES = "/api/v1/services";
const NODES = "/api/v1/nodes";

const endings: AbortController[] = [];
afterEach(() => {
  for (const ending of endings.splice(0)) ending.abort();
});

const web = (spec: object = {}, more: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Service" },
  metadata: { name: "web", namespace: "default" },
  spec: { type: "LoadBalancer", ports: [], ...spec },
  ...more,
});
const node = (conditions: readonly object[]) => ({
  ...{ apiVersion: "v1", kind: "Node" },
  metadata: { name: "n1" },
  status: { conditions, addresses: [] },
});

/** Names of what a change is about. */
const names = (objects: SourceChange["come"]) =>
  objects.map(({ json }) => (json as { readonly metadata: { readonly name: string } }).metadata.name);

async function start(prepareCluster: (kube: FakeCluster) => void = () => {}) {
  const kube = new FakeCluster();
  const clock = new FakeClock();
  const changes: SourceChange[] = [];
  const seen: [string, Seen][] = [];
  let waiting: ReadonlyMap<string, string> = new Map();
  let onPrepare: () => Promise<void> = async () => {};
  let onSeen: () => void = () => {};
  const reader = new ClusterReader({
    ...{ kube, namespace: "herald", clock, log: recordingLogger(), random: () => 0 },
    prepare: () => onPrepare(),
    onChange: (change) => void changes.push(change),
    onSeen: (kind, what) => {
      seen.push([kind, what]);
      onSeen();
    },
    onWaiting: (kinds) => {
      waiting = new Map(kinds);
    },
  });
  prepareCluster(kube);
  const ending = new AbortController();
  endings.push(ending);
  // It ends with the signal.
  void reader.run(ending.signal);
  await pass(clock, 50);
  return {
    ...{ kube, clock, reader, changes, seen, waiting: () => waiting },
    told: () => changes.map(({ gone, come }) => [names(gone), names(come)]),
    setOnSeen: (act: () => void) => {
      onSeen = act;
    },
    setPrepare: (prepare: () => Promise<void>) => {
      onPrepare = prepare;
    },
  };
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  await settle();
  await clock.advance(ms);
  await settle();
}

test("everything is told at once, and only when all of it was read", async () => {
  const { kube, clock, told, waiting } = await start((cluster) => {
    cluster.put(SERVICES, web());
    cluster.put(NODES, node([]));
    cluster.before = (_, path) => {
      if (path.endsWith("/secrets")) throw new KubeError("secrets are forbidden", { status: 403 });
    };
  });
  expect(told()).toEqual([]);
  expect([...waiting()]).toEqual([["Secret", "secrets are forbidden"]]);
  kube.before = () => {};
  await pass(clock, 2_000);
  expect([...waiting()]).toEqual([]);
  expect(told()).toEqual([[[], expect.arrayContaining(["web", "n1"])]]);
});

test("changes are told with what was before, and what is gone", async () => {
  const { kube, clock, changes, told, reader } = await start((cluster) => void cluster.put(SERVICES, web()));
  const [first] = changes;
  kube.put(SERVICES, web({ type: "ClusterIP" }));
  await pass(clock, 50);
  kube.remove(SERVICES, web());
  await pass(clock, 50);
  expect(told().slice(1)).toEqual([
    [["web"], ["web"]],
    [["web"], []],
  ]);
  // The same object as was told, so that nobody has to compare.
  expect(changes[1]?.gone[0]).toBe(first?.come[0]);
  expect(reader.find({ kind: "Service", namespace: "default", name: "web" })).toBeUndefined();
});

test.each([
  [
    "a status that Herald wrote",
    SERVICES,
    web(),
    web({}, { status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }] } } }),
  ],
  [
    "a heartbeat",
    NODES,
    node([{ type: "Ready", status: "True", lastHeartbeatTime: "1" }]),
    node([{ type: "Ready", status: "True", lastHeartbeatTime: "2" }]),
  ],
  ["a field that nobody reads", SERVICES, web(), web({ sessionAffinity: "ClientIP" })],
])("%s is no change, but seen", async (_, collection, before, after) => {
  const { kube, clock, told, seen } = await start((cluster) => void cluster.put(collection, before));
  const count = seen.length;
  kube.put(collection, after);
  await pass(clock, 50);
  expect(told()).toHaveLength(1);
  expect(seen.slice(count)).toMatchObject([[collection === NODES ? "Node" : "Service", { isAll: false }]]);
});

test("what comes while a change is worked in waits, and is told together", async () => {
  const { kube, clock, told, setPrepare } = await start();
  setPrepare(() => clock.sleep(100));
  for (const name of ["a", "b", "c", "d"]) {
    kube.put(SERVICES, { ...web(), metadata: { name, namespace: "default" } });
    await pass(clock, 10);
  }
  await pass(clock, 1_000);
  expect(told().slice(-2)).toEqual([
    [[], ["a"]],
    [[], ["b", "c", "d"]],
  ]);
});

test("what came and went meanwhile was never there", async () => {
  const { kube, clock, told, setPrepare } = await start();
  setPrepare(() => clock.sleep(100));
  kube.put(SERVICES, { ...web(), metadata: { name: "a", namespace: "default" } });
  await pass(clock, 10);
  kube.put(SERVICES, web());
  await pass(clock, 10);
  kube.remove(SERVICES, web());
  await pass(clock, 1_000);
  expect(told().flat(2)).toEqual(["a"]);
});

test("whoever waits for what was read by now is not kept waiting by what comes later", async () => {
  const { kube, clock, reader, told, setPrepare } = await start();
  await reader.told();
  setPrepare(() => clock.sleep(100));
  for (const name of ["a", "b"]) {
    kube.put(SERVICES, { ...web(), metadata: { name, namespace: "default" } });
    await pass(clock, 10);
  }
  let known: unknown;
  const waiting = reader.told().then(() => {
    known = told();
  });
  for (let round = 0; round < 30; round++) {
    kube.put(SERVICES, { ...web(), metadata: { name: `later-${round}`, namespace: "default" } });
    await pass(clock, 20);
  }
  await waiting;
  expect(known).toMatchObject([
    [[], ["a"]],
    [[], expect.arrayContaining(["b"])],
  ]);
});

test("whoever is shown something may wait until it is told", async () => {
  const { kube, clock, reader, told, setOnSeen } = await start();
  const before = told().length;
  const known: number[] = [];
  setOnSeen(() => void reader.told().then(() => known.push(told().length)));
  kube.put(SERVICES, web());
  await pass(clock, 1_000);
  expect(known).toEqual([before + 1]);
});
