import type { Ip } from "@heraldlb/net";
import { silentLogger } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";
import { PublishedStatuses } from "./published-statuses.ts";

test("Events that wait are not told any more once another controller leads", () => {
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
  published.onAction(
    { type: "release", service: "web/shop", addresses, reason: "addressInUse", message: "" },
    addresses,
  );
  published.end();
  expect(published.droppedEvents).toBe(1);
});
