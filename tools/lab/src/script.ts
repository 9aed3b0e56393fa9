import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The command line that runs a script beside a module (`beside`: its `import.meta.url`; default: this one), from source
 * or built, on the Node that runs this.
 */
export function scriptCommand(
  script: string,
  args: readonly string[],
  beside: string = import.meta.url,
): [string, ...string[]] {
  const extension = extname(beside);
  const conditions = extension === ".ts" ? ["--conditions=@heraldlb/source"] : [];
  const file = fileURLToPath(new URL(`./${script}${extension}`, beside));
  return [process.execPath, ...conditions, file, ...args];
}
