import {
  type Flows,
  flowsTo,
  type Host,
  monotonicMs,
  movedShare,
  type Prober,
  type ProbeSummary,
  pass,
} from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { forwardsTo, type Routing, routeBy } from "./routing.ts";
import type { Scene } from "./scene.ts";

/** What came of a change of the nodes that a router forwards to. */
export interface RoutedOutcome {
  readonly title: string;
  /** Whom the router forwards to afterwards. */
  readonly nodes: readonly Host[];
  /** How long it took the router to do so; undefined where it was told by hand. */
  readonly noticedMs?: number | undefined;
  /** What the probing client saw. */
  readonly probes?: ProbeSummary | undefined;
  /** The share, 0 to 1, that had to move though their node was there before and after. */
  readonly moved: number;
}

/** Bounds: far above what is usual, for a demo on a busy machine must not fail. */
export interface Bounds {
  readonly noticedMs: number;
  readonly lost: number;
}

/** How many flows a client sends, each from another port. */
export const FLOWS = 300;

/** Half of a fair share. */
const LEAST_OF_FLOWS = FLOWS / 6;
const AFTERMATH_MS = 500;

/** Which node serves each flow. Throws if a node has less than half of its share, or a flow none at all. */
export async function spread({ client, lab }: Scene, { service }: Routing): Promise<Flows> {
  const flows = await flowsTo(client, service, FLOWS);
  const short = lab.nodes.find(({ name }) => countOf(flows, name) < LEAST_OF_FLOWS);
  if (flows.size < FLOWS) throw new Error(`${FLOWS - flows.size} of ${FLOWS} flows were not answered`);
  if (short) throw new Error(`${short.name} serves ${countOf(flows, short.name)} of ${FLOWS} flows only`);
  return flows;
}

/** How many flows a node serves. */
export function countOf(flows: Flows, node: string): number {
  return [...flows.values()].filter((name) => name === node).length;
}

/** A client that probes the Service all the time, by one flow, and the node that is lost: the one that serves it. */
export interface Loss {
  readonly prober: Prober;
  readonly lost: Host;
}

/** Pulls both cables of the node. Returns what came of it, and who serves each flow now. */
export async function loseNode(
  scene: Scene,
  routing: Routing,
  { before, ...loss }: Loss & { readonly before: Flows },
): Promise<readonly [RoutedOutcome, Flows]> {
  const { lost } = loss;
  const nodes = scene.lab.nodes.filter((node) => node !== lost);
  const seen = await change(scene, routing, { ...loss, to: "down", nodes });
  const after = await flowsTo(scene.client, routing.service, FLOWS);
  const title = `${lost.name} silent (both cables pulled)`;
  return [{ title, nodes, ...seen, moved: movedShare(before, after, lost.name) }, after];
}

/** Plugs them in again. */
export async function regainNode(
  scene: Scene,
  routing: Routing,
  { before, ...loss }: Loss & { readonly before: Flows },
): Promise<RoutedOutcome> {
  const { lost } = loss;
  const { nodes } = scene.lab;
  const seen = await change(scene, routing, { ...loss, to: "up", nodes });
  const after = await spread(scene, routing);
  // The other way round in time: those that the node took over had to move.
  return { title: `${lost.name}'s cables back`, nodes, ...seen, moved: movedShare(after, before, lost.name) };
}

async function change(
  scene: Scene,
  routing: Routing,
  { lost, prober, to, nodes }: Loss & { readonly to: "up" | "down"; readonly nodes: readonly Host[] },
): Promise<Pick<RoutedOutcome, "noticedMs" | "probes">> {
  const { lab } = scene;
  await lab.setPort(lost, "mgmt", to);
  const from = monotonicMs();
  await lab.setPort(lost, "lan", to);
  await forwardsTo(scene, routing, nodes);
  const noticedMs = monotonicMs() - from;
  await pass(AFTERMATH_MS);
  return { noticedMs, probes: prober.summary(routing.service, { from }) };
}

/**
 * The same loss at a router without BGP: next hops that somebody wrote into its kernel, and takes one out of; then in a
 * resilient group, if the kernel has those. `nodes` are in the order that the router with BGP has them in.
 */
export async function losePlainNextHops(
  scene: Scene,
  routing: Routing,
  { nodes, lost }: { readonly nodes: readonly Host[]; readonly lost: Host },
): Promise<RoutedOutcome[]> {
  const { client, witness, router } = scene;
  const left = nodes.filter((node) => node !== lost);
  const outcomes: RoutedOutcome[] = [];
  await routeBy(witness, client);
  for (const [kind, set] of [
    ["plain next hops (ip route)", setRoute],
    ["a resilient group (ip nexthop)", setResilientGroup],
  ] as const) {
    if (!(await set(witness, routing.service, nodes))) continue;
    const before = await spread(scene, routing);
    await set(witness, routing.service, left);
    const after = await flowsTo(client, routing.service, FLOWS);
    const moved = movedShare(before, after, lost.name);
    outcomes.push({ title: `${kind}, ${lost.name}'s removed by hand`, nodes: left, moved });
  }
  await routeBy(router, client);
  return outcomes;
}

async function setRoute(router: Host, service: Ip, nodes: readonly Host[]): Promise<boolean> {
  const hops = nodes.flatMap(({ ipv4 }) => ["nexthop", "via", ipv4]);
  await router.exec(["ip", "route", "replace", service, ...hops]);
  return true;
}

const BUCKETS = 128;

/** Whether the kernel has such groups at all. */
async function setResilientGroup(router: Host, service: Ip, nodes: readonly Host[]): Promise<boolean> {
  const device = router.interfaceOn("lan").name;
  const ids = nodes.map(({ ipv4 }) => `${Number(ipv4.split(".").at(-1))}`);
  const lines = nodes.map(({ ipv4 }, index) => `nexthop replace id ${ids[index]} via ${ipv4} dev ${device}`);
  const group = `nexthop replace id 1000 group ${ids.join("/")} type resilient buckets ${BUCKETS}`;
  const input = [...lines, group, `route replace ${service} nhid 1000`, ""].join("\n");
  return (await router.attempt(["ip", "-batch", "-"], { input })).exitCode === 0;
}

/** What is not as it must be, in words. */
export function complaintsAboutRouting({ noticedMs = 0, probes }: RoutedOutcome, most: Bounds): string[] {
  const complaints: string[] = [];
  if (noticedMs > most.noticedMs) complaints.push(`the router changed after ${Math.round(noticedMs)} ms only`);
  if (probes && probes.lost > most.lost) complaints.push(`${probes.lost} probes lost`);
  return complaints;
}
