import { type Host, monotonicMs, startProber } from "@heraldlb/lab";
import {
  countOf,
  FLOWS,
  losePlainNextHops,
  performRouted,
  type RoutedOutcome,
  routedActsOf,
  type Stage,
  spread,
} from "./losses.ts";
import { announceService, DETECTION_MS, forwardsTo, nextHops, startRouter, watches } from "./routing.ts";
import type { Scene } from "./scene.ts";
import type { Screen } from "./screen.ts";

/**
 * The second scene: a router spreads a Service's flows over the nodes, and one of them is lost. `belongings` gets what
 * is to be disposed of after it.
 */
export async function playRouted(
  screen: Screen,
  scene: Scene,
  belongings: AsyncDisposableStack,
): Promise<RoutedOutcome[]> {
  const { herald, lab, client } = scene;
  const { strong } = screen.palette;
  screen.line();
  screen.line(` ${strong("BGP")}  the same three nodes, a router (FRR), a Service that is routed to all of them`);
  screen.line();
  const frr = await screen.step("starting a router", async () => {
    const started = belongings.use(await startRouter(scene));
    return [`a router is running: FRR with BFD, ${DETECTION_MS} ms, and ECMP by addresses and ports`, started];
  });
  const routing = await screen.step("waiting for the Service's routes", async () => {
    const gone = lab.nodes.filter((node) => herald.speaker(node).exit);
    await Promise.all(gone.map((node) => herald.ready(node, herald.startSpeaker(node))));
    const began = monotonicMs();
    const announced = await announceService(scene, frr);
    await forwardsTo(scene, announced, lab.nodes);
    const took = Math.round(monotonicMs() - began);
    const text = `Service ${strong("api")} was given ${strong(announced.service)}; the router has it from all three nodes`;
    return [`${text}, ${took} ms after the manifests were written`, announced];
  });
  const order = await nextHops(scene, routing);
  let flows = await screen.step(`sending ${FLOWS} flows`, async () => {
    const all = await spread(scene, routing);
    const counts = lab.nodes.map(({ name }) => `${strong(name)} ${countOf(all, name)}`);
    return [`${FLOWS} flows from a client, by source port: ${counts.join(", ")}`, all];
  });
  screen.line();

  await using prober = await startProber(client, [routing.service]);
  const { by } = await prober.answered(routing.service, { since: 0 });
  const stage: Stage = { scene, routing, prober, node: lab.host(by) };
  const outcomes: RoutedOutcome[] = [];
  for (const act of routedActsOf(stage)) {
    if (act.loses) await watches(routing, lab.nodes);
    const work = async (): Promise<readonly [string, RoutedOutcome]> => {
      const [outcome, after] = await performRouted(stage, act, flows);
      flows = after;
      return [outcomeText(screen, outcome), outcome];
    };
    outcomes.push(await screen.step(act.title, work, () => liveText(stage)));
  }
  const plain = await screen.step("comparing with plain next hops", async () => [
    "the same loss with next hops that somebody wrote into a kernel",
    await losePlainNextHops(scene, routing, { nodes: order, lost: stage.node }),
  ]);
  showTable(screen, [...outcomes, ...plain]);
  return outcomes;
}

function liveText({ prober, routing: { service } }: Stage): string {
  const { sent, lost, answeredBy } = prober.summary(service);
  return `${sent} probes, ${lost} lost, answered by ${answeredBy.join(" → ")}`;
}

function outcomeText(
  { palette: { bad, strong } }: Screen,
  { title, nodes, noticedMs = 0, probes, complaints }: RoutedOutcome,
): string {
  const forwards = `the router forwards to ${strong(namesOf(nodes))} after ${Math.round(noticedMs)} ms`;
  const outage = Math.round(probes?.longestOutageMs ?? 0);
  const seen = outage === 0 ? "the client noticed nothing" : `a client served by it went without for ${outage} ms`;
  const verdict = complaints.length > 0 ? `  ${bad(complaints.join(", "))}` : "";
  return `${title}: ${forwards}, ${seen}${verdict}`;
}

const namesOf = (nodes: readonly Host[]): string => nodes.map(({ name }) => name).join(", ");

function showTable(screen: Screen, outcomes: readonly RoutedOutcome[]): void {
  const { good, bad, quiet } = screen.palette;
  const rows = outcomes.map(({ title, nodes, noticedMs, probes, moved, complaints }) => [
    noticedMs === undefined ? quiet("·") : complaints.length === 0 ? good("✔") : bad("✘"),
    title,
    namesOf(nodes),
    noticedMs === undefined ? quiet("by hand") : `${Math.round(noticedMs)} ms`,
    probes ? `${Math.round(probes.longestOutageMs)} ms` : quiet("–"),
    probes ? `${probes.lost} of ${probes.sent}` : quiet("–"),
    `${Math.round(100 * moved)} %`,
  ]);
  const columns = [
    { title: "" },
    { title: "what happened" },
    { title: "router forwards to" },
    { title: "after", align: "right" },
    { title: "outage", align: "right" },
    { title: "probes lost", align: "right" },
    { title: "others' flows moved", align: "right" },
  ] as const;
  screen.table(columns, rows, [
    "after: from the event until the router's kernel forwards to these nodes",
    "outage, probes lost: what a client saw whose flow the node served, one UDP probe every 10 ms",
    "others' flows moved: of the flows whose node was there all along, those that another one serves now",
    "Which flows move is the router's choice alone: with BGP or without, it hashes them anew.",
  ]);
}
