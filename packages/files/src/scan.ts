import { type Dirent, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { FileProblem } from "./reading.ts";

/** A manifest file as it lies there. */
interface ScannedFile {
  /** Device, inode, size and times: other contents have another one, unless written within the clock's grain. */
  readonly stamp: string;
  /** Written so recently that a later write could leave the same stamp. */
  readonly isRecent: boolean;
}

/** All manifest files of a folder. */
export interface Scan {
  /** By path relative to the folder. */
  readonly files: ReadonlyMap<string, ScannedFile>;
  readonly problems: readonly FileProblem[];
  /** Some are links, whose targets nobody watches. */
  readonly hasLinks: boolean;
}

/** Whether something that was there a moment ago is gone: somebody deleted it, which is no trouble. */
export function isGone(path: string, error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT" && !lstatSync(path, { throwIfNoEntry: false });
}

const MANIFEST = /\.(?:yaml|yml|json)$/;
const RECENT_MS = 2_000;
const FILES_A_TURN = 500;

interface Folder {
  /** Relative path; empty for the folder itself. */
  readonly path: string;
  /** Numbers of it and the folders around it, so that links do not lead in a circle. */
  readonly chain: readonly string[];
}

/** Finds the manifest files in a folder and its subfolders, but for names that begin with a dot. */
export async function scanFolder(dir: string): Promise<Scan> {
  const files = new Map<string, ScannedFile>();
  const problems: FileProblem[] = [];
  const folders: Folder[] = [];
  const now = Date.now();
  let hasLinks = false;
  let seen = 0;

  function attempt<Result>(path: string, read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      if (path === "." || !isGone(join(dir, path), error)) problems.push(unreadable(path, error));
      return undefined;
    }
  }

  function visit(path: string, entry: Dirent, chain: readonly string[]): void {
    const isLink = entry.isSymbolicLink();
    const isManifest = MANIFEST.test(entry.name);
    if (!isManifest && !isLink && !entry.isDirectory()) return;
    const stats = attempt(path, () => statSync(`${dir}/${path}`));
    if (!stats) return;
    hasLinks ||= isLink;
    const id = `${stats.dev}:${stats.ino}`;
    if (stats.isDirectory()) {
      if (!chain.includes(id)) folders.push({ path, chain: [...chain, id] });
    } else if (isManifest && stats.isFile()) {
      const { size, mtimeMs, ctimeMs } = stats;
      const isRecent = now - Math.max(mtimeMs, ctimeMs) < RECENT_MS;
      files.set(path, { stamp: `${id}:${size}:${mtimeMs}:${ctimeMs}`, isRecent });
    }
  }

  const root = attempt(".", () => statSync(dir));
  if (root) folders.push({ path: "", chain: [`${root.dev}:${root.ino}`] });
  for (const { path, chain } of folders) {
    for (const entry of attempt(path || ".", () => readdirSync(join(dir, path), { withFileTypes: true })) ?? []) {
      if (entry.name.startsWith(".")) continue;
      // 10,000 files in one turn would hold up everything else.
      if (++seen % FILES_A_TURN === 0) await setImmediate();
      visit(path ? `${path}/${entry.name}` : entry.name, entry, chain);
    }
  }
  return { files, problems, hasLinks };
}

/** Whether the two found the same files with the same contents, and the same trouble. */
export function sameScan(a: Scan, b: Scan): boolean {
  if (a.files.size !== b.files.size || a.problems.length !== b.problems.length) return false;
  return a.files.entries().every(([path, { stamp }]) => b.files.get(path)?.stamp === stamp);
}

/** The problem of something that the machine would not let us read. */
export function unreadable(file: string, error: unknown): FileProblem {
  const { code = "unknown" } = error as NodeJS.ErrnoException;
  return { file, code: "unreadable", message: `cannot be read: ${WORDS[code] ?? code}; nothing changes until it can` };
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  ENOENT: "no such file (a link that leads nowhere?)",
  ELOOP: "links that lead in a circle",
  EIO: "input/output error",
};
