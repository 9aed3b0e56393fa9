import { type Kube, KubeError } from "@heraldlb/kube";
import { backoff, type Clock, type Logger, Mailbox } from "@heraldlb/runtime";
import type { DesiredStatus } from "./desired-status.ts";
import { isEarlier } from "./resource-version.ts";
import { factsOf, objectPath, type StatusKind, type StatusTarget, targetKey } from "./status-kind.ts";
import { nextWrite, type StatusObject, type StatusWrite } from "./status-write.ts";
import { WriteTrouble } from "./write-trouble.ts";

/** What a writer needs. */
export interface StatusWriterDependencies {
  readonly kube: Pick<Kube, "request">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds since 1970, for conditions. */
  wallClock(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Whether this process leads. While it does not, everything waits. */
  mayWrite(): boolean;
}

/** What a watch tells of a kind. */
export interface StatusChanges {
  readonly changed: readonly StatusObject[];
  readonly removed: readonly StatusObject[];
}

interface Entry {
  readonly target: StatusTarget;
  readonly lane: Mailbox<Entry>;
  desired: DesiredStatus | "gone" | undefined;
  observed: StatusObject | undefined;
  /** The last one that this process deleted: a watch may still tell of it. */
  deletedUid: string | undefined;
  /** It is in its lane, or being written. */
  isQueued: boolean;
  timer: Disposable | undefined;
  notBefore: number;
  failures: number;
}

// So many requests are under way at most.
const LANES = 4;
const EVERY_MS = 1_000;
// What is not wanted any more may be wanted again at once: a speaker redials.
const DELETE_AFTER_MS = 1_000;
const STANDBY_MS = 250;
const RETRY = { initialMs: 250, maxMs: 60_000 };

/**
 * Makes an API server agree with what the statuses of objects should be, and keeps it so: what somebody else changes
 * or deletes is put right.
 *
 * An object is written at most once a second, with what is wanted then, and not at all if it is so already. A kind is
 * left alone until `synced` has told what there is of it.
 */
export class StatusWriter {
  readonly #dependencies: StatusWriterDependencies;
  readonly #trouble: WriteTrouble;
  readonly #lanes = Array.from({ length: LANES }, () => new Mailbox<Entry>());
  readonly #entries = new Map<string, Entry>();
  readonly #synced = new Set<StatusKind>();
  #nextLane = 0;
  #hasEnded = false;

  constructor(dependencies: StatusWriterDependencies) {
    this.#dependencies = dependencies;
    this.#trouble = new WriteTrouble(dependencies);
  }

  /** What the object's status should be; undefined: there should be no such object, if Herald owns the kind. */
  set(target: StatusTarget, desired: DesiredStatus | undefined): void {
    const entry = this.#entry(target);
    const isLeaving = desired === undefined && entry.desired !== "gone";
    entry.desired = desired ?? (factsOf(target.kind).owned ? "gone" : undefined);
    if (isLeaving) entry.notBefore = Math.max(entry.notBefore, this.#dependencies.clock.now() + DELETE_AFTER_MS);
    this.#attend(entry);
  }

  /** Whether there is such an object, as far as is known. */
  has(target: StatusTarget): boolean {
    return this.#entries.get(targetKey(target))?.observed !== undefined;
  }

  /** All objects of the kind there are, told once. */
  synced(kind: StatusKind, objects: Iterable<StatusObject>): void {
    this.#synced.add(kind);
    this.observe(kind, { changed: [...objects], removed: [] });
    for (const entry of this.#entries.values()) if (entry.target.kind === kind) this.#attend(entry);
  }

  /** What has become of objects of the kind since. */
  observe(kind: StatusKind, { changed, removed }: StatusChanges): void {
    for (const object of changed) {
      const entry = this.#entry(targetOf(kind, object));
      this.#learn(entry, object);
      this.#attend(entry);
    }
    for (const { metadata, ...rest } of removed) {
      const entry = this.#entries.get(targetKey(targetOf(kind, { metadata, ...rest })));
      if (entry?.observed?.metadata.uid !== metadata.uid) continue;
      entry.observed = undefined;
      this.#attend(entry);
    }
  }

  /** Another process leads: what this one wanted is forgotten, lest it be written when this one leads again. */
  rest(): void {
    for (const entry of this.#entries.values()) {
      entry.desired = undefined;
      this.#attend(entry);
    }
  }

  /** Writes until the signal aborts. Rejects only for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all(this.#lanes.map((lane) => this.#serve(lane, signal)));
    } finally {
      this.#hasEnded = true;
      for (const { timer } of this.#entries.values()) timer?.[Symbol.dispose]();
    }
  }

  #entry(target: StatusTarget): Entry {
    const key = targetKey(target);
    const known = this.#entries.get(key);
    if (known) return known;
    // There are as many as `LANES`.
    const lane = this.#lanes[this.#nextLane++ % LANES] as Mailbox<Entry>;
    const entry: Entry = {
      ...{ target, lane, desired: undefined, observed: undefined, deletedUid: undefined },
      ...{ isQueued: false, timer: undefined, notBefore: 0, failures: 0 },
    };
    this.#entries.set(key, entry);
    return entry;
  }

  /** `isLatest`: even if its version is an older one, for etcd was restored from a backup. */
  #learn(entry: Entry, { metadata, status }: StatusObject, { isLatest = false } = {}): void {
    const { uid, resourceVersion } = metadata;
    if (uid === entry.deletedUid) return;
    // What a watch tells may be older than the answer to a write.
    if (!isLatest && entry.observed && isEarlier(resourceVersion, entry.observed.metadata.resourceVersion)) return;
    const { name, namespace, labels } = metadata;
    const { owned, fields } = factsOf(entry.target.kind);
    // There may be ten thousand Services.
    entry.observed = {
      metadata: { name, namespace, uid, resourceVersion, labels: owned ? labels : undefined },
      status: fields ? pick(status, fields) : status,
    };
  }

  /** Sees to it that the entry is written, if there is anything to write and when it may be. */
  #attend(entry: Entry): void {
    if (entry.isQueued || this.#hasEnded || !this.#synced.has(entry.target.kind)) return;
    if (!this.#next(entry)) {
      entry.timer?.[Symbol.dispose]();
      entry.timer = undefined;
      if (!entry.observed && (entry.desired === "gone" || entry.desired === undefined)) {
        this.#entries.delete(targetKey(entry.target));
      }
      return;
    }
    if (entry.timer) return;
    const wait = entry.notBefore - this.#dependencies.clock.now();
    if (wait > 0) entry.timer = this.#dependencies.clock.timer(wait, () => this.#wake(entry));
    else this.#queue(entry);
  }

  #wake(entry: Entry): void {
    entry.timer = undefined;
    this.#attend(entry);
  }

