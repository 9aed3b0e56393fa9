// Throws noise and broken packets at the codecs. Prints a line per target, and exits 1 on a finding.
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { fromHex, toHex } from "./hex.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

const USAGE = `usage: fuzz [--inputs N] [--seed S] [--only NAME,NAME] [--replay HEX]
  --inputs  per target (1000000)
  --seed    the same seed gives the same inputs (1)
  --only    of ${targets.map(({ name }) => name).join(", ")}
  --replay  judge this one input instead`;

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    replay: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

const inputs = Number(values.inputs);
const seed = Number(values.seed);
const input = fromHex(values.replay ?? "");
const names = values.only?.split(",") ?? targets.map(({ name }) => name);
const chosen = targets.filter(({ name }) => names.includes(name));
const isUsable = Number.isInteger(inputs) && inputs > 0 && Number.isInteger(seed) && chosen.length === names.length;

if (values.help) console.log(USAGE);
else if (!isUsable || !input) {
  console.error(USAGE);
  process.exitCode = 2;
} else if (values.replay !== undefined) replay(input);
else for (const target of chosen) run(target);

function run(target: Target): void {
  const start = performance.now();
  const { decoded, refused, finding } = fuzz(target, inputs, seed);
  const seconds = (performance.now() - start) / 1_000;
  const rate = Math.round((decoded + refused) / seconds);
  console.log(
    `${target.name}: ${decoded + refused} inputs, ${decoded} decoded, ${refused} refused, ` +
      `${seconds.toFixed(1)} s, ${rate} inputs/s, ${finding ? "1 finding" : "no finding"}`,
  );
  if (!finding) return;
  const hex = toHex(finding.input);
  console.error(`${target.name}: ${finding.problem}\n  seed ${seed}, input ${finding.index}: ${hex}`);
  console.error(`  again: --only ${target.name} --replay ${hex}`);
  process.exitCode = 1;
}

function replay(bytes: Uint8Array): void {
  for (const target of chosen) {
    const verdict = target.judge(bytes);
    console.log(`${target.name}: ${typeof verdict === "object" ? verdict.problem : verdict}`);
    if (typeof verdict === "object") process.exitCode = 1;
  }
}
