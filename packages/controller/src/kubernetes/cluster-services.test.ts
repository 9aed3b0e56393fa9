import { Health, MetricsAccess } from "@heraldlb/daemon";
import { type Kube, KubeError, type RequestOptions } from "@heraldlb/kube";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { expect, test, vi } from "vitest";
import { settle } from "../controller.test.fixture.ts";
import { ClusterServices } from "./cluster-services.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";

/** A process that opens its authority, at an API server that answers as `request` does. */
function open(request: (method: string, path: string, options?: RequestOptions) => Promise<unknown>) {
  const [clock, health, log, ending] = [new FakeClock(), new Health(), recordingLogger(), new AbortController()];
  const kube: Kube = { namespace: undefined, close() {}, request, stream: () => new Promise(() => {}) };
  const registry = new Registry();
  const metrics = new MetricsAccess({ name: "herald-controller", clock, log });
  const settings = { tokenAudience: "herald", speakerAccount: "herald-speaker", webhook: undefined };
  const opened = ClusterServices.open(
    { kube, namespace: "herald-system", ...settings },
    { ...{ clock, log, wallClock: Date.now, registry, metrics, health }, controller: () => undefined },
    { own: { secret: "herald-ca", names: ["herald"] }, signal: ending.signal },
  );
  return { clock, health, log, ending, opened };
}

/** No answer before the caller gives up. */
const silence = (_method: string, _path: string, { signal }: RequestOptions = {}): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

test("a process that waits for its authority is not ready, and says what keeps it", async () => {
  const cluster = new FakeCluster();
  const answer = Promise.withResolvers<void>();
  cluster.before = () => answer.promise;
  const { clock, health, opened } = open((...request) => cluster.request(...request));
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

test("an API server that does not answer holds up no end, before the authority is there", async () => {
  const { ending, opened, log } = open(silence);
  ending.abort(new Error("over"));
  await expect(opened).rejects.toThrow("over");
  expect(log.entries).toEqual([]);
});

test("nor afterwards", async () => {
  const cluster = new FakeCluster();
  let answer: typeof silence = (...request) => cluster.request(...request) as Promise<never>;
  const { ending, opened, log } = open((...request) => answer(...request));
  const services = await opened;
  answer = silence;
  const running = services.run(ending.signal);
  await settle();
  ending.abort(new Error("over"));
  await running;
  expect(log.entries.filter(({ level }) => level === "warn")).toEqual([]);
});
