import { SettingError } from "@heraldlb/daemon";
import { DEFAULT_LEASE_TIMERS } from "@heraldlb/election";
import { connectKube, type Kube, KubeconfigError, type KubeOptions } from "@heraldlb/kube";
import { setUserTimeout } from "@heraldlb/link";
import type { Logger } from "@heraldlb/runtime";
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
 * A leader is sure of itself until `renewMs`, and another one may lead after `leaseMs`: by then the kernel must not send
 * again what the network has lost. Half, since it counts from the first time that it sends again, 200 ms and more later.
 */
const LOST_AFTER_MS = (DEFAULT_LEASE_TIMERS.leaseMs - DEFAULT_LEASE_TIMERS.renewMs) / 2;
/** What fits into a receiver's window, whether or not the API server reads. It takes its time to read, if it is busy. */
const SHORT_BYTES = 16_384;

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
  const options = {
    kubeconfig,
    context,
    qps,
    burst,
    userAgent: "herald-controller",
    clock,
    log,
    onSocket: lossLimiter(log),
  };
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

/** What is sent later than meant is refused if anybody has written the object since, so a kernel may do without. */
function lossLimiter(log: Logger): KubeOptions["onSocket"] {
  let isTold = false;
  return (fd, { method, length }) => {
    try {
      setUserTimeout(fd, method !== "GET" && length <= SHORT_BYTES ? LOST_AFTER_MS : 0);
    } catch (error) {
      if (!isTold) log.warn("TCP_USER_TIMEOUT not set", { effect: "writes may arrive late after an outage", error });
      isTold = true;
    }
  };
}
