import type { Observation } from "@heraldlb/lab";
import { type Act, type Outcome, PICTURE_STEP_MS, performAct } from "./act.ts";
import { actsOf } from "./acts.ts";
import {
  answeringNode,
  givenAddresses,
  type Scene,
  type ServiceAddresses,
  sharedAddress,
  writeManifests,
} from "./scene.ts";
import type { Screen } from "./screen.ts";

/** The first scene: one node at a time answers for the Service's addresses. */
export async function playLayer2(screen: Screen, scene: Scene): Promise<Outcome[]> {
  const { herald, lab, client } = scene;
  const { strong } = screen.palette;
  await screen.step("starting a controller and three speakers", async () => {
    await herald.startController();
    await Promise.all(lab.nodes.map((node) => herald.ready(node, herald.startSpeaker(node))));
    return ["a controller and three speakers are running", undefined];
  });
  const addresses = await screen.step("waiting for the Service's addresses", async () => {
    writeManifests(scene);
    const given = await givenAddresses(scene);
    return [`Service ${strong("web")} was given ${strong(given.ipv4)} and ${strong(given.ipv6)}`, given];
  });
  await screen.step("waiting for the shared address", async () => {
    const shared = await sharedAddress(scene);
    const pool = "of the pool for Services with the label exposure=edge";
    return [`Services ${strong("dns-tcp")} and ${strong("dns-udp")} share ${strong(shared)}, ${pool}`, undefined];
  });
  await screen.step("asking who answers", async () => {
    const owner = await answeringNode(scene, addresses);
    return [`ARP and Neighbor Discovery: ${strong(owner.name)} answers for both, with ${owner.mac}`, undefined];
  });
  await screen.step("fetching pages", async () => {
    const { ipv4, ipv6 } = addresses;
    const [four, six] = [await client.curl(ipv4), await client.curl(ipv6)];
    if (four === undefined || six === undefined) throw new Error("curl got no answer");
    return [`curl http://${ipv4}/ → ${strong(four)}   curl http://[${ipv6}]/ → ${strong(six)}`, undefined];
  });
  screen.line();

  const outcomes: Outcome[] = [];
  for (const act of actsOf(scene)) outcomes.push(await show(screen, scene, { ...act, addresses }));
  showTable(screen, outcomes);
  return outcomes;
}

async function show(
  screen: Screen,
  scene: Scene,
  { addresses, ...act }: Act & { readonly addresses: ServiceAddresses },
): Promise<Outcome> {
  const owner = await answeringNode(scene, addresses);
  let observation: Observation | undefined;
  const onStart = (begun: Observation): void => {
    observation = begun;
  };
  return await screen.step(
    act.title(owner.name),
    async () => {
      const outcome = await performAct(scene, addresses, { ...act, owner, onStart });
      return [outcomeText(screen, outcome) + pictureOf(screen, outcome), outcome];
    },
    () => (observation ? liveText(observation, addresses.ipv4) : ""),
  );
}

function liveText(observation: Observation, address: ServiceAddresses["ipv4"]): string {
  const { sent, lost, answeredBy } = observation.summary(address);
  return `${sent} probes, ${lost} lost, answered by ${answeredBy.join(" → ") || "nobody yet"}`;
}

function outcomeText({ palette: { bad, strong } }: Screen, { title, from, to, outageMs, complaints }: Outcome): string {
  const served = from === to ? `${to} goes on serving` : `${strong(to)} serves`;
  const outage =
    outageMs === 0 ? "the client noticed nothing" : `the client went without for ${Math.round(outageMs)} ms`;
  const verdict = complaints.length > 0 ? `  ${bad(complaints.join(", "))}` : "";
  return `${title}: ${served}, ${outage}${verdict}`;
}

/** A line of digits, one for each step; empty where nothing is pictured. */
function pictureOf({ palette: { quiet, bad, strong } }: Screen, { answering }: Outcome): string {
  if (answering.length === 0) return "";
  const digits = answering.map((count) => (count === 1 ? quiet("1") : count === 0 ? bad("0") : strong(`${count}`)));
  return `\n     nodes that answer, every ${PICTURE_STEP_MS} ms: ${digits.join("")}`;
}

function showTable(screen: Screen, outcomes: readonly Outcome[]): void {
  const { good, bad, quiet } = screen.palette;
  const rows = outcomes.map(({ title, from, to, takeoverMs, outageMs, lost, sent, doubleMs, complaints }) => [
    complaints.length === 0 ? good("✔") : bad("✘"),
    title,
    from === to ? to : `${from} → ${to}`,
    takeoverMs === undefined ? quiet("–") : `${Math.round(takeoverMs)} ms`,
    `${Math.round(outageMs)} ms`,
    `${lost} of ${sent}`,
    `${Math.round(doubleMs)} ms`,
  ]);
  const columns = [
    { title: "" },
    { title: "what happened" },
    { title: "served by" },
    { title: "takeover", align: "right" },
    { title: "outage", align: "right" },
    { title: "probes lost", align: "right" },
    { title: "two answers", align: "right" },
  ] as const;
  screen.table(columns, rows, [
    "takeover: from the event to the first frame in which another node claims an address",
    "outage, probes lost: what the client saw, one UDP probe to each address every 10 ms",
    "two answers: how long two nodes claimed an address at once, asked for every 20 ms",
    "A killed speaker costs no packet: its node goes on serving until clients hear of the new owner.",
  ]);
}
