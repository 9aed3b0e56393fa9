import { join } from "node:path";
import { createLab, type Host, type Lab, type LabOptions } from "@heraldlb/lab";
import { ApiClient } from "./api-client.ts";
import { createAuthority } from "./authority.ts";
import { findBinaries } from "./binaries.ts";
import { Cluster } from "./cluster.ts";
import { API_PORT, prepareControlPlane } from "./control-plane.ts";
import { ADMIN } from "./identity.ts";
import { clusterEnd, routes } from "./network.ts";
import { startRelay } from "./relay.ts";

/** How to set a cluster up: the lab that it is in, and what runs there. */
export interface ClusterOptions extends Omit<LabOptions, "servers"> {
  /** `none`: Services have no effect on packets, and no cost. Default: one on every node. */
  readonly kubeProxy?: "none" | undefined;
  /** Whether the API server logs what it is asked, for `audit`. Default: no. */
  readonly audit?: boolean | undefined;
  /** `pods`: Deployments and DaemonSets get pods, which a `Kubelet` is to run. Default: they stay objects. */
  readonly workloads?: "pods" | undefined;
}

/**
 * Sets a cluster up and waits until it works: etcd, API server and controller manager on a host of their own, a node and
 * a kube-proxy for each node of the lab. Throws a `LabError` if something is missing or the name is in use.
 */
export async function createCluster({
  kubeProxy,
  audit: isAudited = false,
  workloads,
  ...shape
}: ClusterOptions): Promise<Cluster> {
  const [binaries, authority] = await Promise.all([findBinaries(), createAuthority(shape.name)]);
  const lab = await createLab({ ...shape, servers: 1 });
  try {
    const [host] = lab.servers as [Host];
    const [controlPlane, relay, admin] = await Promise.all([
      prepareControlPlane(binaries, authority, { host, folder: join(lab.folder, "control-plane"), isAudited }),
      startRelay(host, API_PORT),
      authority.client(ADMIN),
    ]);
    const kube = new ApiClient({ ...admin, ca: authority.ca, socketPath: relay.socketPath });
    const cluster = new Cluster({ lab, authority, controlPlane, relay, kube, workloads: workloads === "pods" });
    cluster.startEtcd();
    await Promise.all([cluster.startApiServer(), connectPods(lab)]);
    await Promise.all([
      cluster.startControllerManager(),
      publishApiServer(cluster),
      ...lab.nodes.map(async (node) => {
        await cluster.addNode(node);
        if (kubeProxy !== "none") await cluster.startKubeProxy(node);
      }),
    ]);
    return cluster;
  } catch (error) {
    const logs = lab.logs();
    await lab[Symbol.asyncDispose]();
    throw new Error(`cluster ${shape.name} did not come up:\n${logs}`, { cause: error });
  }
}

/** Lets nodes and the API server reach all pods. */
async function connectPods(lab: Lab): Promise<void> {
  for (const host of [...lab.servers, ...lab.controllers, ...lab.nodes]) {
    await host.exec(["ip", "-batch", "-"], { input: `${routes(host, lab.nodes).join("\n")}\n` });
  }
}

/** Makes Service `kubernetes` lead to the API server, as its own reconciler would if it did not do more than that. */
async function publishApiServer(cluster: Cluster): Promise<void> {
  await cluster.request("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
    body: {
      metadata: { name: "kubernetes", labels: { "kubernetes.io/service-name": "kubernetes" } },
      addressType: "IPv4",
      endpoints: [{ addresses: [clusterEnd(cluster.host).ipv4], conditions: { ready: true } }],
      ports: [{ name: "https", port: API_PORT, protocol: "TCP" }],
    },
  });
}
