import { type Cluster, createCluster } from "@heraldlb/cluster";
import { crds } from "@heraldlb/config/crd";
import { connectKube, type Kube, type KubeObject, reflect } from "@heraldlb/kube";
import { pass, until } from "@heraldlb/lab";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { cpuSeconds, memoryOf } from "./process-usage.ts";
import type { Result } from "./result.ts";
import { percentile } from "./statistics.ts";

/** How much to measure. */
export interface KubernetesOptions {
  /** Numbers of Services. */
  readonly counts: readonly number[];
  /** How many more are created when all of those have addresses. */
  readonly more: number;
  /** How long nothing happens. */
  readonly quietSeconds: number;
}

const NAMESPACE = "metallb-system";
const SERVICES = "/api/v1/namespaces/default/services";
const PARALLEL = 8;
const QUIET_MS = 5_000;
/** Afterwards they wait for a controller, and cost nothing. */
const SPEAKERS_START_MS = 5_000;
/** Statuses of 10,000 Services at 50 a second take a quarter of an hour. */
const TIMEOUT_MS = 1_800_000;
const UPSTREAM: Readonly<Record<number, readonly [seconds: string, requests: string]>> = {
  1000: ["MetalLB 0.16: 8.1", "MetalLB 0.16: 5,400"],
  10000: ["MetalLB 0.16: 156", "MetalLB 0.16: 57,800"],
};
const GOALS: Readonly<Record<string, string>> = {
  "10000 seconds": "<= 40",
  "10000 requests": "<= 25000",
  "10000 requests, announced": "<= 55000",
  "10000 cpu": "<= 25",
  "10000 memory": "<= 250",
};

/**
 * Pending Services get their addresses from a controller that starts, on a real API server: how long that takes, and
 * what it costs both. Then one more at a time, and then nothing for a while.
 */
export async function kubernetes(options: KubernetesOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const count of options.counts) {
    for (const announced of [false, true]) results.push(...(await measure(count, announced, options)));
  }
  return results;
}

async function measure(count: number, announced: boolean, options: KubernetesOptions): Promise<Result[]> {
  await using cluster = await createCluster({ name: "bench-kubernetes", nodes: 3 });
  const log = silentLogger;
  const kube = await connectKube({
    ...{ kubeconfig: await cluster.kubeconfig(undefined, "outside"), qps: 10_000, burst: 10_000 },
    ...{ userAgent: "bench", clock: systemClock, log },
  });
  const stop = new AbortController();
  const services = new Served();
  try {
    await prepare(cluster, announced);
    await inParallel(count, (i) => create(kube, `service-${i}`, announced));
    const watching = reflect(
      kube,
      { path: SERVICES },
      {
        onSynced: (objects) => services.take([...objects.values()]),
        onChange: ({ changed }) => services.take(changed),
      },
      { clock: systemClock, log, random: Math.random },
      stop.signal,
    );
    const herald = await cluster.herald({ namespace: NAMESPACE });
    for (const node of cluster.lab.nodes) herald.startSpeaker(node);
    await pass(SPEAKERS_START_MS);
    const before = await requests(cluster);
    const began = performance.now();
    const { pid } = (await herald.startController()).id;
    await until(`${count} Services have addresses`, () => services.at.size >= count, { timeoutMs: TIMEOUT_MS });
    const seconds = (Math.max(...services.at.values()) - began) / 1000;
    const cpu = cpuSeconds(pid);
    await settled(cluster);
    const asked = (await requests(cluster)) - before;
    const settledCpu = cpuSeconds(pid);
    const memory = memoryOf(pid).residentMb;
    const latencies = await oneByOne(kube, services, options.more, announced);
    const quietBefore = await requests(cluster);
    await pass(options.quietSeconds * 1000);
    const quiet = ((await requests(cluster)) - quietBefore) * (60 / options.quietSeconds);
    const how = `${count} Services${announced ? ", announced" : ""}`;
    const result = (name: string, value: number, unit: string, extra: Partial<Result> = {}): Result => ({
      ...{ suite: "kubernetes", name: `${how}: ${name}`, value, unit },
      ...extra,
    });
    const goal = (what: string) => ({ goal: GOALS[`${count} ${what}`] });
    stop.abort();
    await watching;
    return [
      result("all have addresses", seconds, "s", { ...goal("seconds"), beside: UPSTREAM[count]?.[0] }),
      result("controller's processor time until then", cpu, "s", goal("cpu")),
      result("requests until all is settled", asked, "", {
        ...goal(announced ? "requests, announced" : "requests"),
        beside: UPSTREAM[count]?.[1],
      }),
      result("controller's processor time until all is settled", settledCpu, "s"),
      result("controller's memory", memory, "MB", goal("memory")),
      result(`one more: to its address, p50 of ${options.more}`, percentile(latencies, 0.5), "ms", { goal: "<= 20" }),
      result("one more: to its address, max", Math.max(...latencies), "ms", { goal: "<= 200" }),
      result("requests a minute when nothing happens", quiet, ""),
    ];
  } finally {
    stop.abort();
    kube.close();
  }
}

