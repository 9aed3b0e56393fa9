import { spawnSync } from "node:child_process";
import { expect, test, vi } from "vitest";

// Each test starts a process, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 });

function run(...options: readonly string[]): { readonly status: number | null; readonly output: string } {
  const script = new URL("./main.ts", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@heraldlb/source", script, ...options],
    { encoding: "utf8" },
  );
  return { status, output: stdout + stderr };
}

test("plays runs on several threads and ends with 0 when all is well", () => {
  const { status, output } = run("--seeds", "4", "--only", "start,owner-killed");
  expect(output).toMatch(/^owner-killed +2 +0 /m);
  expect(output).toContain("0 of 4 runs with a violation");
  expect(status).toBe(0);
});

test("a violation makes it end with 1, and says how to see it again", () => {
  const { status, output } = run("--only", "lease-deleted-split", "--seed", "0", "--without", "lease.maximumTerm");
  expect(output).toMatch(/I4: epoch/);
  expect(output).toContain("npm run sim -- --only lease-deleted-split --seed 0 --without lease.maximumTerm --trace");
  expect(status).toBe(1);
});

test("--trace tells who did what, when and why", () => {
  const { status, output } = run("--only", "owner-killed", "--seed", "0", "--trace", "--lan");
  expect(output).toMatch(/ ms {2}## {2}the owner is killed$/m);
  expect(output).toMatch(/ ms {2}c\d {2}takes n\d for dead: stream ended; it owned \d$/m);
  expect(output).toMatch(/ ms {2}== {2}10\.0\.0\.1 is answered by s\d$/m);
  expect(status).toBe(0);
});

test.each([
  [["--only", "nonsense"], "no such class or rule: nonsense"],
  [["--seeds", "many"], "whole numbers"],
  [["--trace"], "--trace needs"],
])("%j is refused", (options, message) => {
  const { status, output } = run(...options);
  expect(output).toContain(message);
  expect(status).toBe(2);
});
