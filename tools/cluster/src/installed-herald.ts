import { join } from "node:path";
import { CHART } from "@heraldlb/chart";
import { kubernetesTool } from "@heraldlb/kubectl";
import { until } from "@heraldlb/lab";
import { type Cluster, MERGE_PATCH } from "./cluster.ts";
import { heraldImages } from "./herald-image.ts";
import { Kubelet } from "./kubelet.ts";
import type { PodRunner } from "./pod-runner.ts";

/** The namespace that Herald is installed into. */
export const HERALD_NAMESPACE = "herald-system";

const RELEASE = "herald";
const INFRA = "node-role.kubernetes.io/infra";
const TOLERATION = { key: INFRA, operator: "Exists", effect: "NoSchedule" };
/** What the lab is like: controllers have hosts of their own, one each, and `lan` is where the addresses are. */
export const LAB_VALUES: Readonly<Record<string, unknown>> = {
  controller: {
    nodeSelector: { [INFRA]: "" },
    tolerations: [TOLERATION],
    strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
  },
  speaker: { interfaces: "^lan" },
};
const ROLLOUT_LIMIT_MS = 120_000;
const HELM_LIMIT_MS = 120_000;

/** Herald on a cluster as its chart installs it: rendered, run and updated as by Helm, workload controllers and kubelets. */
export class InstalledHerald implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #kubelet: Kubelet;

  /** Use {@link installHerald}. */
  constructor(cluster: Cluster, kubelet: Kubelet) {
    this.cluster = cluster;
    this.#kubelet = kubelet;
  }

  /** The controllers' pods, by host. */
  get controllers(): readonly PodRunner[] {
    return this.#podsOf("controller");
  }

  /** The speakers' pods, by node. */
  get speakers(): readonly PodRunner[] {
    return this.#podsOf("speaker");
  }

  /** Upgrades the release to other values, beside those of the lab. Does not wait for the pods. */
  async upgrade(values: unknown = {}): Promise<void> {
    await helm(this.cluster, ["upgrade", RELEASE, CHART, ...VALUES, "--reset-values"], values);
  }

  /** Waits until all pods are as the release says, and ready. */
  async rolledOut(): Promise<void> {
    await rolledOut(this.cluster);
  }

  /** Stops taking care of the pods; their processes are the lab's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kubelet[Symbol.asyncDispose]();
  }

  #podsOf(component: string): readonly PodRunner[] {
    return this.#kubelet.pods
      .filter(({ labels }) => labels["app.kubernetes.io/component"] === component)
      .toSorted((a, b) => a.host.name.localeCompare(b.host.name));
  }
}

/** Takes care of the pods of Herald's namespace. */
export function heraldKubelet({ kube, lab }: Pick<ConstructorParameters<typeof Kubelet>[0], "kube" | "lab">): Kubelet {
  return new Kubelet({ kube, lab, namespace: HERALD_NAMESPACE, image: heraldImages(lab) });
}

/**
 * Installs Herald's chart on a cluster that has hosts for controllers and whose workloads get pods
 * (`workloads: "pods"`), and waits until everything is ready.
 */
export async function installHerald(cluster: Cluster, values: unknown = {}): Promise<InstalledHerald> {
  const kubelet = heraldKubelet({ kube: cluster, lab: cluster.lab });
  try {
    await installChart(cluster, values);
    await rolledOut(cluster);
    return new InstalledHerald(cluster, kubelet);
  } catch (error) {
    await kubelet[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes the controllers' hosts nodes, and installs the chart. Does not wait for pods. */
export async function installChart(cluster: Cluster, values: unknown = {}): Promise<void> {
  await addControllerHosts(cluster);
  await helm(cluster, ["install", RELEASE, CHART, "--create-namespace", ...VALUES], values);
}

/** Makes the controllers' hosts nodes, for pods that {@link LAB_VALUES} put there and for no others. */
export async function addControllerHosts(cluster: Cluster): Promise<void> {
  await Promise.all(
    cluster.lab.controllers.map(async (host) => {
      await cluster.addNode(host);
      const body = {
        metadata: { labels: { [INFRA]: "" } },
        spec: { taints: [{ key: INFRA, effect: "NoSchedule" }] },
      };
      await cluster.request("PATCH", `/api/v1/nodes/${host.name}`, { body, contentType: MERGE_PATCH });
      await cluster.startKubeProxy(host);
    }),
  );
}

/** Waits until all of Herald's pods are as they should be, and ready. */
export async function rolledOut(cluster: Cluster): Promise<void> {
  for (const workload of ["deployment/herald-controller", "daemonset/herald-speaker"]) {
    await until(
      `${workload} was rolled out`,
      async () => {
        const status = ["rollout", "status", workload, "--namespace", HERALD_NAMESPACE, "--timeout=30s"];
        return /successfully rolled out/.test(await cluster.kubectl(status));
      },
      { timeoutMs: ROLLOUT_LIMIT_MS },
    );
  }
}

const VALUES = ["--values", "-"];

async function helm(cluster: Cluster, args: readonly string[], values: unknown): Promise<void> {
  const input = JSON.stringify(merged(LAB_VALUES, values));
  const home = join(cluster.lab.folder, "helm");
  const where = ["--namespace", HERALD_NAMESPACE, "--kubeconfig", await cluster.kubeconfig()];
  const command = [await kubernetesTool("helm"), ...args, ...where];
  await cluster.host.exec(["env", `HELM_CACHE_HOME=${home}`, `HELM_CONFIG_HOME=${home}`, ...command], {
    input,
    timeoutMs: HELM_LIMIT_MS,
  });
}

/** Values over values, as Helm merges files of them. */
function merged(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above;
  const both = Object.entries(above).map(([key, value]) => [key, key in below ? merged(below[key], value) : value]);
  return { ...below, ...Object.fromEntries(both) };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
