// `npm run sim [-- --seeds N --only CLASS --seed S --trace --lan --without RULE]`: plays faults, and says what they do.
import { parseArgs } from "node:util";
import { type BatchOptions, playAll, type Run, spread } from "./batch.ts";
import { CLASSES, classNamed } from "./classes/all.ts";
import { isRule, RULES } from "./rules.ts";
import { summarise, table } from "./table.ts";
import { judge, type Verdict } from "./verdict.ts";

const HELP = `npm run sim [-- OPTION...]

Plays faults on a virtual cluster with the real machines, and checks after every step that at most one node answers.
--seeds N        so many runs in all, spread over the classes; default 460
--first S        the first seed; default 0
--only CLASS     only this class of faults, or several, separated by commas
--seed S         only this seed
--trace          tells the story of the one run that --only and --seed name
--lan            delays up to 1 ms instead of up to 50 ms
--without RULE   switches a rule off, or several; one of:
                 ${RULES.join(", ")}
--list           lists the classes
Exit code: 0 without a violation, 1 with one, 2 if an option is wrong.`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "460" },
    first: { type: "string", default: "0" },
    only: { type: "string" },
    seed: { type: "string" },
    without: { type: "string", default: "" },
    trace: { type: "boolean", default: false },
    lan: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const names = values.only?.split(",") ?? CLASSES.map(({ name }) => name);
const without = values.without.split(",").filter((text) => text !== "");
const problem = findProblem();

if (values.help) console.log(HELP);
else if (values.list) console.log(CLASSES.map(({ name, what }) => `${name.padEnd(32)} ${what}`).join("\n"));
else if (problem) {
  console.error(problem);
  process.exitCode = 2;
} else if (values.trace) tell();
else await play();

function findProblem(): string | undefined {
  const unknown = names.find((name) => !classNamed(name)) ?? without.find((rule) => !isRule(rule));
  if (unknown !== undefined) return `no such class or rule: ${unknown}; see --list and --help`;
  const numbers = [values.seeds, values.first, values.seed ?? "0"];
  if (numbers.some((text) => !/^\d{1,9}$/.test(text))) return "--seeds, --first and --seed are whole numbers";
  if (values.trace && (names.length !== 1 || values.seed === undefined))
    return "--trace needs --only CLASS and --seed S";
  return undefined;
}

function options(): BatchOptions {
  return { lan: values.lan, without: without.filter(isRule) };
}

function tell(): void {
  const fault = classNamed(names[0] as string);
  if (!fault) return;
  console.log(`${fault.name}, seed ${values.seed}: ${fault.what}\n`);
  const verdict = judge(fault, Number(values.seed), { ...options(), trace: (line) => console.log(line) });
  console.log(`\n${table(summarise([verdict]))}`);
  report([verdict]);
}

async function play(): Promise<void> {
  const count = values.seed === undefined ? Number(values.seeds) : names.length;
  const runs: readonly Run[] = spread(names, count, Number(values.seed ?? values.first));
  const start = performance.now();
  const verdicts = await playAll(runs, options());
  console.log(table(summarise(verdicts)));
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  console.log(`\n${runs.length} runs in ${seconds} s; times in ms; two: two that hear each other answer`);
  report(verdicts);
}

function report(verdicts: readonly Verdict[]): void {
  const bad = verdicts.filter(({ violations }) => violations.length > 0);
  for (const { fault, seed, violations } of bad.slice(0, 20)) {
    const rules = without.length > 0 ? ` --without ${without.join()}` : "";
    console.log(`\n${fault}, seed ${seed}:`);
    for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
    console.log(`  npm run sim -- --only ${fault} --seed ${seed}${values.lan ? " --lan" : ""}${rules} --trace`);
  }
  if (bad.length > 20) console.log(`\n… and ${bad.length - 20} more`);
  console.log(`\n${bad.length} of ${verdicts.length} runs with a violation`);
  if (bad.length > 0) process.exitCode = 1;
}