/** When which Service was first seen with an address. */
class Served {
  readonly at = new Map<string, number>();

  take(objects: readonly KubeObject[]): void {
    for (const object of objects) {
      const { status } = object as { readonly status?: { readonly loadBalancer?: { readonly ingress?: unknown[] } } };
      const { name } = object.metadata;
      if ((status?.loadBalancer?.ingress?.length ?? 0) > 0 && !this.at.has(name)) this.at.set(name, performance.now());
    }
  }
}

async function prepare(cluster: Cluster, announced: boolean): Promise<void> {
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

async function create(kube: Kube, name: string, announced: boolean): Promise<void> {
  const spec = {
    // There are fewer node ports than Services.
    ...{ type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports: [{ port: 80, targetPort: 8080 }] },
    ...(announced ? { selector: { app: "web" } } : {}),
  };
  await kube.request("POST", SERVICES, { body: { apiVersion: "v1", kind: "Service", metadata: { name }, spec } });
}

async function oneByOne(kube: Kube, { at }: Served, count: number, announced: boolean): Promise<number[]> {
  const latencies: number[] = [];
  for (let i = 0; i < count; i++) {
    const name = `more-${i}`;
    await create(kube, name, announced);
    const began = performance.now();
    const served = await until(`${name} has an address`, () => at.get(name), { everyMs: 2, timeoutMs: 60_000 });
    latencies.push(served - began);
    await pass(20);
  }
  return latencies;
}

async function inParallel(count: number, act: (i: number) => Promise<void>): Promise<void> {
  const numbers = Array.from({ length: count }, (_, i) => i).values();
  const work = async () => {
    for (const i of numbers) await act(i);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}

/** Requests that API servers have counted themselves, but for watches and for what other controllers do by themselves. */
async function requests(cluster: Cluster): Promise<number> {
  const text = await cluster.kubectl(["get", "--raw", "/metrics"]);
  const counted = text.matchAll(/^apiserver_request_total\{([^}]*)\} (\S+)$/gm);
  let sum = 0;
  for (const [, labels = "", value] of counted) {
    const isOther = /verb="(WATCH|CONNECT)"|resource="(endpointslices|endpoints|nodes|apiservices)"/.test(labels);
    if (!isOther) sum += Number(value);
  }
  return sum;
}

/** Nothing is asked of the API server any more beside what always is. */
async function settled(cluster: Cluster): Promise<void> {
  let last = await requests(cluster);
  await pass(QUIET_MS);
  await until(
    "requests have ceased",
    async () => {
      const now = await requests(cluster);
      const isQuiet = now - last < 40;
      last = now;
      return isQuiet;
    },
    { everyMs: QUIET_MS, timeoutMs: TIMEOUT_MS },
  );
}
