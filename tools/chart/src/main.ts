// Writes what follows from other files: the chart's CustomResourceDefinitions, its version, its table of values, and what
// it is to render to.
import { readFile, writeFile } from "node:fs/promises";
import { chartFiles } from "./chart-files.ts";

for (const { path, text } of await chartFiles()) {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) continue;
  await writeFile(path, text);
  console.log(path);
}
