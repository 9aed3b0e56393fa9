// `npm run demo`: Herald at work in a lab, and what a client sees of it.
import { parseArgs } from "node:util";
import { LabError, labs, missingPrerequisites, type Observation, removeLab } from "@heraldlb/lab";
import { systemClock } from "@heraldlb/runtime";
import { type Act, type Outcome, PICTURE_STEP_MS, performAct } from "./act.ts";
import { actsOf } from "./acts.ts";
import { answeringNode, givenAddresses, type Scene, type ServiceAddresses, setScene, writeManifests } from "./scene.ts";
import { paletteFor, Screen } from "./screen.ts";
import { drawTable } from "./table.ts";

const LAB = "demo";

const screen = new Screen(process.stdout, paletteFor(process.stdout, process.env));
const { good, bad, quiet, strong } = screen.palette;
const began = systemClock.now();

process.exitCode = await main();

async function main(): Promise<number> {
  const keep = readKeep();
  if (keep === undefined) return 2;
  const missing = missingPrerequisites();
  if (missing.length > 0) {
    for (const sentence of missing) console.error(sentence);
    return 1;
  }
  let ours = false;
  const tidy = async (): Promise<void> => {
    if (ours) await removeLab(LAB);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void tidy().finally(() => process.exit(130)));
  let scene: Scene | undefined;
  try {
    screen.line();
    screen.line(` ${strong("Herald")}  three nodes, a client, one Service with an IPv4 and an IPv6 address, layer 2`);
    screen.line();
    const earlier = labs().find(({ plan }) => plan.name === LAB);
    if (earlier?.state === "in use") throw new LabError("another demo is running on this machine");
    ours = true;
    await removeLab(LAB);
    scene = await screen.step("setting a lab up", async () => [
      "a lab is up: node1, node2, node3, a client, a switch, a management network",
      await setScene(LAB, { keep }),
    ]);
    const outcomes = await play(scene);
    showTable(outcomes);
    if (keep) showHowToLookAround(scene);
    return outcomes.every(({ complaints }) => complaints.length === 0) ? 0 : 1;
  } catch (error) {
    console.error(`\n${bad("The demo failed:")} ${error instanceof Error ? describe(error) : error}`);
    if (scene && !(error instanceof LabError)) console.error(quiet(scene.lab.logs(10)));
    return 1;
  } finally {
    if (!keep) await tidy();
  }
}

async function play(scene: Scene): Promise<Outcome[]> {
  const { herald, lab, client } = scene;
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
  for (const act of actsOf(scene)) outcomes.push(await show(scene, addresses, act));
  return outcomes;
}

async function show(scene: Scene, addresses: ServiceAddresses, act: Act): Promise<Outcome> {
  const owner = await answeringNode(scene, addresses);
  let observation: Observation | undefined;
  const onStart = (begun: Observation): void => {
    observation = begun;
  };
  return await screen.step(
    act.title(owner.name),
    async () => {
      const outcome = await performAct(scene, addresses, { ...act, owner, onStart });
      return [outcomeText(outcome) + pictureOf(outcome), outcome];
    },
    () => (observation ? liveText(observation, addresses.ipv4) : ""),
  );
}

function liveText(observation: Observation, address: ServiceAddresses["ipv4"]): string {
  const { sent, lost, answeredBy } = observation.summary(address);
  return `${sent} probes, ${lost} lost, answered by ${answeredBy.join(" → ") || "nobody yet"}`;
}

function outcomeText({ title, from, to, outageMs, complaints }: Outcome): string {
  const served = from === to ? `${to} goes on serving` : `${strong(to)} serves`;
  const outage =
    outageMs === 0 ? "the client noticed nothing" : `the client went without for ${Math.round(outageMs)} ms`;
  const verdict = complaints.length > 0 ? `  ${bad(complaints.join(", "))}` : "";
  return `${title}: ${served}, ${outage}${verdict}`;
}

/** A line of digits, one for each step; empty where nothing is pictured. */
function pictureOf({ answering }: Outcome): string {
  if (answering.length === 0) return "";
  const digits = answering.map((count) => (count === 1 ? quiet("1") : count === 0 ? bad("0") : strong(`${count}`)));
  return `\n     nodes that answer, every ${PICTURE_STEP_MS} ms: ${digits.join("")}`;
}

function showTable(outcomes: readonly Outcome[]): void {
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
  screen.line();
  for (const line of drawTable(columns, rows)) screen.line(` ${line}`);
  screen.line();
  screen.line(quiet(" takeover: from the event to the first frame in which another node claims an address"));
  screen.line(quiet(" outage, probes lost: what the client saw, one UDP probe to each address every 10 ms"));
  screen.line(quiet(" two answers: how long two nodes claimed an address at once, asked for every 20 ms"));
  screen.line(
    quiet(" A killed speaker costs no packet: its node goes on serving until clients hear of the new owner."),
  );
  const failed = outcomes.filter(({ complaints }) => complaints.length > 0).length;
  const seconds = ((systemClock.now() - began) / 1000).toFixed(0);
  screen.line();
  screen.line(
    failed === 0
      ? ` ${good("All was well")} after ${seconds} s.`
      : ` ${bad(`${failed} of ${outcomes.length} went wrong.`)}`,
  );
}

function showHowToLookAround({ lab, herald }: Scene): void {
  for (const node of lab.nodes) if (herald.speaker(node).exit) herald.startSpeaker(node);
  screen.line();
  screen.line(" The lab stays up. Look around:");
  for (const command of [
    "npm run lab -- status",
    `npm run lab -- exec --name ${LAB} client1 curl http://10.64.1.10/`,
    `npm run lab -- exec --name ${LAB} client1 arping -i lan0 -c 3 10.64.1.10`,
    `npm run lab -- exec --name ${LAB} lan ip link set node1 down`,
    `tail -f ${lab.folder}/*.log`,
    `$EDITOR ${herald.folder}/web.yaml`,
    `npm run lab -- down --name ${LAB}`,
  ]) {
    screen.line(`   ${command}`);
  }
}

function readKeep(): boolean | undefined {
  try {
    return parseArgs({ options: { keep: { type: "boolean", default: false } } }).values.keep;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error} (the only option is --keep)`);
    return undefined;
  }
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
