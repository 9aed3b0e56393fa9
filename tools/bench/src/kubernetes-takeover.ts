import { type Cluster, createCluster } from "@heraldlb/cluster";
import type { Kube } from "@heraldlb/kube";
import { type Deployment, type Host, pass, until } from "@heraldlb/lab";
import { NAMESPACE } from "./kubernetes-contenders.ts";
import { connect, create, prepare, Served, watchServices } from "./kubernetes-services.ts";
import type { Result } from "./result.ts";
import { percentile } from "./statistics.ts";

/** How often a leader ends in each way. */
export interface TakeoverOptions {
  readonly rounds: number;
}

/** With a Lease of 3 s. */
const GOALS = { SIGTERM: "<= 1000", SIGKILL: "<= 4000" } as const;
type Signal = keyof typeof GOALS;

const SLOW = { timeoutMs: 60_000, everyMs: 50 };
/** A leader is not killed while it has only just begun. */
const SETTLE_MS = 1_000;

/** A leader ends: how long a Service that is made in that moment waits for the other one to give it an address. */
export async function kubernetesTakeover({ rounds }: TakeoverOptions): Promise<Result[]> {
  await using cluster = await createCluster({ name: "bench-takeover", nodes: 1, controllers: 2 });
  const kube = await connect(cluster);
  const stop = new AbortController();
  try {
    await prepare(cluster, true);
    const services = new Served();
    const watching = watchServices(kube, services, stop.signal);
    const herald = await cluster.herald({ namespace: NAMESPACE });
    const [node] = cluster.lab.nodes;
    if (node) herald.startSpeaker(node);
    for (const host of cluster.lab.controllers) await herald.startController({ host });
    const results: Result[] = [];
    for (const signal of Object.keys(GOALS) as Signal[]) {
      const waits: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const name = `${signal.toLowerCase()}-${round}`;
        waits.push(await takeover({ cluster, kube, services, herald }, { signal, name }));
      }
      results.push(result(`p50 of ${rounds}, ${signal}`, percentile(waits, 0.5)));
      results.push(result(`max, ${signal}`, Math.max(...waits), GOALS[signal]));
    }
    stop.abort();
    await watching;
    return results;
  } finally {
    stop.abort();
    kube.close();
  }
}

interface Scene {
  readonly cluster: Cluster;
  readonly kube: Kube;
  readonly services: Served;
  readonly herald: Deployment;
}

async function takeover(
  { cluster, kube, services, herald }: Scene,
  { signal, name }: { readonly signal: Signal; readonly name: string },
): Promise<number> {
  const leader = await until("one leads, and the other is warm", () => leaderOf(cluster, herald), SLOW);
  await pass(SETTLE_MS);
  const began = performance.now();
  herald.controller(leader).kill(signal);
  await create(kube, name, true);
  const served = await until(`${name} has an address`, () => services.at.get(name), { ...SLOW, everyMs: 2 });
  await herald.controller(leader).exited;
  await herald.startController({ host: leader });
  return served - began;
}

async function leaderOf(cluster: Cluster, herald: Deployment): Promise<Host | false> {
  const { controllers } = cluster.lab;
  const pages = await Promise.all(controllers.map((host) => herald.metrics(host)));
  const shows = (line: string) => pages.filter((page) => page.split("\n").includes(line)).length;
  const isWarm =
    shows("metallb_k8s_client_config_loaded_bool 1") === controllers.length &&
    shows("herald_speakers_connected 1") === controllers.length &&
    shows("herald_leader_bool 1") === 1;
  return isWarm && (controllers[pages.findIndex((page) => page.includes("\nherald_leader_bool 1\n"))] ?? false);
}

const result = (name: string, value: number, goal?: string): Result => ({
  ...{ suite: "kubernetes-takeover", name: `leader ends, a Service has its address: ${name}`, value, unit: "ms", goal },
});
