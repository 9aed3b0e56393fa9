import type { Freed } from "@heraldlb/ipam";
import type { IpRange } from "@heraldlb/net";
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

/** What is remembered of addresses beside the statuses of Services. */
export interface Notes {
  /** Addresses that rest. */
  readonly freed: readonly Freed[];
  /** Addresses that must rest once their Service is gone, by its key, where statuses go with their Services. */
  readonly holders: ReadonlyMap<string, readonly string[]>;
  /**
   * Where others may write into the Services: which ranges the pools have, by name; undefined if nobody has noted that.
   */
  readonly pools?: ReadonlyMap<string, readonly IpRange[]> | undefined;
  /** There: what is remembered of Services with stranded addresses, by key. */
  readonly stranded?: ReadonlyMap<string, StatusRecord> | undefined;
}

/** Where what was decided about addresses is stored. */
export interface StatusStore {
  /**
   * Stored for good when it resolves to true; false: there is no such Service any more, so nothing was stored.
   *
   * @throws RefusedError if only this one is in the way; anything else: nothing can be stored at the moment
   */
  writeStatus(manifest: unknown, status: StatusRecord): Promise<boolean>;
  /** @throws as `writeStatus` */
  deleteStatus(namespace: string, name: string): Promise<void>;
  /** All of them, as they are at the time of the call: they may change while this is under way. @throws as `writeStatus` */
  writeNotes(notes: Notes): Promise<void>;
  /** The least time between two writings of notes, in ms: what is noted meanwhile is written together. */
  readonly notesIntervalMs: number;
}

/** The store takes others, but not this one: whoever wants to store it tries again later, and goes on meanwhile. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Something to store. */
export type Entry =
  | { readonly type: "store"; readonly manifest: unknown; readonly record: StatusRecord }
  | {
      readonly type: "forget";
      readonly namespace: string;
      readonly name: string;
      /** What the Service had. */
      readonly addresses: readonly string[];
    }
  | {
      readonly type: "notes";
      /** They follow what is decided: what is stored is never older than the entry. */
      readonly notes: Notes;
    };

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
const REFUSED_RETRY = { initialMs: 500, maxMs: 60_000 } as const;
const UNNOTED = "no Service gets or loses an address with a cool-down";

/**
 * Stores what was decided, in the order in which it was decided.
 *
 * Of what was decided together, notes are stored first, then everything that was taken away: a crash in between never
 * leaves an address with two Services, and shortens no cool-down. What the store refuses is tried again
 * by and by, until something else is decided about that Service; nobody else is given the addresses of a Service that
 * still shows them. While notes are refused, all wait of which something is to be noted.
 */
export class Ledger {
  readonly #dependencies: LedgerDependencies;
  readonly #batches: (readonly Entry[])[] = [];
  readonly #ending = new AbortController();
  /** The last of each Service's entries that was refused. */
  readonly #refused = new Map<string, ServiceEntry>();
  /** Notes that the store refuses, and the Services' entries that wait for them to be taken. */
  #unnoted: { readonly notes: Notes; readonly waiting: Set<ServiceEntry> } | undefined;
  /** The last of each Service's entries, until it is dealt with. */
  readonly #last = new Map<string, ServiceEntry>();
  /** How many batches were entered, and how many of these the notes that are stored belong to. */
  #entered = 0;
  #noted = 0;
  #notedAt = Number.NEGATIVE_INFINITY;
  #isBusy = false;
  #idle = Promise.withResolvers<void>();
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(dependencies: LedgerDependencies) {
    this.#dependencies = dependencies;
    this.#idle.resolve();
  }

  /** Enters what was decided together. */
  enter(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.#batches.push(entries);
    for (const entry of entries) if (entry.type !== "notes") this.#last.set(serviceOf(entry), entry);
    this.#entered += 1;
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#idle = Promise.withResolvers();
    // Nobody waits: whoever wants to know is told by `onStored`. It never rejects.
    void this.#work();
  }

  /** Whether anything may be stored at the moment; it may from the start. */
  open(isOpen: boolean): void {
    if (isOpen) this.#gate?.resolve();
    this.#gate = isOpen ? undefined : (this.#gate ?? Promise.withResolvers());
  }

  /** Stores nothing more. */
  end(): void {
    this.#ending.abort();
    this.#gate?.resolve();
  }

  /** Resolves when everything that was entered is stored, but for what was refused. */
  async settled(): Promise<void> {
    await this.#idle.promise;
  }

