import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { GeneratedFile } from "./generated-files.ts";

/** Those that are not there, or have another content. */
export async function outdatedFiles(root: string, files: readonly GeneratedFile[]): Promise<readonly GeneratedFile[]> {
  const present = await Promise.all(files.map(({ path }) => readFile(join(root, path), "utf8").catch(() => undefined)));
  return files.filter(({ text }, i) => text !== present[i]);
}
