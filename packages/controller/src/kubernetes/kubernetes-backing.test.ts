import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { KubeError } from "@heraldlb/kube";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { cleanUp, makeFolder, startProcess } from "../run.test.fixture.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/herald/leases";
const PATIENCE = { timeout: 10_000 };

afterEach(cleanUp);

/** Serves a cluster in memory whose watches tell nothing. Resolves to a kubeconfig for it. */
async function serve(cluster: FakeCluster): Promise<string> {
  const server = createServer((request, response) => void answer(cluster, request, response));
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
  return join(await makeFolder({ kubeconfig }), "kubeconfig");
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

test("a leader that ends gives up the Lease whoever holds on to its webhook", async () => {
  const cluster = new FakeCluster();
  const lease = () => cluster.object(`${LEASES}/herald-controller`)?.spec;
  // Nobody waits for one that was given up.
  cluster.put(LEASES, { metadata: { name: "herald-controller", namespace: "herald" }, spec: { holderIdentity: "" } });
  const { stop, log } = await startProcess("", {
    source: { type: "kubernetes", kubeconfig: await serve(cluster), context: undefined, qps: 50, burst: 100 },
    security: { secret: "herald-ca", names: ["herald"] },
    services: {
      ...{ tokenAudience: "herald", speakerAccount: "herald-speaker" },
      webhook: { listen: { host: "127.0.0.1", port: 0 }, service: "herald-webhook", configuration: "herald-webhook" },
    },
  });
  await vi.waitFor(() => expect(lease()).toMatchObject({ holderIdentity: expect.stringMatching(/./) }), PATIENCE);
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

test("a Service that cannot be understood keeps what it shows", async () => {
  const cluster = new FakeCluster();
  const put = (name: string, spec: object, ip: string) =>
    cluster.put("/api/v1/services", {
      ...{ apiVersion: "v1", kind: "Service", spec: { type: "LoadBalancer", clusterIP: "10.96.0.1", ...spec } },
      metadata: { name, namespace: "default", annotations: { "metallb.io/ip-allocated-from-pool": "lab" } },
      status: { loadBalancer: { ingress: ip === "" ? [] : [{ ip }] } },
    });
  put("future", { ipFamilyPolicy: "OfTomorrow" }, "192.0.2.1");
  put("known", {}, "192.0.2.2");
  const { log } = await startProcess("", {
    source: { type: "kubernetes", kubeconfig: await serve(cluster), context: undefined, qps: 50, burst: 100 },
    security: "insecure",
    services: { tokenAudience: "herald", speakerAccount: "herald-speaker", webhook: undefined },
  });
  await vi.waitUntil(() => log.entries.find(({ message }) => message === "leading"), PATIENCE);
  await vi.waitFor(() => expect(cluster.requests.join()).toContain("services/known/status"), PATIENCE);
  const { metadata, status } = cluster.object("/api/v1/namespaces/default/services/future") ?? {};
  expect(status?.loadBalancer).toEqual({ ingress: [{ ip: "192.0.2.1" }] });
  expect(metadata?.annotations).toEqual({ "metallb.io/ip-allocated-from-pool": "lab" });
});
