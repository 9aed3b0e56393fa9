import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Cluster, createCluster, findBinaries, MERGE_PATCH, type Pod } from "@heraldlb/cluster";
import { kubernetesTool } from "@heraldlb/kubectl";
import { attempt, labs, until } from "@heraldlb/lab";
import { parseIp } from "@heraldlb/net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);

// Compiling Kubernetes takes minutes, the first time.
const BUILD_MS = 50 * 60_000;

const CLUSTER_IPS = ["10.96.0.10", "fd96::10"].flatMap((text) => parseIp(text) ?? []);
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

interface Slices {
  readonly items: readonly {
    readonly endpoints: readonly {
      readonly addresses: readonly string[];
      readonly conditions: { readonly ready: boolean };
    }[];
  }[];
}

describe("a cluster", () => {
  let cluster: Cluster;
  let pods: readonly [Pod, Pod];

  beforeAll(async () => {
    await findBinaries();
    cluster = await createCluster({ name: `cluster-${process.pid}`, nodes: 2, controllers: 2 });
    const [node1, node2] = cluster.lab.nodes as [(typeof cluster.lab.nodes)[0], (typeof cluster.lab.nodes)[0]];
    pods = await Promise.all([
      cluster.createPod({ name: "web1", node: node1, labels: { app: "web" } }),
      cluster.createPod({ name: "web2", node: node2, labels: { app: "web" } }),
    ]);
    await cluster.apply([
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "web", namespace: "default" },
        spec: {
          selector: { app: "web" },
          ipFamilyPolicy: "RequireDualStack",
          clusterIP: CLUSTER_IPS[0],
          clusterIPs: CLUSTER_IPS,
          ports: [{ name: "http", port: 80, targetPort: 8080 }],
        },
      },
    ]);
  }, BUILD_MS);

  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
  });

  /** Addresses of the endpoints of Service `web` that are ready. */
  const ready = async (): Promise<string[]> => {
    const query = { labelSelector: "kubernetes.io/service-name=web" };
    const { items } = (await cluster.request("GET", SLICES, { query })) as Slices;
    return items.flatMap(({ endpoints }) =>
      endpoints.filter(({ conditions }) => conditions.ready).flatMap(({ addresses }) => addresses),
    );
  };

  /** Waits until exactly these pods answer a host that asks for Service `web` often, at both of its addresses. */
  const answer = async (host: string, expected: readonly string[]): Promise<void> => {
    await until(
      `${expected} answered ${host}`,
      async () => {
        const asked = CLUSTER_IPS.flatMap((ip) => Array.from({ length: 8 }, () => cluster.lab.host(host).curl(ip)));
        const answers = new Set(await Promise.all(asked));
        return answers.size === expected.length && expected.every((name) => answers.has(name));
      },
      { timeoutMs: 30_000 },
    );
  };

  test("has nodes that are ready, with addresses on the management network", async () => {
    const nodes = await cluster.kubectl(["get", "nodes", "-o", "wide", "--no-headers"]);
    expect(nodes).toMatch(/^node1\s+Ready\s.*10\.65\.0\.1\s/m);
    expect(nodes).toMatch(/^node2\s+Ready\s.*10\.65\.0\.2\s/m);
  });

  test("makes EndpointSlices of pods, and leads to them through kube-proxy from every node", async () => {
    await until("both pods were endpoints", async () => (await ready()).length === 4);
    expect(new Set(await ready())).toEqual(new Set(pods.flatMap(({ addresses }) => addresses)));
    for (const node of ["node1", "node2"]) await answer(node, ["web1", "web2"]);
  });

  test("leads to a pod only while it is ready", async () => {
    await cluster.setReady(pods[0], false);
    await until("it was no endpoint that is ready", async () => (await ready()).length === 2);
    await answer("node1", ["web2"]);
    await cluster.setReady(pods[0], true);
    await answer("node1", ["web1", "web2"]);
  });

  test("leads to the API server through Service kubernetes", async () => {
    const said = await cluster.lab.host("node1").exec(["curl", "-sk", "--max-time", "2", "https://10.96.0.1/readyz"]);
    expect(said).toBe("ok");
  });

  test("makes tokens for an audience that end with a pod, and tells the node that the pod is on", async () => {
    const pod = await cluster.createPod({ name: "bound", node: pods[0].node, hostNetwork: true });
    const make = (): Promise<string> => cluster.token({ serviceAccount: "default", audience: "herald", pod });
    const review = async (token: string, audience: string): Promise<unknown> => {
      const body = { spec: { token, audiences: [audience] } };
      const path = "/apis/authentication.k8s.io/v1/tokenreviews";
      return ((await cluster.request("POST", path, { body })) as Answer).status;
    };
    const token = await make();
    expect(await review(token, "herald")).toMatchObject({
      authenticated: true,
      user: {
        username: "system:serviceaccount:default:default",
        extra: { "authentication.kubernetes.io/node-name": ["node1"] },
      },
    });
    expect(await review(token, "other")).not.toHaveProperty("authenticated");
    // The API server remembers for some seconds whom it has let in, so that this must be one that it has not seen.
    const unseen = await make();
    await cluster.deletePod(pod);
    expect(await review(unseen, "herald")).not.toHaveProperty("authenticated");
  });

  test("lets a service account do what a role allows, and nothing else", async () => {
    const as = { serviceAccount: "default" };
    const may = async (): Promise<string> =>
      (await cluster.kubectl(["get", "services", "-A", "-o", "name"], { as }).catch(String)).trim();
    expect(await may()).toMatch(/forbidden/);
    await cluster.kubectl(["create", "clusterrole", "looker", "--verb=list", "--resource=services"]);
    await cluster.kubectl([
      "create",
      "clusterrolebinding",
      "looker",
      "--clusterrole=looker",
      "--serviceaccount=default:default",
    ]);
    await until("the role had come to be known", async () => (await may()).includes("service/web"));
    expect(await cluster.kubectl(["get", "secrets"], { as }).catch(String)).toMatch(/forbidden/);
  });

  test("collects what has lost its owner, and ends a namespace", async () => {
    await cluster.kubectl(["create", "namespace", "short"]);
    const path = "/api/v1/namespaces/short/configmaps";
    const owner = (await cluster.request("POST", path, { body: { metadata: { name: "owner" } } })) as Answer;
    const ownerReferences = [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: owner.metadata.uid }];
    await cluster.request("POST", path, { body: { metadata: { name: "owned", ownerReferences } } });
    await cluster.request("DELETE", `${path}/owner`);
    await until("it was collected", async () => {
      const left = await cluster.kubectl(["get", "configmaps", "-n", "short", "-o", "name"]);
      return !left.includes("owned");
    });
    await cluster.kubectl(["delete", "namespace", "short", "--timeout=20s"]);
  });

  test("dials a webhook at a pod of its Service", async () => {
    const name = "hook.herald.test";
    await cluster.apply([
      {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        metadata: { name },
        webhooks: [
          {
            name,
            admissionReviewVersions: ["v1"],
            sideEffects: "None",
            clientConfig: { service: { name: "web", namespace: "default", port: 80 } },
            rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
          },
        ],
      },
    ]);
    // The pod speaks no TLS: whoever says so has reached it.
    await until("it was dialled", async () => {
      const said = await cluster.kubectl(["create", "configmap", "hooked", "--dry-run=server"]).catch(String);
      return said.includes("server gave HTTP response to HTTPS client");
    });
    await cluster.kubectl(["delete", "validatingwebhookconfiguration", name]);
  });

  test("can be asked from outside by whoever has its kubeconfig", async () => {
    const kubeconfig = await cluster.kubeconfig({ user: "somebody" }, "outside");
    const { stdout } = await run(await kubernetesTool("kubectl"), ["--kubeconfig", kubeconfig, "auth", "whoami"]);
    expect(stdout).toMatch(/Username\s+somebody/);
  });

  test("lets one controller's host be cut off the API server only", async () => {
    const reaches = async (host: string): Promise<boolean> => {
      const command = ["curl", "-sk", "--max-time", "2", `${cluster.url}/readyz`] as const;
      return (await cluster.lab.host(host).attempt(command)).exitCode === 0;
    };
    await cluster.lab.setFaults([
      { type: "partition", network: "mgmt", from: ["controller1"], to: ["server1"], direction: "both" },
    ]);
    expect(await reaches("controller1")).toBe(false);
    await until("the other one reached it", () => reaches("controller2"));
    await cluster.lab.setFaults([]);
    await until("it reached it again", () => reaches("controller1"));
  });

  test("goes on after its API server was killed, and after a pause of its etcd", async () => {
    cluster.apiServer.kill("SIGKILL");
    await cluster.apiServer.exited;
    await expect(cluster.request("GET", "/readyz")).rejects.toMatchObject({ name: "KubeError", status: 0 });
    await cluster.startApiServer();
    cluster.etcd.kill("SIGSTOP");
    const body = { metadata: { labels: { paused: "yes" } } };
    const patch = { body, contentType: MERGE_PATCH, timeoutMs: 500 };
    await expect(cluster.request("PATCH", "/api/v1/nodes/node1", patch)).rejects.toMatchObject({ status: 0 });
    cluster.etcd.kill("SIGCONT");
    await until("it was written to", () => cluster.request("PATCH", "/api/v1/nodes/node1", patch));
    await cluster.setReady(pods[1], false);
    await until("its controllers went on", async () => (await ready()).length === 2, { timeoutMs: 30_000 });
  });
});

test("the command sets a cluster up, runs kubectl on it and takes it down", async () => {
  const script = fileURLToPath(new URL("../../../tools/cluster/src/main.ts", import.meta.url));
  const command = (...args: string[]) =>
    attempt(process.execPath, ["--conditions=@heraldlb/source", script, ...args], { timeoutMs: 60_000 });
  const own = `command-${process.pid}`;
  const name = ["--name", own];
  try {
    expect(await command("up", ...name, "--nodes", "1")).toMatchObject({ exitCode: 0 });
    expect((await command("status")).stdout).toMatch(/kube-apiserver +process \d+ in server1/);
    const nodes = await command("kubectl", ...name, "get", "nodes", "-o", "name");
    expect(nodes).toMatchObject({ exitCode: 0, stdout: "node/node1\n" });
  } finally {
    expect(await command("down", ...name)).toMatchObject({ exitCode: 0 });
  }
  expect(labs().map(({ plan }) => plan.name)).not.toContain(own);
});

interface Answer {
  readonly metadata: { readonly uid: string };
  readonly status?: unknown;
}
