import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Clock, Logger } from "@heraldlb/runtime";

/** The files of a state folder. */
export type StateFile = "ownership.json" | "desired.bin" | "controllers.json" | "client.crt" | "client.key";

/** Another process has the state folder. */
export class StateFolderLockedError extends Error {
  override readonly name = "StateFolderLockedError";
}

/** What a {@link StateFolder} needs of the outside. */
export interface StateFolderDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes the exclusive lock of an open file, or says that another process has it. */
  lock(fd: number): boolean;
  /** Called for every file or folder that could not be read or written. */
  onError(): void;
}

// A write is never urgent: what is lost with the process is found out again by asking the network.
const WRITE_INTERVAL_MS = 50;
const RETRY_INTERVAL_MS = 1_000;

/**
 * The folder from which a restarted speaker goes on without a controller.
 *
 * Files have mode 0600 and are replaced whole, so a reader never sees half a one. Whatever cannot be read counts as
 * absent; whatever cannot be written is left as it was, and tried again. The process that has the folder open has it alone.
 */
export class StateFolder implements AsyncDisposable {
  readonly #path: string;
  readonly #dependencies: StateFolderDependencies;
  readonly #fd: number | undefined;
  readonly #ending = new AbortController();
  readonly #pending = new Map<StateFile, () => Uint8Array | string>();
  #writing: Promise<void> | undefined;
  #failing = false;

  /** Opens and locks the folder, creating it if need be. Throws `StateFolderLockedError`. */
  constructor(path: string, dependencies: StateFolderDependencies) {
    this.#path = path;
    this.#dependencies = dependencies;
    this.#fd = this.#open();
    if (this.#fd !== undefined && !dependencies.lock(this.#fd)) {
      closeSync(this.#fd);
      throw new StateFolderLockedError(`state folder ${path} is in use by another process`);
    }
  }

  /** The content of a file, or undefined if there is none or it cannot be read. */
  read(file: StateFile): Uint8Array | undefined {
    if (this.#fd === undefined) return undefined;
    try {
      return readFileSync(join(this.#path, file));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ENOENT") this.ignore(file, cause);
      return undefined;
    }
  }

  /** Says that a file was read but makes no sense. It will be overwritten in time. */
  ignore(file: StateFile, cause: unknown): void {
    this.#tell("state file unreadable, ignored", file, cause);
  }

  /** Has a file written soon. Of several contents in a short time only the last is made and written. */
  write(file: StateFile, content: () => Uint8Array | string): void {
    if (this.#fd === undefined) return;
    this.#pending.set(file, content);
    this.#writing ??= this.#writeAll();
  }

  /** Writes what is still to be written and gives the folder up. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#writing;
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  #open(): number | undefined {
    try {
      makeFolder(resolve(this.#path));
      // The lock is on the folder itself: that works on a full or read-only disk, too.
      return openSync(this.#path, "r");
    } catch (cause) {
      this.#notWritten("state folder cannot be opened, going on without it", undefined, cause);
      return undefined;
    }
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#pending.size > 0) {
        const started = this.#dependencies.clock.now();
        const contents = [...this.#pending];
        this.#pending.clear();
        let hasFailed = false;
        for (const [file, content] of contents) {
          if (await this.#replace(file, content())) continue;
          hasFailed = true;
          if (!this.#ending.signal.aborted && !this.#pending.has(file)) this.#pending.set(file, content);
        }
        // A large state takes a small part of the time, however often it changes.
        const took = this.#dependencies.clock.now() - started;
        const pauseMs = hasFailed ? RETRY_INTERVAL_MS : Math.max(WRITE_INTERVAL_MS, 10 * took);
        await this.#dependencies.clock.sleep(pauseMs, this.#ending.signal).catch(() => {});
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async #replace(file: StateFile, content: Uint8Array | string): Promise<boolean> {
    const path = join(this.#path, file);
    const temporary = `${path}.new`;
    try {
      await writeFile(temporary, content, { mode: 0o600 });
      await rename(temporary, path);
      if (this.#failing) this.#dependencies.log.info("state folder writable again", { path: this.#path });
      this.#failing = false;
      return true;
    } catch (cause) {
      this.#notWritten("state file not written, going on without it", file, cause);
      // A full disk leaves half a file behind; that it cannot be removed either is the same trouble.
      await rm(temporary, { force: true }).catch(() => {});
      return false;
    }
  }

  /** Of a row of failures only the first is logged. */
  #notWritten(message: string, file: StateFile | undefined, cause: unknown): void {
    if (this.#failing) this.#dependencies.onError();
    else this.#tell(message, file, cause);
    this.#failing = true;
  }

  #tell(message: string, file: StateFile | undefined, cause: unknown): void {
    const { log, onError } = this.#dependencies;
    onError();
    const reason = cause instanceof Error ? cause.message : String(cause);
    log.warn(message, { path: this.#path, file, reason });
  }
}

/** As `recursive` does, which tries for ever where the system says ENOENT of a new folder in one that exists: in /proc. */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
