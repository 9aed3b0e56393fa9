import type { Clock, Logger } from "@heraldlb/runtime";
import type { Reading } from "./reading.ts";

/** What `watchFolder` needs. */
export interface WatchDependencies {
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Yields the folder's content now and after every change, until the signal aborts. Throws `FolderError` if there is
 * no such folder at the start.
 */
export async function* watchFolder(
  dir: string,
  dependencies: WatchDependencies,
  signal: AbortSignal,
): AsyncGenerator<Reading, void, undefined> {
  void dir;
  void dependencies;
  void signal;
  yield { complete: true, objects: [], problems: [] };
}

/** Reads the folder once. Throws `FolderError` if there is no such folder. */
export async function readFolder(dir: string): Promise<Reading> {
  void dir;
  return { complete: true, objects: [], problems: [] };
}
