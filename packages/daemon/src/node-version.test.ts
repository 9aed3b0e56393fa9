import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

function runOn(version: string) {
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
  const path = join(import.meta.dirname, "node-version.ts");
  return spawnSync(
    process.execPath,
    ["--input-type=module", "-e", `${pretend} await import(${JSON.stringify(path)}); console.log("went on");`],
    { encoding: "utf8" },
  );
}

test.each(["20.19.0", "22.17.9", "18.0.0"])(
  "Node %s is refused, in one line that says why",
  { timeout: 30_000 },
  (version) => {
    const { status, stderr, stdout } = runOn(version);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toBe(`Herald needs Node 22.18 or later, this is ${version} (${process.execPath})\n`);
  },
);

test.each(["22.18.0", "22.19.1", "24.0.0", "100.0.0"])("Node %s will do", { timeout: 30_000 }, (version) => {
  expect(runOn(version)).toMatchObject({ status: 0, stdout: "went on\n", stderr: "" });
});
