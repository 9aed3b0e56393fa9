import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { KubeError } from "@heraldlb/kube";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { cleanUp, makeFolder, startProcess } from "../run.test.fixture.ts";
import type { RunOptions } from "../run.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/herald/leases";
const PATIENCE = { timeout: 10_000 };

afterEach(cleanUp);

/** Serves a cluster in memory whose watches tell nothing. Resolves to a kubeconfig for it, and to what nobody waited for. */
async function serve(cluster: FakeCluster): Promise<{ readonly kubeconfig: string; readonly givenUp: string[] }> {
  const givenUp: string[] = [];
  const server = createServer((request, response) => {
    response.on("close", () => !response.writableFinished && givenUp.push(`${request.method} ${request.url}`));
    void answer(cluster, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = {
    ...{ apiVersion: "v1", kind: "Config", "current-context": "here" },
    clusters: [{ name: "cluster", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "user", user: { token: "t" } }],
    contexts: [{ name: "here", context: { cluster: "cluster", user: "user", namespace: "herald" } }],
  };
  return { kubeconfig: join(await makeFolder({ kubeconfig }), "kubeconfig"), givenUp };
}

async function answer(cluster: FakeCluster, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url = "" } = request;
  const { pathname, searchParams } = new URL(url, "http://localhost");
  if (searchParams.has("watch")) return void response.writeHead(200).flushHeaders();
  try {
    const body = method === "GET" ? undefined : await json(request);
    response.end(JSON.stringify(await cluster.request(method, pathname, { body })));
  } catch (error) {
    response.writeHead(error instanceof KubeError ? error.status : 500).end("{}");
  }
}

/** A leader of this cluster. */
async function lead(cluster: FakeCluster, services: Partial<RunOptions["services"]> = {}) {
  const lease = () => cluster.object(`${LEASES}/herald-controller`)?.spec;
  // Nobody waits for one that was given up.
  cluster.put(LEASES, { metadata: { name: "herald-controller", namespace: "herald" }, spec: { holderIdentity: "" } });
  const { kubeconfig, givenUp } = await serve(cluster);
  const running = await startProcess("", {
    source: { type: "kubernetes", kubeconfig, context: undefined, qps: 50, burst: 100 },
    security: { secret: "herald-ca", names: ["herald"] },
    services: { tokenAudience: "herald", speakerAccount: "herald-speaker", webhook: undefined, ...services },
  });
  await vi.waitFor(() => expect(lease()).toMatchObject({ holderIdentity: expect.stringMatching(/./) }), PATIENCE);
  return { ...running, lease, givenUp };
}

test("a leader that ends gives up the Lease whoever holds on to its webhook", async () => {
  const cluster = new FakeCluster();
  const { stop, log, lease } = await lead(cluster, {
    webhook: { listen: { host: "127.0.0.1", port: 0 }, service: "herald-webhook", configuration: "herald-webhook" },
  });
  const { fields: { address } = {} } = await vi.waitUntil(
    () => log.entries.find(({ message }) => message === "serving webhooks"),
    PATIENCE,
  );
  const silent = connect(Number(`${address}`.split(":").at(-1)), "127.0.0.1");
  await once(silent, "connect");
  const held: boolean[] = [];
  cluster.before = (method, path) =>
    void (method === "PATCH" && path.startsWith(LEASES) && held.push(!silent.destroyed));
  await stop();
  expect(lease()).not.toHaveProperty("holderIdentity");
  expect(held.at(-1)).toBe(true);
});

test("a leader that cannot renew the Lease gives up what it is writing", async () => {
  const cluster = new FakeCluster();
  cluster.put("/apis/metallb.io/v1beta1/ipaddresspools", {
    ...{ apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" },
    ...{ metadata: { name: "lab", namespace: "herald" }, spec: { addresses: ["10.0.0.0/24"] } },
  });
  const written = Promise.withResolvers<void>();
  cluster.before = (_method, path) => {
    if (!path.endsWith("/lab/status")) return;
    written.resolve();
    return new Promise(() => {});
  };
  const { givenUp, log } = await lead(cluster);
  await written.promise;
  const { before } = cluster;
  cluster.before = (method, path) => {
    if (path.startsWith(LEASES)) throw new KubeError("etcdserver: request timed out", { status: 503 });
    return before(method, path);
  };
  await vi.waitUntil(() => log.entries.some(({ message }) => message === "lease could not be renewed"), PATIENCE);
  await vi.waitFor(
    () => expect(givenUp).toContain("PATCH /apis/metallb.io/v1beta1/namespaces/herald/ipaddresspools/lab/status"),
    { timeout: 4_000 },
  );
});
