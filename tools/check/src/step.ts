import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { performance } from "node:perf_hooks";

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
}

/** The part of vitest's JSON report that is counted. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

/** Runs a step with its output on ours. A report that is missing afterwards is a failure: its tests did not run. */
export async function runStep({ name, command, reports }: Step): Promise<Outcome> {
  await Promise.all((reports ?? []).map((path) => rm(path, { force: true })));
  const started = performance.now();
  const ok = await succeeds(command);
  const seconds = (performance.now() - started) / 1000;
  if (!reports) return { name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, seconds };
  const counts = await Promise.all(reports.map(async (path) => count(await readReport(path))));
  const passed = sum(counts.map((c) => c.passed));
  const failed = sum(counts.map((c) => c.failed));
  return { name, passed, failed: failed === 0 && !ok ? 1 : failed, seconds };
}

/** Skipped tests count as failed, and so does a report that says "no success" without naming a failed test. */
export function count(report: Report | undefined): { readonly passed: number; readonly failed: number } {
  if (!report) return { passed: 0, failed: 1 };
  const failed = report.numFailedTests + report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
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
