import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Cluster } from "@heraldlb/cluster";
import { kubernetesTool } from "@heraldlb/kubectl";

const run = promisify(execFile);

/** Where tests of the chart install it. */
export const NAMESPACE = "herald-system";

/** What helm prints, in a namespace of a cluster. @throws with what it says if it fails */
export async function helmIn(cluster: Cluster, namespace: string, args: readonly string[]): Promise<string> {
  const kubeconfig = await cluster.kubeconfig(undefined, "outside");
  const all = [...args, "--namespace", namespace, "--kubeconfig", kubeconfig];
  return (await run(await kubernetesTool("helm"), all)).stdout;
}

/** A pool to create, as JSON. */
export function poolManifest(namespace: string, name: string): string {
  return JSON.stringify({
    apiVersion: "metallb.io/v1beta1",
    kind: "IPAddressPool",
    metadata: { name, namespace },
    spec: { addresses: ["192.0.2.10-192.0.2.99"] },
  });
}
