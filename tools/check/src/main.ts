// `npm test`: everything that must hold, whatever fails before. Ends with the totals alone on a line.
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Outcome, runStep, type Step } from "./step.ts";

async function withScript(name: string): Promise<string[]> {
  const paths = await Array.fromAsync(glob(["{packages,tools}/*/package.json", "e2e/package.json"]));
  const found = await Promise.all(
    paths.map(async (path) => {
      const { scripts } = JSON.parse(await readFile(path, "utf8")) as { scripts?: Record<string, string> };
      return scripts?.[name] ? [dirname(path)] : [];
    }),
  );
  return found.flat().sort();
}

const reports = async (script: string): Promise<string[]> =>
  (await withScript(script)).map((folder) => join(folder, "coverage", "tests.json"));

const nx = (target: string, ...options: string[]): Step["command"] => [
  ...(["nx", "run-many", "-t", target] as const),
  ...[...options, "--outputStyle=static"],
];

const steps: readonly Step[] = [
  { name: "format and lint", command: ["biome", "check", "--error-on-warnings"] },
  { name: "import layers", command: ["node", "tools/layers/src/check.ts"] },
  { name: "licences", command: ["node", "tools/check/src/licences.ts"] },
  { name: "unused files, exports and dependencies", command: ["knip", "--no-config-hints"] },
  { name: "API lint and breaking changes", command: nx("lint") },
  // Most often that is done: `npm test` begins with it. To build what is built would take as long as to build it.
  { name: "build", command: ["npm", "run", "--silent", "setup"] },
  { name: "unit and property tests", command: nx("test"), reports: await reports("test") },
  {
    name: "fuzz smoke",
    command: ["node", "--conditions=@heraldlb/source", "tools/fuzz/src/main.ts", "--inputs", "100000"],
  },
  {
    name: "end-to-end tests",
    // What they depend on is the build above.
    command: nx("e2e", "--excludeTaskDependencies"),
    reports: await reports("e2e"),
  },
];

const outcomes: Outcome[] = [];
for (const step of steps) {
  console.log(`\n── ${step.name}`);
  outcomes.push(await runStep(step));
}

console.log("");
for (const { name, passed, failed, seconds } of outcomes) {
  console.log(`${failed === 0 ? "ok  " : "FAIL"} ${name}: ${passed} passed, ${failed} failed, ${seconds.toFixed(1)} s`);
}
// Last but for the totals: whoever sees only the end of a log still learns what failed.
for (const failure of outcomes.flatMap(({ failures }) => failures)) console.log(failure);
const total = (key: "passed" | "failed") => outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
console.log(`${total("passed")} passed, ${total("failed")} failed`);
process.exitCode = total("failed") === 0 ? 0 : 1;
