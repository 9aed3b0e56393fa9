import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Clock, Logger } from "@heraldlb/runtime";
import { watch as watchWithChokidar } from "chokidar";
import { Doorbell } from "./doorbell.ts";
import { FolderError } from "./folder-error.ts";
import { FolderReader } from "./folder-reader.ts";
import type { Reading } from "./reading.ts";

/** What `watchFolder` needs. */
export interface WatchDependencies {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Events that come together are answered together. */
const QUIET_MS = 2;
/** A folder is announced a moment before it is watched. */
const NEW_FOLDER_MS = 100;
/** How often to look where no event can be hoped for. */
const BLIND_MS = 1_000;

/**
 * Yields the folder's content now and after every change, until the signal aborts. A change is yielded once a whole
 * reading saw no further one. Throws `FolderError` if there is no such folder at the start; one that cannot be read
 * later is reported in readings that are not complete.
 */
export async function* watchFolder(
  dir: string,
  { clock, log }: WatchDependencies,
  signal: AbortSignal,
): AsyncGenerator<Reading, void, undefined> {
  requireFolder(dir);
  const bell = new Doorbell();
  const reader = new FolderReader(dir);
  let watcher = await openWatcher(dir, bell);
  let yielded: Reading | undefined;
  let failure: unknown;
  let timer: Disposable | undefined;
  // The consumer may abort and never ask again, which would leave the watcher open.
  const abort = () => {
    timer?.[Symbol.dispose]();
    void watcher.close();
  };
  signal.addEventListener("abort", abort);
  try {
    bell.ring();
    for (;;) {
      await bell.wait(signal);
      await clock.sleep(QUIET_MS, signal).catch(() => {});
      if (signal.aborted) return;
      timer?.[Symbol.dispose]();
      bell.answer();
      if (watcher.folder !== folderId(dir) && folderId(dir) !== undefined) {
        log.info("another folder has taken the place of the watched one", { dir });
        await watcher.close();
        watcher = await openWatcher(dir, bell);
      }
      const reading = await reader.read(() => bell.answer());
      if (watcher.failure() !== failure) {
        failure = watcher.failure();
        log.warn("cannot watch the folder for changes; looking at it every second", { dir, error: failure });
      }
      const isBlind = !reading.complete || reader.hasLinks || failure !== undefined;
      const lookAgainMs = watcher.hasNewFolders() ? NEW_FOLDER_MS : isBlind ? BLIND_MS : undefined;
      if (lookAgainMs !== undefined) timer = clock.timer(lookAgainMs, () => bell.ring());
      if (signal.aborted) return;
      if (reading === yielded) continue;
      yielded = reading;
      yield reading;
    }
  } finally {
    signal.removeEventListener("abort", abort);
    timer?.[Symbol.dispose]();
    await watcher.close();
  }
}

/** Reads the folder once. Throws `FolderError` if there is no such folder. */
export async function readFolder(dir: string): Promise<Reading> {
  requireFolder(dir);
  let looks = 0;
  return await new FolderReader(dir).read(() => looks++ === 0);
}

function requireFolder(dir: string): void {
  const stats = statSync(dir, { throwIfNoEntry: false });
  if (!stats) throw new FolderError("missing", `there is no folder ${dir}: make it, or name another one`);
  if (!stats.isDirectory()) throw new FolderError("notAFolder", `${dir} is not a folder: name the folder it is in`);
}

function folderId(dir: string): string | undefined {
  try {
    // A new folder may get the number of the old one.
    const { dev, ino, birthtimeMs } = statSync(dir);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return undefined;
  }
}

interface FolderWatcher {
  /** The folder that it watches; another one may have taken its name since. */
  readonly folder: string | undefined;
  /** Why it may miss events, if it may. */
  failure(): unknown;
  /** Whether folders came since this was last asked. */
  hasNewFolders(): boolean;
  close(): Promise<void>;
}

/** Rings at anything that happens in the folders, whose events tell of their files too, but not in `.herald`. */
async function openWatcher(dir: string, bell: Doorbell): Promise<FolderWatcher> {
  const folder = folderId(dir);
  let failed: unknown;
  let newFolders = false;
  const watcher = watchWithChokidar(dir, {
    ignoreInitial: true,
    ignored: (path, stats) => basename(path) === ".herald" || stats?.isFile() === true,
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  watcher.on("ready", () => resolve());
  watcher.on("raw", (_event, path) => {
    if (path !== ".herald") bell.ring();
  });
  watcher.on("all", (event) => {
    newFolders ||= event === "addDir";
    bell.ring();
  });
  watcher.on("error", (error) => {
    failed = error;
    bell.ring();
    resolve();
  });
  await promise;
  const hasNewFolders = () => {
    const had = newFolders;
    newFolders = false;
    return had;
  };
  return { folder, failure: () => failed, hasNewFolders, close: () => watcher.close() };
}
