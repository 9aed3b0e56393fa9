import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Example, examplesOf } from "../packages/readme.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOCUMENTS = ["README.md", "docs/getting-started.md"] as const;
const exec = promisify(execFile);

/** A block of commands in the documentation. */
export interface Block extends Example {
  readonly document: string;
}

/** Every block of the documents whose commands run as they stand, once. */
export async function documentedBlocks(): Promise<Block[]> {
  const found = await Promise.all(
    DOCUMENTS.map(async (document) =>
      examplesOf(await readFile(join(ROOT, document), "utf8")).map((example) => ({ document, ...example })),
    ),
  );
  const blocks = found.flat();
  // The demo stands in both: once is enough.
  return blocks.filter(({ code }, i) => blocks.findIndex((other) => other.code === code) === i);
}

/** Whether the block builds what has changed, as the demo does too, which measures besides. */
export const setsUp = ({ code }: Block): boolean => /npm run (setup|demo)/.test(code);

/** Runs a block in bash, and throws with what it printed if it fails. */
export async function runBlock({ code }: Block): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "herald-docs-"));
  try {
    const script = join(folder, "block.sh");
    await writeFile(script, onOwnCluster(code));
    await exec("bash", ["-eu", script], { cwd: ROOT, timeout: 290_000 }).catch((error: Failure) => {
      throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`, { cause: error });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The commands as they stand would take over, and down, the cluster that somebody has up under the usual name. */
function onOwnCluster(code: string): string {
  const name = `docs-${process.pid}`;
  const own = code.replaceAll(/npm run cluster -- \w+/g, `$& --name ${name}`);
  return own === code ? code : `trap 'npm run cluster -- down --name ${name}' EXIT\n${own}`;
}

interface Failure extends Error {
  readonly stdout: string;
  readonly stderr: string;
}
