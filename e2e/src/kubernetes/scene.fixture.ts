import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Cluster, type ClusterOptions, createCluster, type HeraldOptions, type Pod } from "@heraldlb/cluster";
import { type Deployment, heraldCommand, type UntilOptions, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";

const run = promisify(execFile);

/** The namespace of Herald's own objects in tests. */
export const NAMESPACE = "metallb-system";

/** A cluster with Herald's kinds, a pool and an advertisement, and Herald on it, not started yet. */
export interface Scene extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly herald: Deployment;
  /** The addresses that a Service shows, once they are that many. */
  given(service: string, count: number, options?: UntilOptions): Promise<Ip[]>;
}

/** Sets a cluster up, with what most tests need. */
export async function setScene(
  options: ClusterOptions,
  { objects = [POOL, ADVERTISEMENT], ...herald }: HeraldOptions & { readonly objects?: readonly unknown[] } = {},
): Promise<Scene> {
  const cluster = await createCluster(options);
  try {
    await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }]);
    await cluster.apply((await run(heraldCommand("herald"), ["crds"])).stdout);
    await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
    if (objects.length > 0) await cluster.apply(objects);
    return {
      cluster,
      herald: await cluster.herald({ namespace: NAMESPACE, ...herald }),
      given: (service, count, waiting) =>
        until(
          `Service ${service} shows ${count} addresses`,
          async () => {
            const addresses = await cluster.addresses(service);
            return addresses.length === count ? addresses : undefined;
          },
          waiting,
        ),
      [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
    };
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** An object of `metallb.io/v1beta1` in Herald's namespace. */
export const metallb = (kind: string, name: string, spec: unknown): unknown => ({
  ...{ apiVersion: kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1", kind },
  metadata: { name, namespace: NAMESPACE },
  spec,
});

/** Addresses of both families in the lab's network. */
export const POOL: unknown = metallb("IPAddressPool", "lab", {
  addresses: ["10.64.1.10-10.64.1.99", "fd64::1:10-fd64::1:99"],
});

/** Every address by layer 2. */
export const ADVERTISEMENT: unknown = metallb("L2Advertisement", "lab", {});

/** A Service of type LoadBalancer of the pods with the label `app` of its name. */
export const service = (name: string, spec: object = {}, metadata: object = {}): unknown => ({
  ...{ apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default", ...metadata } },
  spec: {
    ...{ type: "LoadBalancer", ipFamilyPolicy: "PreferDualStack", selector: { app: name } },
    ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
    ...spec,
  },
});

/** A pod of an application on each of these nodes. */
export async function pods(cluster: Cluster, app: string, nodes: readonly string[]): Promise<Pod[]> {
  return await Promise.all(
    nodes.map((node, index) =>
      cluster.createPod({ name: `${app}-${index}`, node: cluster.lab.host(node), labels: { app } }),
    ),
  );
}

/** What every process has logged, for a test that has failed. */
export function printLogs({ cluster }: Scene): void {
  process.stderr.write(cluster.lab.logs().slice(-30_000));
}
