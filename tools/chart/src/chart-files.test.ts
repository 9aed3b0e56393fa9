import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { promisify } from "node:util";
import { kubernetesTool } from "@heraldlb/kubectl";
import { describe, expect, test } from "vitest";
import { chartFiles } from "./chart-files.ts";
import { CHART } from "./render.ts";

const files = await chartFiles();

describe("`npm run chart` would write what is in the repository", () => {
  test.each(files.map(({ path, text }) => [relative(CHART, path), path, text] as const))(
    "%s",
    async (_, path, text) => {
      expect(text).toBe(await readFile(path, "utf8"));
    },
  );
});

test("helm lint finds nothing", async () => {
  const { stdout } = await promisify(execFile)(await kubernetesTool("helm"), ["lint", "--strict", CHART]);
  expect(stdout).toContain("1 chart(s) linted, 0 chart(s) failed");
});
