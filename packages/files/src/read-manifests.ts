import { readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseManifest } from "./manifest.ts";
import type { FileObject, FileProblem, Reading } from "./reading.ts";
import { unreadable } from "./scan.ts";
import { readFolder } from "./watch.ts";

/**
 * Reads files, whatever their names, and folders, once. `file` of what is found begins with the path that was given.
 * A file that is given twice, by its name and in a folder say, is read once.
 */
export async function readManifests(paths: readonly string[]): Promise<Reading> {
  const objects: FileObject[] = [];
  const problems: FileProblem[] = [];
  const seen = new Set<string>();
  let complete = true;
  const isNew = (path: string): boolean => {
    const target = realpathSync(path);
    if (seen.has(target)) return false;
    seen.add(target);
    return true;
  };
  for (const path of paths) {
    try {
      const reading = statSync(path).isDirectory() ? await folder(path) : await file(path);
      complete &&= reading.complete;
      const files = new Set([...reading.objects, ...reading.problems].map((found) => found.file));
      const fresh = new Set(Array.from(files).filter((name) => !reading.complete || isNew(name)));
      objects.push(...reading.objects.filter((object) => fresh.has(object.file)));
      problems.push(...reading.problems.filter((problem) => fresh.has(problem.file)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      complete = false;
      problems.push(unreadable(path, error));
    }
  }
  return { complete, objects, problems };
}

async function folder(path: string): Promise<Reading> {
  const { complete, objects, problems } = await readFolder(path);
  const inside = <T extends { readonly file: string }>(found: T): T => ({ ...found, file: join(path, found.file) });
  return { complete, objects: objects.map(inside), problems: problems.map(inside) };
}

async function file(path: string): Promise<Reading> {
  const { objects, problems } = await parseManifest(path, readFileSync(path), { rest: async () => {} });
  return { complete: true, objects, problems };
}
