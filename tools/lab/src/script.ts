import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** The command line that runs one of this folder's own scripts, from source or built, on the Node that runs this. */
export function scriptCommand(script: string, args: readonly string[]): [string, ...string[]] {
  const extension = extname(import.meta.url);
  const conditions = extension === ".ts" ? ["--conditions=@heraldlb/source"] : [];
  const file = fileURLToPath(new URL(`./${script}${extension}`, import.meta.url));
  return [process.execPath, ...conditions, file, ...args];
}
