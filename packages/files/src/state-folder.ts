import type { FileProblem } from "./reading.ts";

/** The last term that a controller led with. */
export interface StoredTerm {
  readonly term: number;
  /** Random identity of the process that led. */
  readonly holder: string;
}

/** What a Service was given, as its status file says. */
export interface StoredStatus {
  readonly namespace: string;
  readonly name: string;
  /** Addresses in the order of `status.loadBalancer.ingress`. */
  readonly addresses: readonly string[];
  /** Value of the annotation `metallb.io/ip-allocated-from-pool`; empty if it is missing. */
  readonly pool: string;
}

/** Everything that is remembered about Services, and what could not be read. */
export interface StoredStatuses {
  readonly statuses: readonly StoredStatus[];
  readonly problems: readonly FileProblem[];
}

/** The controller's own folder `.herald` in a folder of manifests. Failing to write throws `FolderError`. */
export interface StateFolder extends AsyncDisposable {
  /** Tries to become the one process that may write here; false if another one is. The lock ends with disposal. */
  tryLead(): boolean;
  readTerm(): Promise<StoredTerm | undefined>;
  /** On disk when it resolves. */
  writeTerm(term: StoredTerm): Promise<void>;
  /** Names of speakers heard so far; empty if there is no file or a corrupt one. */
  readSpeakers(): Promise<readonly string[]>;
  writeSpeakers(names: readonly string[]): Promise<void>;
  readStatuses(): Promise<StoredStatuses>;
  /** Stores the Service's manifest with its status and the pool's annotation; given once it resolves. */
  writeStatus(manifest: unknown, status: StoredStatus): Promise<void>;
  /** Forgets a Service; nothing happens if it was not stored. */
  deleteStatus(namespace: string, name: string): Promise<void>;
}

/** Opens `.herald` in the folder of manifests, making it if need be. Throws `FolderError` if it cannot be written. */
export async function openStateFolder(
  dir: string,
  dependencies: { readonly tryLock: (fd: number) => boolean },
): Promise<StateFolder> {
  void dir;
  void dependencies;
  throw new Error("not yet");
}