  #queue(entry: Entry): void {
    entry.isQueued = true;
    entry.lane.put(entry);
  }

  #next(entry: Entry): StatusWrite | undefined {
    return nextWrite(entry.target, entry, this.#dependencies.wallClock());
  }

  async #serve(lane: Mailbox<Entry>, signal: AbortSignal): Promise<void> {
    try {
      for await (const entry of lane.take(signal)) {
        await this.#mayGoOn(signal);
        await this.#write(entry, signal);
        entry.isQueued = false;
        this.#attend(entry);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** After an outage every lane begins with one object. */
  async #mayGoOn(signal: AbortSignal): Promise<void> {
    const { clock, mayWrite } = this.#dependencies;
    for (;;) {
      const wait = mayWrite() ? this.#trouble.waitMs : STANDBY_MS;
      if (wait <= 0) return;
      await clock.sleep(wait, signal);
    }
  }

  async #write(entry: Entry, signal: AbortSignal): Promise<void> {
    const { clock, mayWrite } = this.#dependencies;
    const wait = this.#trouble.waitOf(entry.target.kind);
    if (wait > 0) {
      entry.notBefore = clock.now() + wait;
      return;
    }
    const written = new Map<string, Entry["desired"]>();
    // It may be that nothing is to be written any more, or that it may no longer be.
    while (mayWrite()) {
      const write = this.#next(entry);
      if (!write) {
        entry.failures = 0;
        return;
      }
      const { desired } = entry;
      const place = `${write.method} ${write.path}`;
      if (written.has(place)) {
        // By now something else is wanted, or it had no effect: some policy of the cluster may undo it.
        if (desired === written.get(place)) this.#delay(entry);
        return;
      }
      written.set(place, desired);
      entry.notBefore = clock.now() + EVERY_MS;
      if (!(await this.#perform(entry, write, signal))) return;
    }
  }

  /** False: it failed, and is tried again later. */
  async #perform(entry: Entry, { method, path, contentType, body }: StatusWrite, signal: AbortSignal) {
    const { kube, mayWrite: admit } = this.#dependencies;
    try {
      const answer = await kube.request(method, path, { body, contentType, signal, paced: true, admit });
      this.#trouble.noteSuccess(entry.target.kind);
      if (method === "DELETE") {
        entry.deletedUid = entry.observed?.metadata.uid;
        entry.observed = undefined;
      } else if (isObject(answer)) this.#learn(entry, answer);
      return true;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // Else it was not sent, most likely.
      if (admit()) await this.#recover(entry, { error, method, signal });
      return false;
    }
  }

  async #recover(
    entry: Entry,
    { error, method, signal }: { readonly error: KubeError; readonly method: string; readonly signal: AbortSignal },
  ): Promise<void> {
    const isMissing = error.status === 404;
    // It is not there: that is what was wanted, or it is created anew.
    if (isMissing && method !== "POST") entry.observed = undefined;
    else if (this.#trouble.noteFailure(entry.target, error) === "object") this.#delay(entry);
    if (error.status === 409) await this.#read(entry, signal);
  }

  #delay(entry: Entry): void {
    const { clock, random } = this.#dependencies;
    entry.notBefore = clock.now() + Math.max(EVERY_MS, backoff(RETRY, entry.failures++, random()));
  }

  /** What there is now, for what was observed is not that. */
  async #read(entry: Entry, signal: AbortSignal): Promise<void> {
    const asked = entry.observed;
    try {
      const answer = await this.#dependencies.kube.request("GET", objectPath(entry.target), { signal, paced: true });
      if (isObject(answer)) this.#learn(entry, answer, { isLatest: entry.observed === asked });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 404) entry.observed = undefined;
      else this.#trouble.noteFailure(entry.target, error);
    }
  }
}

function pick(status: unknown, names: readonly string[]): unknown {
  if (typeof status !== "object" || status === null) return undefined;
  const kept = Object.entries(status).filter(([name]) => names.includes(name));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

function targetOf(kind: StatusKind, { metadata: { namespace = "", name } }: StatusObject): StatusTarget {
  return { kind, namespace, name };
}

function isObject(answer: unknown): answer is StatusObject {
  const { metadata } = (answer ?? {}) as { readonly metadata?: Partial<StatusObject["metadata"]> };
  return typeof metadata?.uid === "string" && typeof metadata.resourceVersion === "string";
}
