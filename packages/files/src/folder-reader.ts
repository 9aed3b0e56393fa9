import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { digestOf, type Manifest, parseManifest } from "./manifest.ts";
import type { FileObject, FileProblem, Reading } from "./reading.ts";
import { isGone, type Scan, sameScan, scanFolder, unreadable } from "./scan.ts";

interface CachedFile {
  readonly manifest: Manifest;
  /** Stamp of the contents; undefined if they may have changed without it. */
  readonly stamp: string | undefined;
}

// A heartbeat that waits for a turn of the event loop must not be late.
const TURN_MS = 8;
const NOTHING = { objects: [], problems: [], sections: new Map() } as const;

/** Reads a folder again and again; a file that did not change is not read again, and yields the same objects. */
export class FolderReader {
  readonly #dir: string;
  #cache: ReadonlyMap<string, CachedFile> = new Map();
  #last: Reading = { complete: false, objects: [], problems: [] };
  #hasLinks = false;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The latest reading saw links, whose targets nobody watches. */
  get hasLinks(): boolean {
    return this.#hasLinks;
  }

  /** Reads until nothing has changed meanwhile. `changed` says whether anything may have, and forgets it. */
  async read(changed: () => boolean): Promise<Reading> {
    let scan = await scanFolder(this.#dir);
    for (;;) {
      const reading = await this.#readScanned(scan);
      // Lets events come in that happened during the reading.
      await setImmediate();
      if (reading && !changed()) return this.#finish(scan, reading);
      const next = await scanFolder(this.#dir);
      if (reading && sameScan(scan, next)) return this.#finish(next, reading);
      scan = next;
    }
  }

  #finish(scan: Scan, reading: Reading): Reading {
    this.#hasLinks = scan.hasLinks;
    const isSame = sameReading(this.#last, reading);
    if (!isSame) this.#last = reading;
    return this.#last;
  }

  /** Undefined if a file went away in the meantime. */
  async #readScanned(scan: Scan): Promise<Reading | undefined> {
    const cache = new Map<string, CachedFile>();
    const problems: FileProblem[] = [...scan.problems];
    const rest = restAfter(TURN_MS);
    for (const [file, { stamp, isRecent }] of scan.files) {
      const old = this.#cache.get(file);
      if (old?.stamp === stamp) {
        cache.set(file, old);
        continue;
      }
      await rest();
      const manifest = await this.#readFile(file, old?.manifest, rest);
      if (!manifest) return undefined;
      if ("code" in manifest) problems.push(manifest);
      else cache.set(file, { manifest, stamp: isRecent ? undefined : stamp });
    }
    // A file that could not be read is remembered as it was.
    if (problems.length > 0) {
      const last = this.#last.complete ? this.#last.objects : [];
      return { complete: false, objects: last, problems };
    }
    this.#cache = cache;
    const paths = Array.from(cache.keys()).sort();
    const manifests = paths.map((path) => (cache.get(path) as CachedFile).manifest);
    return {
      complete: true,
      objects: manifests.flatMap(({ objects }) => objects),
      problems: manifests.flatMap((manifest) => manifest.problems),
    };
  }

  async #readFile(
    file: string,
    old: Manifest | undefined,
    rest: () => Promise<void>,
  ): Promise<Manifest | FileProblem | undefined> {
    const path = join(this.#dir, file);
    try {
      const bytes = readFileSync(path);
      if (old?.digest === digestOf(bytes)) return old;
      if (bytes.length === 0) return emptied(file, old);
      return keepingLast(await parseManifest(file, bytes, { old, rest }), old);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      return isGone(path, error) ? undefined : unreadable(file, error);
    }
  }
}

/** Gives up the event loop's turn, if that has lasted long. */
function restAfter(ms: number): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < ms) return;
    await setImmediate();
    since = performance.now();
  };
}

/** An editor empties a file before it writes it anew: what it contained stays until it has contents or is gone. */
function emptied(file: string, old: Manifest | undefined): Manifest {
  const digest = digestOf(new Uint8Array());
  if (!old || old.objects.length === 0) return { digest, ...NOTHING };
  const message = "is empty: its last objects stay; write a comment into it, or delete it, to be rid of them";
  return { ...old, digest, problems: [{ file, code: "emptied", message }] };
}

/** Where a document is broken, what the file contained before and does not now stays as it was. */
function keepingLast(manifest: Manifest, old: Manifest | undefined): Manifest {
  if (!old || !manifest.problems.some(({ code }) => code === "syntax")) return manifest;
  const present = new Set(manifest.objects.map(identity));
  const kept = old.objects.filter((object) => !present.has(identity(object)));
  return { ...manifest, objects: [...manifest.objects, ...kept] };
}

interface Named {
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown } | null;
}

function identity({ json }: FileObject): string {
  const { kind, metadata } = json as Named;
  return JSON.stringify([kind, metadata?.namespace, metadata?.name]);
}

function sameReading(a: Reading, b: Reading): boolean {
  return (
    a.complete === b.complete &&
    a.objects.length === b.objects.length &&
    a.objects.every((object, i) => object === b.objects[i]) &&
    JSON.stringify(a.problems) === JSON.stringify(b.problems)
  );
}
