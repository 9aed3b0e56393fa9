/**
 * Takes the exclusive lock of an open file (`flock`), without waiting. Returns false if another open file has it.
 *
 * The lock ends with the descriptor (and every copy of it), hence also with the process.
 */
export function lockFile(fd: number): boolean {
  throw new Error(`not implemented ${fd}`);
}

/** Gives the lock up before the file is closed. */
export function unlockFile(fd: number): void {
  throw new Error(`not implemented ${fd}`);
}
