import { mkdir, open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DurableFiles, guarded } from "./durable-file.ts";
import type { FileProblem } from "./reading.ts";
import { formatFreed, parseFreed, type StoredFreed } from "./stored-freed.ts";
import { formatStatus, parseStatus, type StoredStatus } from "./stored-status.ts";

/** The last term that a controller led with. */
export interface StoredTerm {
  readonly term: number;
  /** Random identity of the process that led. */
  readonly holder: string;
}

/** Everything that is remembered about Services, and what could not be read. */
export interface StoredStatuses {
  readonly statuses: readonly StoredStatus[];
  /** One per corrupt file: it costs that Service's memory and nothing else. */
  readonly problems: readonly FileProblem[];
}

/** The addresses that rest, and what could not be read of them. */
export interface StoredFreedList {
  readonly freed: readonly StoredFreed[];
  /** At most one: a corrupt file costs this memory and nothing else. */
  readonly problems: readonly FileProblem[];
}

const FREED_FILE = "freed.json";

/** The controller's own folder `.herald` in a folder of manifests. Failing to write throws `FolderError`. */
export interface StateFolder extends AsyncDisposable {
  /** Tries to become the one process that may write here; false if another one is. The lock ends with disposal. */
  tryLead(): boolean;
  /** Undefined if there is none, or a corrupt one. */
  readTerm(): Promise<StoredTerm | undefined>;
  /** On disk when it resolves. */
  writeTerm(term: StoredTerm): Promise<void>;
  /** Names of speakers heard so far; empty if there is no file or a corrupt one. */
  readSpeakers(): Promise<readonly string[]>;
  writeSpeakers(names: readonly string[]): Promise<void>;
  readStatuses(): Promise<StoredStatuses>;
  /** Stores the Service's manifest with its status and the pool's annotation; given once it resolves. */
  writeStatus(manifest: unknown, status: StoredStatus): Promise<void>;
  /** Addresses that rest; none if there is no file, or with a problem if it is corrupt. */
  readFreed(): Promise<StoredFreedList>;
  writeFreed(freed: readonly StoredFreed[]): Promise<void>;
  /** Forgets a Service; nothing happens if it was not stored. */
  deleteStatus(namespace: string, name: string): Promise<void>;
}

/** Opens `.herald` in the folder of manifests, making it if need be. Throws `FolderError` if it cannot be written. */
export async function openStateFolder(
  dir: string,
  { tryLock }: { readonly tryLock: (fd: number) => boolean },
): Promise<StateFolder> {
  const path = (...parts: string[]) => join(dir, ".herald", ...parts);
  const lock = await guarded(path(), async () => {
    for (const folder of [path(), path("status")]) await makeFolder(folder);
    return await open(path("lock"), "a");
  });
  const files = new DurableFiles();
  return {
    tryLead: () => tryLock(lock.fd),
    readTerm: async () => toTerm(await readJson(path("term"))),
    writeTerm: ({ term, holder }) => files.write(path("term"), `${JSON.stringify({ term, holder })}\n`),
    readSpeakers: async () => toNames(await readJson(path("speakers.json"))),
    writeSpeakers: (names) => files.write(path("speakers.json"), `${JSON.stringify(names)}\n`),
    readFreed: () => readFreed(path(FREED_FILE)),
    writeFreed: (freed) => files.write(path(FREED_FILE), formatFreed(freed)),
    readStatuses: () => readStatuses(path("status")),
    writeStatus: async (manifest, status) => {
      await files.write(path("status", ...statusPath(status.namespace, status.name)), formatStatus(manifest, status));
    },
    deleteStatus: async (namespace, name) => {
      await files.remove(path("status", ...statusPath(namespace, name)));
    },
    [Symbol.asyncDispose]: async () => {
      // With the lock goes the right to write: the next leader's file must not be replaced by a late one of ours.
      await files.settled();
      await lock.close();
    },
  };
}

/** Not by `recursive`, which tries for ever where the system says ENOENT of a new folder in one that exists: in /proc. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const found = await stat(path).catch(() => undefined);
    if (!found?.isDirectory()) throw error;
  }
}

/** Throws `RangeError` for names that would lead elsewhere: whoever passes them has not looked at them. */
function statusPath(namespace: string, name: string): [string, string] {
  for (const part of [namespace, name]) {
    if (!/^[A-Za-z0-9][-A-Za-z0-9.]*$/.test(part)) throw new RangeError(`not a name: ${JSON.stringify(part)}`);
  }
  return [namespace, `${name}.yaml`];
}

async function readStatuses(dir: string): Promise<StoredStatuses> {
  const statuses: StoredStatus[] = [];
  const problems: FileProblem[] = [];
  for (const namespace of (await readdir(dir)).toSorted()) {
    for (const file of (await readdir(join(dir, namespace)).catch(() => [])).toSorted()) {
      if (file.startsWith(".") || !file.endsWith(".yaml")) continue;
      const name = file.slice(0, -".yaml".length);
      const status = await readStatus(join(dir, namespace, file), { namespace, name });
      if (!(status instanceof Error)) statuses.push(status);
      else problems.push(corrupt(`.herald/status/${namespace}/${file}`, status));
    }
  }
  return { statuses, problems };
}

async function readStatus(
  path: string,
  { namespace, name }: Pick<StoredStatus, "namespace" | "name">,
): Promise<StoredStatus | Error> {
  try {
    const status = parseStatus(await readFile(path, "utf8"));
    const isOwn = status.namespace === namespace && status.name === name;
    return isOwn ? status : new Error(`is the status of ${status.namespace}/${status.name}`);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function readFreed(path: string): Promise<StoredFreedList> {
  try {
    return { freed: parseFreed(await readFile(path, "utf8")), problems: [] };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { freed: [], problems: [] };
    const message = `${(error as Error).message}: cool-downs are forgotten`;
    return { freed: [], problems: [{ file: `.herald/${FREED_FILE}`, code: "corrupt", message }] };
  }
}

function corrupt(file: string, { message }: Error): FileProblem {
  return { file, code: "corrupt", message: `${message}: the Service's stored addresses are forgotten` };
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

function toTerm(json: unknown): StoredTerm | undefined {
  const { term, holder } = (typeof json === "object" && json !== null ? json : {}) as Partial<StoredTerm>;
  if (!Number.isSafeInteger(term) || typeof holder !== "string") return undefined;
  return { term: term as number, holder };
}

function toNames(json: unknown): readonly string[] {
  return Array.isArray(json) ? json.filter((name) => typeof name === "string") : [];
}
