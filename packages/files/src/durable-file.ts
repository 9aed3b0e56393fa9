import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FolderError } from "./folder-error.ts";

/** Writes of one file after one another, of several files side by side. Each is on disk when its promise resolves. */
export class DurableFiles {
  readonly #tails = new Map<string, Promise<void>>();

  /** Replaces the file as a whole, or leaves it as it was. Throws `FolderError` if that fails. */
  write(path: string, text: string): Promise<void> {
    return this.#queue(path, () => replace(path, text));
  }

  /** Deletes the file; nothing happens if there is none. Throws `FolderError` if that fails. */
  remove(path: string): Promise<void> {
    return this.#queue(path, () => rm(path, { force: true }));
  }

  /** Resolves once nothing is being written any more, however it ended. */
  async settled(): Promise<void> {
    while (this.#tails.size > 0) await Promise.allSettled(this.#tails.values());
  }

  async #queue(path: string, work: () => Promise<void>): Promise<void> {
    const before = this.#tails.get(path) ?? Promise.resolve();
    const mine = before.catch(() => {}).then(() => guarded(path, work));
    this.#tails.set(path, mine);
    try {
      await mine;
    } finally {
      if (this.#tails.get(path) === mine) this.#tails.delete(path);
    }
  }
}

/** Turns the system's error into one that says what cannot be written. */
export async function guarded<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const { code, syscall } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    throw new FolderError("notWritable", `cannot write ${path}: ${code}; make room, or let this user write there`, {
      cause,
    });
  }
}

async function replace(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  // Not a name that a reader of manifests would take up.
  const temporary = join(folder, `.${basename(path)}.new`);
  const file = await open(temporary, "w", 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(folder);
}

/** Without it a power failure may take the renaming back. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
