import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, createCluster, findBinaries } from "@heraldlb/cluster";
import { heraldCommand, until } from "@heraldlb/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

// Compiling Kubernetes takes minutes, the first time.
const BUILD_MS = 50 * 60_000;
const SLOW = { timeoutMs: 60_000 };

let cluster: Cluster;

beforeAll(async () => {
  await findBinaries();
  cluster = await createCluster({ name: `proxy-${process.pid}`, nodes: 1 });
}, BUILD_MS);
afterAll(() => cluster?.[Symbol.asyncDispose]());

test.each(["http", "socks5"])(
  "a controller, as it is shipped, asks through its kubeconfig's %s proxy",
  async (scheme) => {
    const asked: string[] = [];
    const config = JSON.parse(await readFile(await cluster.kubeconfig(undefined, "outside"), "utf8"));
    const [{ cluster: access }] = config.clusters;
    access["proxy-url"] = `${scheme}://127.0.0.1:${await startProxy(asked)}`;
    const folder = await mkdtemp(join(tmpdir(), "herald-proxy-"));
    await writeFile(join(folder, "kubeconfig"), JSON.stringify(config));
    const secret = `ca-by-${scheme}`;
    const controller = spawn(
      heraldCommand("herald-controller"),
      [
        ...["--source", "kubernetes", "--kubeconfig", join(folder, "kubeconfig"), "--namespace", "default"],
        ...["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--tls-secret", secret, "--tls-name", "herald"],
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    );
    const exited = once(controller, "exit");
    onTestFinished(async () => {
      controller.kill("SIGKILL");
      await exited;
      await rm(folder, { recursive: true });
    });
    const path = `/api/v1/namespaces/default/secrets/${secret}`;
    await until("it has made its authority", () => cluster.request("GET", path), SLOW);
    expect(new Set(asked)).toEqual(new Set([new URL(access.server).host]));
    controller.kill("SIGTERM");
    expect(await exited).toEqual([0, null]);
  },
);

/** A proxy that knows CONNECT and, without authentication and for IPv4, RFC 1928. Resolves to its port. */
async function startProxy(asked: string[]): Promise<number> {
  const tunnel = (client: Socket, host: string, yes: Uint8Array | string) => {
    asked.push(host);
    const { hostname, port } = new URL(`tcp://${host}`);
    const upstream = connect(Number(port), hostname, () => client.write(yes));
    client.pipe(upstream).pipe(client);
    for (const end of [client, upstream]) end.on("error", () => {});
  };
  const proxy = createServer((client) => {
    client.once("data", (first) => {
      if (first[0] !== 5) return tunnel(client, `${first}`.split(" ")[1] ?? "", "HTTP/1.1 200 OK\r\n\r\n");
      client.once("data", (request) => {
        const host = `${request.subarray(4, 8).join(".")}:${request.readUInt16BE(8)}`;
        tunnel(client, host, Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      });
      client.write(Uint8Array.of(5, 0));
    });
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => void proxy.close());
  return (proxy.address() as AddressInfo).port;
}
