import { type Cluster, createCluster } from "@heraldlb/cluster";
import type { Kube } from "@heraldlb/kube";
import { pass, until } from "@heraldlb/lab";
import { type Contender, herald, metallb } from "./kubernetes-contenders.ts";
import { connect, create, prepare, Served, watchServices } from "./kubernetes-services.ts";
import { cpuSeconds, memoryOf } from "./process-usage.ts";
import type { Result } from "./result.ts";
import { percentile, round } from "./statistics.ts";

/** How much to measure. */
export interface KubernetesOptions {
  /** Numbers of Services. */
  readonly counts: readonly number[];
  /** How many more are created when all of those have addresses. */
  readonly more: number;
  /** How long nothing happens. */
  readonly quietSeconds: number;
  /** A program: MetalLB's controller, to be measured beside, without its speakers. */
  readonly metallb?: string | undefined;
}

const PARALLEL = 8;
const QUIET_MS = 5_000;
/** Where processes wait long for a processor, what is still to be written can pause for seconds. */
const QUIET_TIMES = 4;
/** Statuses of 10,000 Services at 50 a second take a quarter of an hour. */
const TIMEOUT_MS = 1_800_000;
/** By the number of Services and what is done with them. */
const GOALS: Readonly<Record<string, string>> = {
  "10000: seconds": "<= 40",
  "10000: requests": "<= 25000",
  "10000, announced: requests": "<= 55000",
  "10000: cpu": "<= 25",
  "10000: memory": "<= 250",
  "10000: median": "<= 20",
  "10000: max": "<= 200",
};

/** What one controller took. */
interface Figures {
  readonly seconds: number;
  readonly cpu: number;
  readonly requests: number;
  readonly settledCpu: number;
  readonly memory: number;
  readonly latencies: readonly number[];
  readonly quiet: number;
}

/** What is measured: a number of Services, with or without endpoints. */
interface Load {
  readonly count: number;
  readonly announced: boolean;
}

/**
 * Pending Services get their addresses from a controller that starts, on a real API server: how long that takes, and
 * what it costs both. Then one more at a time, and then nothing for a while.
 */
export async function kubernetes(options: KubernetesOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const count of options.counts) {
    const pending: Load = { count, announced: false };
    const ours = await measure(herald, pending, options);
    const theirs = options.metallb ? await measure(metallb(options.metallb), pending, options) : undefined;
    results.push(...resultsOf(pending, ours, theirs));
    const announced: Load = { count, announced: true };
    results.push(...resultsOf(announced, await measure(herald, announced, options)));
  }
  return results;
}

async function measure(contender: Contender, { count, announced }: Load, options: KubernetesOptions): Promise<Figures> {
  await using cluster = await createCluster({ name: "bench-kubernetes", nodes: 3 });
  const kube = await connect(cluster);
  const stop = new AbortController();
  const services = new Served();
  try {
    await prepare(cluster, announced);
    await inParallel(count, (i) => create(kube, `service-${i}`, announced));
    const watching = watchServices(kube, services, stop.signal);
    const start = await contender.prepare(cluster);
    const before = await requests(cluster);
    const began = performance.now();
    const controller = await start();
    const isOver = () => controller.exit !== undefined || services.at.size >= count;
    await until(`${count} Services have addresses`, isOver, { timeoutMs: TIMEOUT_MS });
    if (controller.exit) throw new Error(`the controller has ended:\n${controller.log()}`);
    const { pid } = controller.id;
    const seconds = (Math.max(...services.at.values()) - began) / 1000;
    const cpu = cpuSeconds(pid);
    await settled(cluster);
    const figures = {
      ...{ seconds, cpu, requests: (await requests(cluster)) - before },
      ...{ settledCpu: cpuSeconds(pid), memory: memoryOf(pid).residentMb },
    };
    const latencies = await oneByOne(kube, services, options.more, announced);
    const quietBefore = await requests(cluster);
    await pass(options.quietSeconds * 1000);
    const quiet = ((await requests(cluster)) - quietBefore) * (60 / options.quietSeconds);
    stop.abort();
    await watching;
    return { ...figures, latencies, quiet };
  } finally {
    stop.abort();
    kube.close();
  }
}

function resultsOf({ count, announced }: Load, ours: Figures, theirs?: Figures): Result[] {
  const suffix = announced ? ", announced" : "";
  const how = `${count} Services${suffix}`;
  const result = (name: string, unit: string, goal: string | undefined, read: (figures: Figures) => number): Result => {
    const value = read(ours);
    const other = theirs && read(theirs);
    const beside = other === undefined ? undefined : `MetalLB ${round(other)} (ratio ${round(other / value)})`;
    return { suite: "kubernetes", name: `${how}: ${name}`, value, unit, goal, beside };
  };
  const goal = (what: string) => GOALS[`${count}${suffix}: ${what}`];
  const more = ours.latencies.length;
  return [
    result("all have addresses", "s", goal("seconds"), ({ seconds }) => seconds),
    result("controller's processor time until then", "s", goal("cpu"), ({ cpu }) => cpu),
    result("requests until all is settled", "", goal("requests"), (figures) => figures.requests),
    result("controller's processor time until all is settled", "s", undefined, ({ settledCpu }) => settledCpu),
    result("controller's memory", "MB", goal("memory"), ({ memory }) => memory),
    result(`one more: to its address, p50 of ${more}`, "ms", goal("median"), ({ latencies }) =>
      percentile(latencies, 0.5),
    ),
    result("one more: to its address, max", "ms", goal("max"), ({ latencies }) => Math.max(...latencies)),
    result("requests a minute when nothing happens", "", undefined, ({ quiet }) => quiet),
  ];
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
  let times = 0;
  await pass(QUIET_MS);
  await until(
    "requests have ceased",
    async () => {
      const now = await requests(cluster);
      times = now - last < 40 ? times + 1 : 0;
      last = now;
      return times === QUIET_TIMES;
    },
    { everyMs: QUIET_MS, timeoutMs: TIMEOUT_MS },
  );
}
