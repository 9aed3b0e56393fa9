// `npm run demo`: Herald at work in a lab, and what a client sees of it.
import { parseArgs } from "node:util";
import { LabError, labs, missingPrerequisites, removeLab } from "@heraldlb/lab";
import { systemClock } from "@heraldlb/runtime";
import { playLayer2 } from "./layer2.ts";
import { playRouted } from "./routed.ts";
import { type Scene, setScene } from "./scene.ts";
import { paletteFor, Screen } from "./screen.ts";

const LAB = "demo";

const screen = new Screen(process.stdout, paletteFor(process.stdout, process.env));
const { good, bad, quiet, strong } = screen.palette;
const began = systemClock.now();

process.exitCode = await main();

async function main(): Promise<number> {
  const keep = readKeep();
  if (typeof keep === "number") return keep;
  const missing = missingPrerequisites();
  if (missing.length > 0) {
    for (const sentence of missing) console.error(sentence);
    return 1;
  }
  let ours = false;
  const belongings = new AsyncDisposableStack();
  const tidy = async (): Promise<void> => {
    await belongings.disposeAsync();
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
      "a lab is up: node1, node2, node3, a client, a router, a switch, a management network",
      await setScene(LAB, { keep }),
    ]);
    const outcomes = [...(await playLayer2(screen, scene)), ...(await playRouted(screen, scene, belongings))];
    showVerdict(outcomes);
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

function showVerdict(outcomes: readonly { readonly complaints: readonly string[] }[]): void {
  const failed = outcomes.filter(({ complaints }) => complaints.length > 0).length;
  const seconds = ((systemClock.now() - began) / 1000).toFixed(0);
  screen.line();
  screen.line(
    failed === 0
      ? ` ${good("All was well")} after ${seconds} s.`
      : ` ${bad(`${failed} of ${outcomes.length} went wrong.`)}`,
  );
}

function showHowToLookAround({ lab, herald, router }: Scene): void {
  for (const node of lab.nodes) if (herald.speaker(node).exit) herald.startSpeaker(node);
  screen.line();
  screen.line(" The lab stays up. Look around:");
  for (const command of [
    "npm run lab -- status",
    `npm run lab -- exec --name ${LAB} client1 curl http://10.64.1.10/`,
    `npm run lab -- exec --name ${LAB} client1 arping -i lan0 -c 3 10.64.1.10`,
    `npm run lab -- exec --name ${LAB} lan ip link set node1 down`,
    `npm run lab -- exec --name ${LAB} ${router.name} ip route`,
    `tail -f ${lab.folder}/*.log`,
    `$EDITOR ${herald.folder}/web.yaml`,
    `npm run lab -- down --name ${LAB}`,
  ]) {
    screen.line(`   ${command}`);
  }
}

/** Whether to leave the lab up; or the exit code, if there is nothing to show. */
function readKeep(): boolean | 0 | 2 {
  try {
    const flag = { type: "boolean", default: false } as const;
    const { keep, help } = parseArgs({ options: { keep: flag, help: flag } }).values;
    if (!help) return keep;
    console.log("npm run demo [-- --keep]\n\nShows Herald at work in a lab; with --keep it stays up afterwards.");
    return 0;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error} (the only option is --keep)`);
    return 2;
  }
}

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
