import { cpus, loadavg } from "node:os";
import { type LabProcess, pass, until } from "@heraldlb/lab";
import type { Result } from "./result.ts";
import { ready, type Site, setUp, writeServices } from "./site.ts";
import { round } from "./statistics.ts";

/** What is to be measured of moves that nobody needs. */
export interface MovesOptions {
  /** How long four busy processes compete with Herald. */
  readonly busyMinutes: number;
  /** How long each share of the management network's frames is lost. */
  readonly lossSeconds: number;
}

const SERVICES = 20;
const BUSY_PROCESSES = 4;
const NICE = -10;
const LOSSES = [0.01, 0.03] as const;
const SETTLED_MS = 2000;

/**
 * Counts addresses that change their owner although nothing is wrong with any node. The goal is none.
 *
 * Under load two labs run side by side: one as Herald starts by default, one whose processes go before others.
 */
export async function moves({ busyMinutes, lossSeconds }: MovesOptions): Promise<Result[]> {
  await using site = await setUp({ name: "bench-moves", nodes: 3 });
  await startAll(site);
  const results: Result[] = [];
  for (const probability of LOSSES) {
    const { lab } = site;
    const hosts = lab.nodes.map(({ name }) => name);
    await lab.setFaults([{ type: "loss", network: "mgmt", hosts, probability }]);
    const count = await countMoves(site, lossSeconds * 1000);
    await lab.setFaults([]);
    const what = `${probability * 100} % loss on the management network, ${lossSeconds} s`;
    results.push(result(what, count, probability === LOSSES[0] ? "0" : undefined));
  }
  await using preferred = await setUp({ name: "bench-moves-nice", nodes: 3 }, { nice: NICE });
  await startAll(preferred);
  const [usual, nice] = await underLoad([site, preferred], busyMinutes * 60_000);
  const what = `${BUSY_PROCESSES} busy processes, ${busyMinutes} min`;
  // Whatever else runs on the machine competes, too.
  const load = `load average ${round(loadavg()[1] ?? 0)} on ${cpus().length} cores`;
  results.push(result(what, usual ?? Number.NaN, "0", load));
  results.push(result(`${what}, Herald with nice ${NICE}`, nice ?? Number.NaN, undefined, load));
  return results;
}

function result(what: string, value: number, goal?: string, beside?: string): Result {
  return { suite: "ownership", name: `${SERVICES} addresses, ${what}: moves`, value, unit: "moves", goal, beside };
}

async function startAll(site: Site): Promise<void> {
  writeServices(site, SERVICES, ["ipv4"]);
  await ready(site);
  await until("every address had an owner", async () => (await unowned(site)) === 0, { everyMs: 200 });
  await pass(SETTLED_MS);
}

async function underLoad(sites: readonly [Site, ...Site[]], ms: number): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < BUSY_PROCESSES; i++) stack.use(busy(sites[0], i));
  return await Promise.all(sites.map((site) => countMoves(site, ms)));
}

function busy({ client }: Site, number: number): LabProcess {
  return client.start(["sh", "-c", "while :; do :; done"], { name: `busy-${number}`, keep: false });
}

async function countMoves(site: Site, ms: number): Promise<number> {
  const before = await ownerChanges(site);
  await pass(ms);
  return (await ownerChanges(site)) - before;
}

async function ownerChanges(site: Site): Promise<number> {
  const lines = (await metrics(site)).matchAll(/^herald_owner_changes_total\{.*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function unowned(site: Site): Promise<number> {
  const text = await metrics(site);
  const [, groups] = /^herald_groups (\d+)$/m.exec(text) ?? [];
  const [, without] = /^herald_groups_unowned (\d+)$/m.exec(text) ?? [];
  return Number(groups) === SERVICES ? Number(without) : SERVICES;
}

async function metrics({ lab, herald }: Site): Promise<string> {
  const [host] = lab.controllers;
  return host ? await herald.metrics(host) : "";
}
