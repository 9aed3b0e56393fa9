import { type Host, scriptCommand, until } from "@heraldlb/lab";
import type { Cluster } from "./cluster.ts";
import { HERALD_NAMESPACE, installChart, rolledOut } from "./installed-herald.ts";

/** The label `app` of the pods that {@link leaveHerald} makes. */
export const DEMO_APP = "web";

const OBJECTS = [
  { kind: "IPAddressPool", spec: { addresses: ["10.64.1.10-10.64.1.99", "fd64::1:10-fd64::1:99"] } },
  { kind: "L2Advertisement", spec: {} },
].map((object) => ({
  ...{ apiVersion: "metallb.io/v1beta1", metadata: { name: "lab", namespace: HERALD_NAMESPACE } },
  ...object,
}));
const PATIENCE = { timeoutMs: 120_000, everyMs: 200 } as const;

/**
 * Installs Herald on a cluster that outlives this process, with a pool and an application to try it with: another process
 * takes care of its pods.
 */
export async function leaveHerald(cluster: Cluster): Promise<void> {
  const { lab, host } = cluster;
  // It reads this file.
  await cluster.kubeconfig();
  await installChart(cluster);
  for (const [index, node] of lab.nodes.entries()) await demoPod(cluster, node, index);
  // The last that is started: from now on it keeps the lab's record.
  host.start(scriptCommand("kubelet-script", [lab.name], import.meta.url), { name: "kubelet" });
  await rolledOut(cluster);
  // Until the webhook is reached, none is taken.
  await until("objects of Herald were taken", () => cluster.apply(OBJECTS).then(() => true), PATIENCE);
}

async function demoPod(cluster: Cluster, node: Host, index: number): Promise<void> {
  await cluster.createPod({ name: `${DEMO_APP}-${index}`, node, labels: { app: DEMO_APP } });
}
