import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { count, failuresOf, type Report, runStep } from "./step.ts";

const report: Report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, success: true };

test.each<[string, Report | undefined, number, number]>([
  ["a good run", report, 3, 0],
  ["a failed test", { ...report, numFailedTests: 2, success: false }, 3, 2],
  ["a skipped test", { ...report, numPendingTests: 1 }, 3, 1],
  ["a test still to be written", { ...report, numTodoTests: 1 }, 3, 1],
  ["a file that could not be loaded", { ...report, success: false }, 3, 1],
  ["a missing report", undefined, 0, 1],
])("counts %s", (_name, given, passed, failed) => {
  expect(count(given)).toEqual({ passed, failed });
});

test("names what failed, each in a line", () => {
  const passed = { fullName: "a good one", status: "passed", failureMessages: [] };
  const failed = {
    fullName: "a bad one",
    status: "failed",
    failureMessages: ["\u001b[31mexpected 1\u001b[39m\n  at x"],
  };
  const skipped = { fullName: "a skipped one", status: "pending", failureMessages: null };
  const testResults = [
    { name: join(process.cwd(), "x.test.ts"), status: "failed", assertionResults: [passed, failed, skipped] },
    { name: join(process.cwd(), "y.test.ts"), status: "failed", message: "no such module", assertionResults: [] },
    { name: join(process.cwd(), "z.test.ts"), status: "passed", message: "", assertionResults: [passed] },
  ];
  expect(failuresOf({ ...report, success: false, testResults })).toEqual([
    "x.test.ts: a bad one: expected 1",
    "x.test.ts: a skipped one: pending",
    "y.test.ts: no such module",
  ]);
});

test("a command without reports counts as one test", async () => {
  expect(await runStep({ name: "good", command: ["true"] })).toMatchObject({ passed: 1, failed: 0 });
  expect(await runStep({ name: "bad", command: ["false"] })).toMatchObject({ passed: 0, failed: 1 });
  expect(await runStep({ name: "absent", command: ["/nonexistent/tool"] })).toMatchObject({ passed: 0, failed: 1 });
});

test("a report left by an earlier run is not counted again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "check-"));
  try {
    const path = join(folder, "tests.json");
    await writeFile(path, JSON.stringify(report));
    expect(await runStep({ name: "stale", command: ["true"], reports: [path] })).toMatchObject({
      passed: 0,
      failed: 1,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
