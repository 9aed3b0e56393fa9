import type { Cluster } from "@heraldlb/cluster";
import { crds } from "@heraldlb/config/crd";
import { connectKube, type Kube, type KubeObject, reflect } from "@heraldlb/kube";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { NAMESPACE } from "./kubernetes-contenders.ts";

const SERVICES = "/api/v1/namespaces/default/services";

/** Whoever makes Services, and looks at them. */
export const connect = async (cluster: Cluster): Promise<Kube> =>
  await connectKube({
    ...{ kubeconfig: await cluster.kubeconfig(undefined, "outside"), qps: 10_000, burst: 10_000 },
    ...{ userAgent: "bench", clock: systemClock, log: silentLogger },
  });

/** Keeps `services` current until the signal aborts. */
export const watchServices = (kube: Kube, services: Served, signal: AbortSignal): Promise<void> =>
  reflect(
    kube,
    { path: SERVICES },
    {
      onSynced: (objects) => services.take([...objects.values()]),
      onChange: ({ changed }) => services.take(changed),
    },
    { clock: systemClock, log: silentLogger, random: Math.random },
    signal,
  );

/** When which Service was first seen with an address. */
export class Served {
  readonly at: Map<string, number> = new Map();

  take(objects: readonly KubeObject[]): void {
    for (const object of objects) {
      const { status } = object as { readonly status?: { readonly loadBalancer?: { readonly ingress?: unknown[] } } };
      const { name } = object.metadata;
      if ((status?.loadBalancer?.ingress?.length ?? 0) > 0 && !this.at.has(name)) this.at.set(name, performance.now());
    }
  }
}

/** Gives the cluster CRDs, a pool, and, if Services are to be announced, a Pod behind them. */
export async function prepare(cluster: Cluster, announced: boolean): Promise<void> {
  await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
  await cluster.apply(crds());
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
  const metallb = (kind: string, spec: object) => ({
    ...{ apiVersion: "metallb.io/v1beta1", kind, metadata: { name: "bench", namespace: NAMESPACE }, spec },
  });
  await cluster.apply([metallb("IPAddressPool", { addresses: ["10.80.0.0/16"] }), metallb("L2Advertisement", {})]);
  if (!announced) return;
  const [node] = cluster.lab.nodes;
  if (node) await cluster.createPod({ name: "web", node, labels: { app: "web" } });
}

/** Makes a Service. */
export async function create(kube: Kube, name: string, announced: boolean): Promise<void> {
  const spec = {
    // There are fewer node ports than Services.
    ...{ type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports: [{ port: 80, targetPort: 8080 }] },
    ...(announced ? { selector: { app: "web" } } : {}),
  };
  await kube.request("POST", SERVICES, { body: { apiVersion: "v1", kind: "Service", metadata: { name }, spec } });
}
