import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { count, type Report, runStep } from "./step.ts";

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
