import { join } from "node:path";
import { expect, test } from "vitest";
import { generatedFiles } from "./generated-files.ts";
import { outdatedFiles } from "./outdated-files.ts";

const ROOT = join(import.meta.dirname, "../../..");

test("the generated files in the repository are what `npm run generate` would write", async () => {
  const outdated = await outdatedFiles(ROOT, generatedFiles());
  expect(outdated.map(({ path }) => path)).toEqual([]);
});

test("a file that is missing or different is outdated", async () => {
  const [first] = generatedFiles();
  const missing = { path: "missing.yaml", text: "" };
  const different = { path: first?.path ?? "", text: "different" };
  expect(await outdatedFiles(ROOT, [missing, different])).toEqual([missing, different]);
});
