import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bindSocket, openTcpSocket, setReceiveBuffer } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { expect, onTestFinished, test } from "vitest";
import { accessKubernetes } from "./kubernetes-access.ts";

/** Accepts connections, and reads nothing. */
async function listen(): Promise<number> {
  const fd = openTcpSocket("ipv4");
  // Connections inherit it; then even a short request does not fit.
  setReceiveBuffer(fd, 1_024);
  bindSocket(fd, { address: "127.0.0.1" as Ip, port: 0 });
  const server = createServer({ pauseOnConnect: true }, (peer) => {
    peer.on("error", () => {});
    onTestFinished(() => void peer.destroy());
  });
  server.listen({ fd });
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function kubeconfigTo(port: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "herald-access-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, "config");
  const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  const content = {
    ...{ "current-context": "a", contexts: [{ name: "a", context: { cluster: "a", user: "a", namespace: "herald" } }] },
    ...{ clusters: [{ name: "a", cluster }], users: [{ name: "a", user: { token: "a" } }] },
  };
  await writeFile(kubeconfig, JSON.stringify(content));
  return kubeconfig;
}

test("a write that does not get through is given up by the kernel before another controller may lead", async () => {
  const source = { type: "kubernetes", kubeconfig: await kubeconfigTo(await listen()), qps: 50, burst: 100 } as const;
  const surroundings = { clock: systemClock, log: silentLogger };
  const { kube } = await accessKubernetes({ ...source, context: undefined }, { namespace: undefined }, surroundings);
  onTestFinished(() => kube.close());
  const written = kube.request("PATCH", "/x", { body: "x".repeat(16_000), timeoutMs: 30_000 });
  await expect(written).rejects.toThrow("ETIMEDOUT");
});
