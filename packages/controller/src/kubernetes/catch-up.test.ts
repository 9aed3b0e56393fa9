import { KubeError } from "@heraldlb/kube";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { settle } from "../controller.test.fixture.ts";
import { catchUp } from "./catch-up.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";
import { serviceFacts } from "./resources.ts";
import { ServiceStatuses } from "./service-statuses.ts";

const SERVICES = "/api/v1/services";
const LIST = `GET ${SERVICES}`;
const service = (name: string, more: object = {}) => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" } },
  ...more,
});

/** A cluster with these Services, and who has observed all of them. */
function start(...names: readonly string[]) {
  const kube = new FakeCluster();
  const clock = new FakeClock();
  const log = recordingLogger();
  const ending = new AbortController();
  const statuses = new ServiceStatuses({ kube, wallClock: () => 0, onForeign: () => {} });
  /** What a watch tells. */
  const tell = (name: string) => {
    const object = kube.object(`/api/v1/namespaces/default/services/${name}`);
    statuses.observe(`default/${name}`, object && serviceFacts(object));
  };
  for (const name of names) {
    kube.put(SERVICES, service(name));
    tell(name);
  }
  let isDone = false;
  const begin = () =>
    catchUp({ kube, statuses, clock, log, random: () => 0 }, ending.signal).then(() => {
      isDone = true;
    });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) {
      await settle();
      await clock.advance(50);
    }
    await settle();
  };
  return { kube, log, ending, tell, begin, pass, isDone: () => isDone };
}

test("who has observed everything waits for one list", async () => {
  const { kube, begin } = start("a", "b");
  await begin();
  expect(kube.requests).toEqual([LIST]);
});

test.each([
  ["is new", (kube: FakeCluster) => kube.put(SERVICES, service("late"))],
  ["has changed", (kube: FakeCluster) => kube.put(SERVICES, service("a", { spec: {} }))],
  [
    "is another one of the same name",
    (kube: FakeCluster) => {
      kube.remove(SERVICES, service("a"));
      kube.put(SERVICES, { ...service("a"), metadata: { name: "a", namespace: "default", uid: "another" } });
    },
  ],
])("a Service that %s is waited for, however long it takes to be told", async (_, act) => {
  const { kube, log, tell, begin, pass, isDone } = start("a");
  act(kube);
  const ending = begin();
  await pass(20_000);
  expect(isDone()).toBe(false);
  expect(log.entries.map(({ message }) => message)).toEqual(["waiting for what others have written"]);
  tell("a");
  tell("late");
  await pass(50);
  expect(isDone()).toBe(true);
  await ending;
});

test("what is deleted meanwhile is not waited for", async () => {
  const { kube, begin, pass, isDone } = start("a");
  kube.put(SERVICES, service("b"));
  const ending = begin();
  await pass(500);
  kube.remove(SERVICES, service("b"));
  await pass(1_000);
  expect(isDone()).toBe(true);
  await ending;
});

test("a list that fails is asked for again, and told of once", async () => {
  const { kube, log, begin, pass, isDone } = start("a");
  kube.before = () => {
    throw new KubeError("no answer", { status: 0 });
  };
  const ending = begin();
  await pass(10_000);
  expect(isDone()).toBe(false);
  kube.before = () => {};
  await pass(3_000);
  expect(isDone()).toBe(true);
  await ending;
  expect(log.entries.map(({ message }) => message)).toEqual(["Services not read, trying again"]);
});

test("it ends with the process", async () => {
  const { kube, ending, begin, pass } = start();
  kube.put(SERVICES, service("late"));
  const end = begin();
  await pass(500);
  ending.abort();
  await expect(end).resolves.toBeUndefined();
});
