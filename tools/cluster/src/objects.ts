import type { Host, LabProcess } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";

const CONTAINER = "main";
const IMAGE = "none";

/** A pod to be made. */
export interface PodOptions {
  readonly name: string;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  /** The node that it runs on. */
  readonly node: Host;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Default `default`. */
  readonly serviceAccount?: string | undefined;
  /** It has its host's addresses and, as whoever wants it starts its process there, none of its own. */
  readonly hostNetwork?: boolean | undefined;
  /** Where its process answers with the pod's name, HTTP and UDP. Default 8080. */
  readonly port?: number | undefined;
  /** Default `ready`. */
  readonly state?: "ready" | "notReady" | undefined;
}

/** A pod of the cluster: an object and, unless it uses its host's network, a process behind it. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly node: Host;
  /** IPv4 first. */
  readonly addresses: readonly Ip[];
  readonly process: LabProcess | undefined;
}

/** The object of a pod that nobody has to schedule. */
export function podManifest({
  name,
  namespace = "default",
  node,
  labels = {},
  serviceAccount = "default",
  hostNetwork = false,
  port = 8080,
}: PodOptions): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: {
      nodeName: node.name,
      serviceAccountName: serviceAccount,
      hostNetwork,
      // There is no kubelet to confirm the end of a pod, so that a deletion must not wait for it.
      terminationGracePeriodSeconds: 0,
      containers: [{ name: CONTAINER, image: IMAGE, ports: [{ containerPort: port }] }],
    },
  };
}

/** The only container of a pod. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly restartCount: number;
}

/** What a kubelet would say about a pod that runs. */
export function podStatus(
  node: Pick<Host, "ipv4">,
  addresses: readonly Ip[],
  isReady: boolean,
  container: PodContainer = { name: CONTAINER, image: IMAGE, restartCount: 0 },
): unknown {
  const ready = isReady ? "True" : "False";
  const conditions = { PodScheduled: "True", Initialized: "True", ContainersReady: ready, Ready: ready };
  return {
    phase: "Running",
    hostIP: node.ipv4,
    podIP: addresses[0],
    podIPs: addresses.map((ip) => ({ ip })),
    conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })),
    containerStatuses: [{ ...container, imageID: "", ready: isReady, state: { running: {} } }],
  };
}

/** The object of a node. */
export function nodeManifest(name: string, podCidrs: readonly string[]): unknown {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { "kubernetes.io/hostname": name, "kubernetes.io/os": "linux" } },
    spec: podCidrs.length > 0 ? { podCIDR: podCidrs[0], podCIDRs: podCidrs } : {},
  };
}

/** What a kubelet would say about a node with these addresses. */
export function nodeStatus(name: string, addresses: readonly Ip[], isReady = true): unknown {
  return {
    addresses: [...addresses.map((address) => ({ type: "InternalIP", address })), { type: "Hostname", address: name }],
    conditions: [
      { type: "Ready", status: isReady ? "True" : "False", reason: isReady ? "KubeletReady" : "KubeletNotReady" },
      { type: "NetworkUnavailable", status: "False", reason: "RouteCreated" },
    ],
  };
}
