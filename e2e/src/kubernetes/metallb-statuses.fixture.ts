import { type Cluster, MERGE_PATCH } from "@heraldlb/cluster";
import { NAMESPACE } from "./scene.fixture.ts";

/** What MetalLB has made of Services. */
export interface Announced {
  /** Addresses of Services of the namespace `default`, all of pool `lab`. */
  readonly given: Readonly<Record<string, readonly string[]>>;
  /** The addresses that a node answers for. */
  readonly answering: Readonly<Record<string, readonly string[]>>;
}

/** Writes statuses as MetalLB does: of Services, of who announces them, of configurations. */
export async function leaveStatuses(cluster: Cluster, { given, answering }: Announced): Promise<void> {
  const body = { metadata: { annotations: { "metallb.io/ip-allocated-from-pool": "lab" } } };
  const speakers = await speakerPods(cluster);
  for (const [name, addresses] of Object.entries(given)) {
    const path = `/api/v1/namespaces/default/services/${name}`;
    await cluster.request("PATCH", path, { body, contentType: MERGE_PATCH });
    const status = { loadBalancer: { ingress: addresses.map((ip) => ({ ip, ipMode: "VIP" })) } };
    await cluster.request("PATCH", `${path}/status`, { body: { status }, contentType: MERGE_PATCH });
    const [node = ""] = Object.entries(answering).find(([, all]) => all.includes(addresses[0] ?? "")) ?? [];
    await create(cluster, "servicel2statuses", {
      kind: "ServiceL2Status",
      metadata: {
        generateName: "l2-",
        labels: { "metallb.io/node": node, "metallb.io/service-name": name, "metallb.io/service-namespace": "default" },
        ownerReferences: speakers.get(node),
      },
      status: { node, serviceName: name, serviceNamespace: "default" },
    });
  }
  // Nothing collects what has no owner.
  const status = { node: "gone", serviceName: "web", serviceNamespace: "default" };
  await create(cluster, "servicel2statuses", { kind: "ServiceL2Status", metadata: { name: "l2-stale" }, status });
  for (const [node, ownerReferences] of speakers) {
    const labels = { "metallb.io/component-type": "speaker", "metallb.io/node-name": node };
    await create(cluster, "configurationstates", {
      ...{ kind: "ConfigurationState", metadata: { name: `speaker-${node}`, labels, ownerReferences } },
      status: { result: "Valid" },
    });
  }
}

/** References to MetalLB's speakers as owners, by node. */
async function speakerPods(cluster: Cluster): Promise<ReadonlyMap<string, readonly object[]>> {
  const query = { labelSelector: "app.kubernetes.io/name=metallb,app.kubernetes.io/component=speaker" };
  const { items } = (await cluster.request("GET", `/api/v1/namespaces/${NAMESPACE}/pods`, { query })) as {
    readonly items: readonly {
      readonly metadata: { readonly name: string; readonly uid: string };
      readonly spec: { readonly nodeName: string };
    }[];
  };
  return new Map(
    items.map(({ metadata: { name, uid }, spec: { nodeName } }) => [
      nodeName,
      [{ apiVersion: "v1", kind: "Pod", name, uid }],
    ]),
  );
}

async function create(
  cluster: Cluster,
  plural: string,
  { status, ...object }: { readonly kind: string; readonly metadata: object; readonly status: object },
): Promise<void> {
  const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/${plural}`;
  const body = { apiVersion: "metallb.io/v1beta1", ...object };
  const { metadata } = (await cluster.request("POST", path, { body })) as {
    readonly metadata: { readonly name: string };
  };
  await cluster.request("PATCH", `${path}/${metadata.name}/status`, { body: { status }, contentType: MERGE_PATCH });
}
