import type { Cluster } from "@heraldlb/cluster";
import { type LabProcess, pass } from "@heraldlb/lab";

/** The namespace of both controllers and of their configuration. */
export const NAMESPACE = "metallb-system";

/** Afterwards speakers wait for a controller, and cost nothing. */
const SPEAKERS_START_MS = 5_000;
const POD = "metallb-controller";

/** A controller to be measured in a cluster that has Services and pools. */
export interface Contender {
  /** Does what is not measured; what it returns starts the controller. */
  prepare(cluster: Cluster): Promise<() => Promise<LabProcess>>;
}

/** Herald with a speaker on each node. */
export const herald: Contender = {
  prepare: async (cluster) => {
    const deployment = await cluster.herald({ namespace: NAMESPACE });
    for (const node of cluster.lab.nodes) deployment.startSpeaker(node);
    await pass(SPEAKERS_START_MS);
    return () => deployment.startController();
  },
};

/** MetalLB's controller alone: it needs no speakers to give addresses, and is not kept waiting by them. */
export const metallb = (program: string): Contender => ({
  prepare: async (cluster) => {
    const kubeconfig = await cluster.kubeconfig();
    // It looks for a Pod that it is.
    const spec = { containers: [{ name: "controller", image: "metallb" }] };
    await cluster.apply([{ apiVersion: "v1", kind: "Pod", metadata: { name: POD, namespace: NAMESPACE }, spec }]);
    return async () =>
      cluster.host.start(
        [
          ...([program, `--kubeconfig=${kubeconfig}`, `--namespace=${NAMESPACE}`, `--pod-name=${POD}`] as const),
          ...["--webhook-mode=disabled", "--disable-cert-rotation"],
        ],
        { name: POD },
      );
  },
});
