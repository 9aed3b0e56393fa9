import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A leader's term and who holds it. */
export interface Term {
  readonly term: number;
  /** Identity of the process, random per start. */
  readonly holder: string;
}

/**
 * Where controllers on one folder take turns: an exclusive lock, held as long as its holder leads, and the last term.
 *
 * Everything here is synchronous: a term must be on disk before anybody hears of it.
 */
export interface Seat {
  /** Takes the lock if nobody has it. True when it is held, also when it was already. */
  tryLock(): boolean;
  /** The last term that was written; undefined when there is none that can be read. */
  read(): Term | undefined;
  /** Writes a term and waits for the disk. Throws what the file system throws. */
  write(term: Term): void;
  /** Gives the lock back. */
  release(): void;
}

/**
 * The seat in a folder (`lock` and `term`), which is made if need be.
 *
 * `lockFile` tries to take an exclusive lock on an open file, and says whether it has it. Throws what the file system
 * throws when the folder cannot be written.
 */
export function openSeat(folder: string, lockFile: (fd: number) => boolean): Seat {
  mkdirSync(folder, { recursive: true });
  const fd = openSync(join(folder, "lock"), "a", 0o600);
  const path = join(folder, "term");
  let held = false;
  return {
    tryLock: () => (held ||= lockFile(fd)),
    read: () => readTerm(path),
    write: (term) => writeDurably(path, `${JSON.stringify(term)}\n`),
    release: () => {
      held = false;
      closeSync(fd);
    },
  };
}

/** The term to lead with: higher than every one that this process, the disk or a speaker knows of. */
export function nextTerm(...known: readonly (number | undefined)[]): number {
  return Math.max(0, ...known.filter((term) => term !== undefined)) + 1;
}

function readTerm(path: string): Term | undefined {
  try {
    const { term, holder } = JSON.parse(readFileSync(path, "utf8")) as Partial<Term>;
    if (!Number.isSafeInteger(term) || (term as number) < 0 || typeof holder !== "string") return undefined;
    return { term: term as number, holder };
  } catch {
    return undefined;
  }
}

function writeDurably(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
}
