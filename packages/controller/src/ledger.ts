import type { Freed } from "@heraldlb/ipam";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";

/** What is remembered of one Service, in the form in which it is stored. */
export interface StatusRecord {
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** The pool that the addresses came from. */
  readonly pool: string;
  /** Why that pool does not vouch for them any more. */
  readonly stranded?: string | undefined;
  /** Manifests of the advertisements that announced them last, if these are gone. */
  readonly announcedBy?: readonly unknown[] | undefined;
}

/** Where what was decided about addresses is stored. */
export interface StatusStore {
  /** Stored for good when it resolves. */
  writeStatus(manifest: unknown, status: StatusRecord): Promise<void>;
  deleteStatus(namespace: string, name: string): Promise<void>;
  /** All freed addresses that are to be remembered. */
  writeFreed(freed: readonly Freed[]): Promise<void>;
}

/** Something to store. */
export type Entry =
  | { readonly type: "store"; readonly manifest: unknown; readonly record: StatusRecord }
  | { readonly type: "forget"; readonly namespace: string; readonly name: string }
  | { readonly type: "freed"; readonly freed: readonly Freed[] };

/** What a ledger needs. */
export interface LedgerDependencies {
  readonly store: StatusStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** A Service's record is stored: only now may anybody announce its addresses. */
  onStored(record: StatusRecord): void;
  /** Something could not be stored; it is tried again. */
  onFailure(): void;
}

// As many as Node's thread pool works on at a time, and as many waiting.
const PARALLEL = 8;
const RETRY = { initialMs: 50, maxMs: 5_000 } as const;

/**
 * Stores what was decided, in the order in which it was decided.
 *
 * Of what was decided together, that addresses rest is stored first, then everything that was taken away: a crash in
 * between never leaves an address with two Services, and shortens no cool-down.
 */
export class Ledger {
  readonly #dependencies: LedgerDependencies;
  readonly #batches: (readonly Entry[])[] = [];
  #isBusy = false;
  #idle = Promise.withResolvers<void>();

  constructor(dependencies: LedgerDependencies) {
    this.#dependencies = dependencies;
    this.#idle.resolve();
  }

  /** Enters what was decided together. Storing goes on until the signal aborts. */
  enter(entries: readonly Entry[], signal: AbortSignal): void {
    if (entries.length === 0) return;
    this.#batches.push(entries);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#idle = Promise.withResolvers();
    // Nobody waits: whoever wants to know is told by `onStored`. It never rejects.
    void this.#work(signal);
  }

  /** Resolves when everything that was entered is stored. */
  async settled(): Promise<void> {
    await this.#idle.promise;
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let batch = this.#batches.shift(); batch && !signal.aborted; batch = this.#batches.shift()) {
      for (const type of ["freed", "forget", "store"] as const) {
        const queue = batch.filter((entry) => entry.type === type).values();
        await Promise.all(
          Array.from({ length: PARALLEL }, async () => {
            for (const entry of queue) await this.#store(entry, signal);
          }),
        );
      }
    }
    this.#isBusy = false;
    this.#idle.resolve();
  }

  async #store(entry: Entry, signal: AbortSignal): Promise<void> {
    const { clock, log, onStored, onFailure } = this.#dependencies;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const failure = await this.#try(entry);
      if (!failure) break;
      onFailure();
      if (attempt === 0) log.error("status not stored, trying again", { service: serviceOf(entry), ...failure });
      await clock.sleep(backoff(RETRY, attempt, 0), signal).catch(() => {});
    }
    if (entry.type === "store" && !signal.aborted) onStored(entry.record);
  }

  async #try(entry: Entry): Promise<{ readonly error: unknown } | undefined> {
    const { store } = this.#dependencies;
    try {
      if (entry.type === "freed") await store.writeFreed(entry.freed);
      else if (entry.type === "forget") await store.deleteStatus(entry.namespace, entry.name);
      else await store.writeStatus(entry.manifest, entry.record);
      return undefined;
    } catch (error) {
      return { error };
    }
  }
}

/** The Service that it is about; undefined if about none. */
function serviceOf(entry: Entry): string | undefined {
  if (entry.type === "freed") return undefined;
  const { namespace, name } = entry.type === "store" ? entry.record : entry;
  return `${namespace}/${name}`;
}
