// Writes the files that are made from the definitions of the resources. `--check`: says which are outdated, and exits 1.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generatedFiles } from "./generated-files.ts";
import { outdatedFiles } from "./outdated-files.ts";

const ROOT = join(import.meta.dirname, "../../..");

const outdated = await outdatedFiles(ROOT, generatedFiles());
if (process.argv.includes("--check")) {
  for (const { path } of outdated) console.error(`${path} is outdated: npm run generate`);
  process.exitCode = outdated.length > 0 ? 1 : 0;
} else {
  for (const { path, text } of outdated) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), text);
    console.log(path);
  }
}
