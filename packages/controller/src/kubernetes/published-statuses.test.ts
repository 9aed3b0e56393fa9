import type { Action } from "@heraldlb/ipam";
import type { Ip } from "@heraldlb/net";
import { silentLogger } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { advertisement, pool, reading, service, slice, startController } from "../controller.test.fixture.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";
import { PublishedStatuses } from "./published-statuses.ts";

/** What is published of `web/shop` while nothing is sent. */
function start() {
  const cluster = new FakeCluster();
  const service = cluster.put("/api/v1/services", { metadata: { name: "shop", namespace: "web" } });
  const published = new PublishedStatuses({
    kube: {
      ...{ namespace: undefined, close() {} },
      request: (method, path, options) => cluster.request(method, path, options),
      stream: (path, options) => cluster.stream(path, options),
    },
    ...{ namespace: "herald-system", clock: new FakeClock(), log: silentLogger, wallClock: () => 0, identity: "a" },
    ...{ loadBalancerClass: undefined, isFirm: () => true, find: () => service, written: () => undefined },
  });
  published.begin();
  const addresses = ["192.0.2.1" as Ip];
  const assign = (cause: "allocated" | "poolChanged"): Action => {
    return { type: "assign", service: "web/shop", addresses, pool: "lab", cause, refused: [] };
  };
  const release: Action = { type: "release", service: "web/shop", addresses, reason: "addressInUse", message: "" };
  const act = (action: Action) => published.onAction(action, addresses);
  /** How many Events wait. */
  const waiting = () => {
    published.end();
    return published.droppedEvents;
  };
  return { published, assign, release, act, waiting };
}

test("Events that wait are not told any more once another controller leads", () => {
  const { act, release, waiting } = start();
  act(release);
  expect(waiting()).toBe(1);
});

test("an assignment is told once it is stored, even if its pool was renamed meanwhile", () => {
  const { published, act, assign, waiting } = start();
  act(assign("allocated"));
  act(assign("poolChanged"));
  published.onStored("web/shop");
  expect(waiting()).toBe(1);
});

test("an assignment that was taken back before it was stored is not told", () => {
  const { published, act, assign, release, waiting } = start();
  act(assign("allocated"));
  act(release);
  published.onStored("web/shop");
  expect(waiting(), "the release").toBe(1);
});

test("a Service whose interfaces no node has is told of, also if nodes say so only after this process began to lead", async () => {
  const cluster = new FakeCluster();
  const kit = startController();
  const onEth9 = advertisement("lab", { interfaces: ["eth9"] });
  kit.controller.take(reading([pool("lab", ["10.0.0.1/32"]), onEth9, service("web"), slice("web", ["n1"])]));
  const web = cluster.put("/api/v1/services", { metadata: { name: "web", namespace: "default" } });
  const published = new PublishedStatuses({
    kube: {
      ...{ namespace: undefined, close() {} },
      request: (method, path, options) => cluster.request(method, path, options),
      stream: (path, options) => cluster.stream(path, options),
    },
    ...{ namespace: "herald", clock: kit.clock, log: silentLogger, wallClock: () => 0, identity: "a" },
    ...{ loadBalancerClass: undefined, isFirm: () => true, find: () => web, written: () => undefined },
  });
  const ending = new AbortController();
  const ended = published.run(kit.controller, ending.signal);
  published.synced("Service", [web]);
  kit.lead(1, { speakers: ["n1"] });
  published.begin();
  await kit.advance(5_000);
  kit.dial("n1");
  await kit.advance(5_000);
  expect(cluster.object("/api/v1/namespaces/default/services/web")?.status?.conditions).toEqual([
    expect.objectContaining({ type: "heraldlb.io/NotAnnounced", reason: "interfacesMissing" }),
  ]);
  ending.abort();
  await ended;
});