  async #work(): Promise<void> {
    const { signal } = this.#ending;
    for (let batch = this.#batches.shift(); batch && !signal.aborted; batch = this.#batches.shift()) {
      const number = this.#entered - this.#batches.length;
      // What was refused is overruled.
      for (const entry of batch) if (entry.type !== "notes") this.#refused.delete(serviceOf(entry));
      for (const type of ["notes", "forget", "store"] as const) {
        if (type === "notes" && (number <= this.#noted || this.#unnoted)) continue;
        const entries = batch.filter((entry) => entry.type === type);
        // Notes are the same ones, however often they were entered.
        const queue = entries.slice(0, type === "notes" ? 1 : undefined).values();
        await Promise.all(
          Array.from({ length: PARALLEL }, async () => {
            for (const entry of queue) await this.#store(entry);
          }),
        );
      }
    }
    this.#isBusy = false;
    this.#idle.resolve();
  }

  async #store(entry: Entry): Promise<void> {
    const { clock, log, onFailure } = this.#dependencies;
    const { signal } = this.#ending;
    if (entry.type !== "notes" && this.#putOff(entry)) return;
    for (let attempt = 0, isTold = false; !signal.aborted; attempt++) {
      if (entry.type !== "notes" && this.#isOverruled(entry)) return;
      const failure = await this.#try(entry);
      if (!failure) return;
      const { error } = failure;
      onFailure();
      const service = entry.type === "notes" ? undefined : serviceOf(entry);
      if (error instanceof RefusedError && entry.type === "notes") {
        log.error("notes refused, trying again by and by", { effect: UNNOTED, reason: error.message });
        this.#unnoted = { notes: entry.notes, waiting: new Set() };
        // It ends with the entry, and never rejects.
        void this.#insistOnNotes(entry);
        return;
      }
      if (error instanceof RefusedError && entry.type !== "notes") {
        log.error("status refused, trying again by and by", { service, reason: error.message });
        this.#refused.set(serviceOf(entry), entry);
        // It ends with the entry, and never rejects.
        void this.#insist(entry);
        return;
      }
      // What was under way when another process might lead is given up.
      const level = this.#gate || signal.aborted ? "debug" : "error";
      if (level === "debug" || !isTold) log[level]("status not stored, trying again", { service, error });
      isTold ||= level === "error";
      await clock.sleep(backoff(RETRY, attempt, 0), signal).catch(() => {});
    }
  }

  /** Tries again what was refused, as long as it is what was decided last. */
  async #insist(entry: ServiceEntry): Promise<void> {
    const { signal } = this.#ending;
    const service = serviceOf(entry);
    for (let attempt = 0; ; attempt++) {
      const delayMs = backoff(REFUSED_RETRY, attempt, 0);
      await this.#dependencies.clock.sleep(delayMs, signal).catch(() => {});
      if (signal.aborted || this.#refused.get(service) !== entry) return;
      if (await this.#try(entry)) continue;
      if (this.#refused.get(service) === entry) this.#refused.delete(service);
      return;
    }
  }

  /** Whether something else was decided since: else another Service of that name might be shown it for a moment. */
  #isOverruled(entry: ServiceEntry): boolean {
    const service = serviceOf(entry);
    const last = this.#last.get(service);
    if (last === entry) this.#last.delete(service);
    return entry.type === "store" && last !== undefined && (last.type === "forget" || last.record !== entry.record);
  }

  /** Whether the entry must wait for notes that the store refuses; what it shows, nobody else is given meanwhile. */
  #putOff(entry: ServiceEntry): boolean {
    if (!this.#unnoted) return false;
    const { notes, waiting } = this.#unnoted;
    const service = serviceOf(entry);
    // They follow what is decided: what it had rests, or what it has will one day.
    if (!notes.holders.has(service) && !notes.freed.some(({ by }) => by === service)) return false;
    this.#refused.set(service, entry);
    waiting.add(entry);
    return true;
  }

  async #insistOnNotes(entry: Extract<Entry, { type: "notes" }>): Promise<void> {
    const { signal } = this.#ending;
    for (let attempt = 0, isDone = false; !isDone; attempt++) {
      await this.#dependencies.clock.sleep(backoff(REFUSED_RETRY, attempt, 0), signal).catch(() => {});
      isDone = signal.aborted || !(await this.#try(entry));
    }
    const { waiting = [] } = this.#unnoted ?? {};
    this.#unnoted = undefined;
    const again = [...waiting].filter((each) => this.#refused.get(serviceOf(each)) === each);
    // What was entered while the notes were being written is not in them.
    this.enter(this.#entered > this.#noted ? [entry, ...again] : again);
  }

  /** Undefined if that is settled. */
  async #try(entry: Entry): Promise<{ readonly error: unknown } | undefined> {
    const { store, onStored } = this.#dependencies;
    if (entry.type === "notes") await this.#restFromNotes();
    await this.#gate?.promise;
    if (this.#ending.signal.aborted) return undefined;
    try {
      if (entry.type === "notes") await this.#writeNotes(entry.notes);
      else if (entry.type === "forget") await store.deleteStatus(entry.namespace, entry.name);
      else if (this.#isShownElsewhere(entry.record)) throw new RefusedError("another Service still shows the address");
      else if ((await store.writeStatus(entry.manifest, entry.record)) && !this.#ending.signal.aborted) {
        onStored(entry.record);
      }
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #restFromNotes(): Promise<void> {
    const { store, clock } = this.#dependencies;
    const restMs = this.#notedAt + store.notesIntervalMs - clock.now();
    if (restMs > 0) await clock.sleep(restMs, this.#ending.signal).catch(() => {});
  }

  /** They are those of the batches that wait as well. */
  async #writeNotes(notes: Notes): Promise<void> {
    const { store, clock } = this.#dependencies;
    const entered = this.#entered;
    this.#notedAt = clock.now();
    await store.writeNotes(notes);
    this.#noted = entered;
  }

  /** A Service that lost one of the addresses could not be told so yet. */
  #isShownElsewhere({ addresses }: StatusRecord): boolean {
    return this.#refused
      .values()
      .some((other) => other.type === "forget" && other.addresses.some((address) => addresses.includes(address)));
  }
}

type ServiceEntry = Exclude<Entry, { type: "notes" }>;

/** The key of the Service that it is about. */
function serviceOf(entry: ServiceEntry): string {
  const { namespace, name } = entry.type === "store" ? entry.record : entry;
  return `${namespace}/${name}`;
}
