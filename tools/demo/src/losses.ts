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

/** What is done to a node that a router forwards to. */
export interface RoutedAct {
  readonly title: string;
  perform(): Promise<void>;
  /** Whether the router shall do without the node afterwards, or with it. */
  readonly loses: boolean;
  /** Bounds: far above what is usual, for a demo on a busy machine must not fail. */
  readonly most: { readonly noticedMs: number; readonly lost: number };
}

/** What came of it. */
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
  /** Empty: all was well. */
  readonly complaints: readonly string[];
}

/** What an act is performed on. */
export interface Stage {
  readonly scene: Scene;
  readonly routing: Routing;
  /** A client that probes the Service all the time, by one flow, … */
  readonly prober: Prober;
  /** … which this node serves. Things happen to it. */
  readonly node: Host;
}

/** The acts, in order. Each begins where the one before ended. */
export function routedActsOf({ scene: { lab, herald }, node }: Stage): RoutedAct[] {
  return [
    {
      title: `${node.name}'s speaker killed (SIGKILL)`,
      loses: true,
      most: { noticedMs: 3_000, lost: 0 },
      async perform() {
        herald.speaker(node).kill("SIGKILL");
      },
    },
    {
      title: `${node.name}'s speaker back`,
      loses: false,
      most: { noticedMs: 15_000, lost: 5 },
      async perform() {
        herald.startSpeaker(node);
      },
    },
    {
      title: `${node.name} silent (both cables pulled)`,
      loses: true,
      most: { noticedMs: 3_000, lost: 300 },
      async perform() {
        await lab.setPort(node, "mgmt", "down");
        await lab.setPort(node, "lan", "down");
      },
    },
    {
      title: `${node.name}'s cables back`,
      loses: false,
      most: { noticedMs: 15_000, lost: 5 },
      async perform() {
        await lab.setPort(node, "lan", "up");
        await lab.setPort(node, "mgmt", "up");
      },
    },
  ];
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

/** Performs an act. Returns what came of it, and who serves each flow now. */
export async function performRouted(
  { scene, routing, prober, node }: Stage,
  { title, perform, loses, most }: RoutedAct,
  before: Flows,
): Promise<readonly [RoutedOutcome, Flows]> {
  const { lab, client } = scene;
  const { service } = routing;
  const nodes = loses ? lab.nodes.filter((other) => other !== node) : lab.nodes;
  const from = monotonicMs();
  await perform();
  await forwardsTo(scene, routing, nodes);
  const noticedMs = monotonicMs() - from;
  await pass(AFTERMATH_MS);
  const probes = prober.summary(service, { from });
  const after = loses ? await flowsTo(client, service, FLOWS) : await spread(scene, routing);
  // A node that is back had to be given flows: whose they were does not count, as with those of a node that goes.
  const moved = loses ? movedShare(before, after, node.name) : movedShare(after, before, node.name);
  return [
    { title, nodes, noticedMs, probes, moved, complaints: complaintsAboutRouting(noticedMs, probes, most) },
    after,
  ];
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
    outcomes.push({ title: `${kind}, ${lost.name}'s removed by hand`, nodes: left, moved, complaints: [] });
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
export function complaintsAboutRouting(
  noticedMs: number,
  { lost }: Pick<ProbeSummary, "lost">,
  most: RoutedAct["most"],
): string[] {
  const complaints: string[] = [];
  if (noticedMs > most.noticedMs) complaints.push(`the router changed after ${Math.round(noticedMs)} ms only`);
  if (lost > most.lost) complaints.push(`${lost} probes lost`);
  return complaints;
}
