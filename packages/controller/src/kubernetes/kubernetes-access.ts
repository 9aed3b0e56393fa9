import { SettingError } from "@heraldlb/daemon";
import { connectKube, type Kube, KubeconfigError } from "@heraldlb/kube";
import type { BackingContext } from "../backing.ts";
import type { ClusterOptions } from "../cluster.ts";

/** An API server as a source. */
export interface KubernetesSource {
  readonly type: "kubernetes";
  /** A kubeconfig file; undefined: the pod's own service account. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Writes for people to read, a second, and how many at once after a rest. */
  readonly qps: number;
  readonly burst: number;
}

/** Where Herald's own objects are, and how the API server is asked. */
export interface KubernetesAccess {
  readonly kube: Kube;
  readonly namespace: string;
}

/**
 * Credentials for an API server, and the namespace whose objects act.
 *
 * @throws SettingError if there are no usable credentials, or nothing names the namespace
 */
export async function accessKubernetes(
  { kubeconfig, context, qps, burst }: KubernetesSource,
  { namespace: given }: Pick<ClusterOptions, "namespace">,
  { clock, log }: Pick<BackingContext, "clock" | "log">,
): Promise<KubernetesAccess> {
  const options = { kubeconfig, context, qps, burst, userAgent: "herald-controller", clock, log };
  const kube = await connectKube(options).catch((error: unknown) => {
    if (!(error instanceof KubeconfigError)) throw error;
    throw new SettingError(`--kubeconfig: ${error.message}`, { cause: error });
  });
  const namespace = given ?? kube.namespace;
  if (namespace !== undefined) return { kube, namespace };
  kube.close();
  throw new SettingError(
    "--namespace is required: neither a pod's service account nor the kubeconfig's context names one",
  );
}
