import type { Pod } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pods, printLogs, type Scene, service, setScene } from "./scene.fixture.ts";

describe("a Service of type LoadBalancer", { timeout: 120_000 }, () => {
  let scene: Scene;
  let web: Ip[];
  let backends: Pod[];

  beforeAll(async () => {
    scene = await setScene({ name: `k8s-service-${process.pid}`, nodes: 3, clients: 1 });
    const { cluster, herald } = scene;
    backends = await pods(cluster, "web", ["node1", "node2"]);
    await cluster.apply([service("web")]);
    await herald.startController();
    for (const node of cluster.lab.nodes) herald.startSpeaker(node);
    web = await scene.given("web", 2);
  }, 120_000);
  afterAll(() => scene[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));

  test("shows its addresses, and the pool that they are from", async () => {
    expect(web).toEqual(["10.64.1.10", "fd64::1:10"]);
    const pool = "{.metadata.annotations.metallb\\.io/ip-allocated-from-pool}";
    expect(await scene.cluster.kubectl(["get", "service", "web", "-o", `jsonpath=${pool}`])).toBe("lab");
  });

  test("is reached by a client that resolves its addresses, and answered by its pods", async () => {
    const client = scene.cluster.lab.host("client1");
    for (const address of web) {
      await until("a pod answered", async () => {
        const answer = await client.curl(address).catch(() => "");
        return backends.some(({ name }) => name === answer);
      });
      expect(await client.neighbour(address)).toBeDefined();
    }
  });

  test("loses its addresses when its type changes, and another gets them", async () => {
    const { cluster } = scene;
    await cluster.kubectl(["patch", "service", "web", "-p", '{"spec":{"type":"ClusterIP"}}']);
    await scene.given("web", 0);
    await until("the annotation is gone", async () => {
      const found = await cluster.kubectl(["get", "service", "web", "-o", "jsonpath={.metadata.annotations}"]);
      return !found.includes("ip-allocated-from-pool");
    });
    await cluster.apply([service("shop")]);
    expect(await scene.given("shop", 2)).toEqual(["10.64.1.10", "fd64::1:10"]);
  });
});
