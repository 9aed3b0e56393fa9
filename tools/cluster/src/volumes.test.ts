import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeFiles } from "./volumes.ts";

const POD = {
  ...{ containers: [], serviceAccountName: "s", terminationGracePeriodSeconds: 1 },
  securityContext: { runAsUser: process.getuid?.() ?? 0 },
};

test("files of a volume change together, by one link, and nothing of the former ones is left", () => {
  const folder = mkdtempSync(join(tmpdir(), "volume-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const contents = () => ["token", "ca.crt"].map((name) => readFileSync(join(folder, name), "utf8"));
  writeFiles(folder, { token: "t1", "ca.crt": "c1" }, POD);
  expect(contents()).toEqual(["t1", "c1"]);
  writeFiles(folder, { token: "t2", "ca.crt": "c2" }, POD);
  expect(contents()).toEqual(["t2", "c2"]);
  expect(statSync(join(folder, "token")).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).filter((name) => /^\.\.\d/.test(name))).toHaveLength(1);
});
