import { attempt } from "./native.ts";

/**
 * Takes the exclusive lock of an open file (`flock`), without waiting. Returns false if another open file has it.
 *
 * The lock ends with the descriptor (and every copy of it), hence also with the process. Throws a {@link LinkError}.
 */
export function lockFile(fd: number): boolean {
  return attempt("lock a file", (native) => native.lock(fd));
}

/** Gives the lock up before the file is closed. */
export function unlockFile(fd: number): void {
  attempt("unlock a file", (native) => native.unlock(fd));
}
