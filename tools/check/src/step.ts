import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { relative } from "node:path";
import { performance } from "node:perf_hooks";
import { stripVTControlCharacters } from "node:util";

const LINE_LENGTH = 300;

/** One part of `npm test`: a command, and where its test counts are found, if it is a test run. */
export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** vitest's JSON reports that the command writes. Without any, the step itself counts as one test. */
  readonly reports?: readonly string[];
}

/** How many tests of a step passed and failed. */
export interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** What failed, a line each: file, test, and the first line of why. */
  readonly failures: readonly string[];
}

/** The part of vitest's JSON report that is counted. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults?: readonly {
    readonly name: string;
    readonly message?: string;
    readonly status?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/** Runs a step with its output on ours. A report that is missing afterwards is a failure: its tests did not run. */
export async function runStep({ name, command, reports }: Step): Promise<Outcome> {
  await Promise.all((reports ?? []).map((path) => rm(path, { force: true })));
  const started = performance.now();
  const ok = await succeeds(command);
  const seconds = (performance.now() - started) / 1000;
  if (!reports) return { name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, seconds, failures: [] };
  const found = await Promise.all(reports.map(async (path) => ({ path, report: await readReport(path) })));
  const counts = found.map(({ report }) => count(report));
  const failures = found.flatMap(({ path, report }) => (report ? failuresOf(report) : [`${path}: not written`]));
  const passed = sum(counts.map((c) => c.passed));
  const failed = sum(counts.map((c) => c.failed));
  return { name, passed, failed: failed === 0 && !ok ? 1 : failed, seconds, failures };
}

/** Skipped tests count as failed, and so does a report that says "no success" without naming a failed test. */
export function count(report: Report | undefined): { readonly passed: number; readonly failed: number } {
  if (!report) return { passed: 0, failed: 1 };
  const failed = report.numFailedTests + report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
}

/** Each test that did not pass, and each file that could not be loaded: what a reader of a log's end needs to begin. */
export function failuresOf({ testResults = [] }: Report): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const tests = assertionResults
      .filter((test) => test.status !== "passed")
      .map((test) => line(`${file}: ${test.fullName}: ${test.failureMessages?.[0] ?? test.status}`));
    return tests.length === 0 && status === "failed" ? [line(`${file}: ${message}`)] : tests;
  });
}

// The first line, without the colours that a message may have.
function line(text: string): string {
  const [first = ""] = stripVTControlCharacters(text).split("\n");
  return first.length > LINE_LENGTH ? `${first.slice(0, LINE_LENGTH)}…` : first;
}

async function readReport(path: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

function succeeds([command, ...args]: Step["command"]): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  child.on("error", (error) => {
    console.error(`${command}: ${error.message}`);
    resolve(false);
  });
  child.on("exit", (code) => resolve(code === 0));
  return promise;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
