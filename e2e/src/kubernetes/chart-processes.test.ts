// What the chart says, as it says it: arguments, environment, mounted files, users, capabilities and rights.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { CHART, parseManifests, renderChart } from "@heraldlb/chart";
import { type Cluster, createCluster } from "@heraldlb/cluster";
import { kubernetesTool } from "@heraldlb/kubectl";
import { type Host, type LabProcess, until } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { dialled, startPod } from "./chart.fixture.ts";
import { pods, service } from "./scene.fixture.ts";

const run = promisify(execFile);

const NAMESPACE = "herald-system";

const herald = (kind: string, spec: object) => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind, metadata: { name: "lab", namespace: NAMESPACE }, spec },
});

describe("the processes of the chart", () => {
  let cluster: Cluster;
  let controllers: readonly LabProcess[];
  let speakers: readonly LabProcess[];

  beforeAll(async () => {
    cluster = await createCluster({ name: `chart-run-${process.pid}`, nodes: 2, controllers: 2 });
    const kubeconfig = await cluster.kubeconfig(undefined, "outside");
    const install = [
      "install",
      "herald",
      CHART,
      "--namespace",
      NAMESPACE,
      "--create-namespace",
      "--kubeconfig",
      kubeconfig,
    ];
    await run(await kubernetesTool("helm"), install);
    const manifests = parseManifests(await renderChart({ namespace: NAMESPACE }));
    const { lab } = cluster;
    const [node] = lab.nodes as [Host];
    controllers = await Promise.all(
      lab.controllers.map((host) => startPod(cluster, manifests, { container: "controller", host, node })),
    );
    const names = { [dialled(manifests)]: lab.controllers.map(({ ipv4 }) => ipv4) };
    speakers = await Promise.all(
      lab.nodes.map((host) => startPod(cluster, manifests, { container: "speaker", host, node: host, names })),
    );
  }, 120_000);

  afterEach(({ task }) => {
    if (task.result?.state === "fail") process.stderr.write(cluster.lab.logs().slice(-30_000));
  });

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  test("check objects before they are stored", async () => {
    // Until then the API server refuses them all.
    await until("an object is taken", async () => {
      await cluster.apply([herald("IPAddressPool", { addresses: ["10.64.1.10-10.64.1.99"] })]);
      return true;
    });
    const wrong = herald("L2Advertisement", { ipAddressPools: ["lab", "lab"] });
    await expect(cluster.apply([wrong])).rejects.toThrow(/denied the request/);
  });

  test("give a Service its address, and lead a client to its pod", async () => {
    await cluster.apply([herald("L2Advertisement", {}), service("web", { ipFamilyPolicy: "SingleStack" })]);
    await pods(cluster, "web", ["node2"]);
    const [client] = cluster.lab.clients as [Host];
    const [address] = await until("it has an address", async () => {
      const addresses = await cluster.addresses("web");
      return addresses.length > 0 && addresses;
    });
    await until(
      "the client is answered",
      async () => (await client.exec(["curl", "-sf", "-m", "1", `http://${address}/`])) === "web-0\n",
    );
  });

  test("run as the chart's user, with its capabilities and no more", async () => {
    for (const started of controllers) {
      expect(await statusOf(started)).toEqual({ Uid: "65532", CapEff: "0", CapBnd: "0", CapAmb: "0", NoNewPrivs: "1" });
    }
    for (const started of speakers) {
      const capabilities = { CapEff: "2400", CapBnd: "2400", CapAmb: "0" };
      expect(await statusOf(started)).toEqual({ Uid: "65532", ...capabilities, NoNewPrivs: "1" });
    }
  });

  test("answer a kubelet, and nobody's questions for metrics", async () => {
    for (const host of [...cluster.lab.controllers, ...cluster.lab.nodes]) {
      const code = async (path: string) =>
        await host.exec(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", `https://127.0.0.1:9120${path}`]);
      await until(`${host.name} is ready`, async () => (await code("/readyz")) === "200");
      expect([await code("/healthz"), await code("/metrics")]).toEqual(["200", "401"]);
    }
  });

  test("do all that with the rights of the chart", () => {
    for (const started of controllers) expect(started.log()).not.toMatch(/forbidden/i);
    expect(controllers.map(({ exit }) => exit)).toEqual([undefined, undefined]);
  });

  test("end in order", async () => {
    for (const started of [...speakers, ...controllers]) expect(await started.stop()).toMatchObject({ code: 0 });
  });
});

/** What the kernel says of a process: the effective user, and sets of capabilities in hexadecimal. */
async function statusOf({ id: { pid } }: LabProcess): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  const fields = text.matchAll(/^(Uid|CapEff|CapBnd|CapAmb|NoNewPrivs):\t0*([0-9a-f]+)/gm);
  return Object.fromEntries(Array.from(fields, ([, name, value]) => [name, value]));
}
