import { Health, MetricsAccess } from "@heraldlb/daemon";
import { type Kube, KubeError } from "@heraldlb/kube";
import { silentLogger } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { ClusterServices } from "./cluster-services.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";

test("a process that waits for its authority is not ready, and says what keeps it", async () => {
  const [cluster, clock, health] = [new FakeCluster(), new FakeClock(), new Health()];
  const kube: Kube = {
    ...{ namespace: undefined, close() {} },
    request: (method, path, options) => cluster.request(method, path, options),
    stream: (path, options) => cluster.stream(path, options),
  };
  const answer = Promise.withResolvers<void>();
  cluster.before = () => answer.promise;
  const log = silentLogger;
  const registry = new Registry();
  const metrics = new MetricsAccess({ name: "herald-controller", clock, log });
  const settings = { tokenAudience: "herald", speakerAccount: "herald-speaker", webhook: undefined };
  const opened = ClusterServices.open(
    { kube, namespace: "herald-system", ...settings },
    { ...{ clock, log, wallClock: Date.now, registry, metrics, health }, controller: () => undefined },
    { own: { secret: "herald-ca", names: ["herald"] }, signal: new AbortController().signal },
  );
  expect([...health.missing]).toEqual([["authority", "Secret herald-system/herald-ca not read yet"]]);

  answer.reject(new KubeError("secrets is forbidden", { status: 403, reason: "Forbidden" }));
  await vi.waitFor(() =>
    expect(health.missing.get("authority")).toBe("Secret herald-system/herald-ca not usable yet: secrets is forbidden"),
  );

  cluster.before = () => {};
  await clock.advance(1_000);
  await opened;
  expect(health.missing.size).toBe(0);
});
