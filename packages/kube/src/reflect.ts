import { type BackoffPolicy, backoff, type Clock, type Logger } from "@heraldlb/runtime";
import { type Changes, KnownObjects } from "./known-objects.ts";
import type { Kube } from "./kube.ts";
import { KubeError } from "./kube-error.ts";
import { type KubeObject, keyOf } from "./kube-object.ts";
import { listPages, type ReflectTarget } from "./list-pages.ts";
import { type Pause, pause } from "./pause.ts";
import { openWatch } from "./watch-batches.ts";

const PAGE_SIZE = 500;
const RETRY: BackoffPolicy = { initialMs: 250, maxMs: 10_000 };
/** A server cannot keep us away for longer. */
const LONGEST_RETRY_AFTER_MS = 60_000;
const NO_PAUSE: Pause = { leastMs: 0, mostMs: 0 };
/** A watch that lived for so long did not fail at once. */
const HEALTHY_MS = 1_000;

/** What is told of the objects. The consumer keeps them; what a handler throws ends the reflection. */
export interface ReflectHandlers {
  /** Once: the first complete list, by key (`namespace/name`, or `name`). */
  onSynced(objects: ReadonlyMap<string, KubeObject>): void;
  /** Afterwards: what arrived together, or how a later list differs. Never empty. */
  onChange(changes: Changes): void;
  /** An attempt has failed; undefined: all is well again. */
  onTrouble?(problem: unknown): void;
}

/** What reflection needs of its surroundings. */
export interface ReflectOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 ≤ random < 1. */
  readonly random: () => number;
}

/**
 * Lists objects and follows their changes until the signal aborts, then resolves. A broken watch is resumed where it
 * was; where that is not possible, the objects are listed again. Rejects only with what a handler or `trim` throws.
 */
export async function reflect(
  kube: Pick<Kube, "request" | "stream" | "nextSuccess">,
  target: ReflectTarget,
  handlers: ReflectHandlers,
  options: ReflectOptions,
  signal: AbortSignal,
): Promise<void> {
  const reflection = new Reflection({ kube, target, handlers, options, signal });
  while (!signal.aborted) {
    try {
      await reflection.attempt();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

interface Context {
  readonly kube: Pick<Kube, "request" | "stream" | "nextSuccess">;
  readonly target: ReflectTarget;
  readonly handlers: ReflectHandlers;
  readonly options: ReflectOptions;
  readonly signal: AbortSignal;
}

class Reflection {
  readonly #context: Context;
  readonly #known = new KnownObjects();
  /** Where a watch may begin; undefined: a list is needed. */
  #version: string | undefined;
  /** Pages of a list expire where etcd is compacted often; then everything is asked for at once. */
  #pageSize: number | undefined = PAGE_SIZE;
  #isSynced = false;
  #isTroubled = false;
  #failures = 0;
  /** Those that others' success has followed. */
  #ownFailures = 0;
  #watchedSince: number | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Lists if need be and watches until that ends, then waits. */
  async attempt(): Promise<void> {
    const { kube, options, signal } = this.#context;
    const length = await this.#follow();
    if (!(await pause(length, { kube, clock: options.clock, signal }))) return;
    this.#ownFailures = Math.min(this.#ownFailures + 1, this.#failures);
  }

  /** How long to wait then. */
  async #follow(): Promise<Pause> {
    this.#watchedSince = undefined;
    try {
      if (this.#version === undefined) await this.#list();
      else await this.#watch(this.#version);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      return this.#afterFailure(error);
    }
    if (this.#watchedSince === undefined) return NO_PAUSE;
    if (!this.#hasLived()) return this.#nextPause();
    this.#forgetFailures();
    return NO_PAUSE;
  }

  async #list(): Promise<void> {
    const { kube, target, signal } = this.#context;
    const comparison = this.#known.compare();
    let version: string | undefined;
    for await (const page of listPages(kube, target, { limit: this.#pageSize, signal })) {
      comparison.add(page.objects);
      version = page.version;
    }
    this.#pageSize = PAGE_SIZE;
    this.#version = version;
    this.#recover();
    this.#tellList(comparison.finish());
  }

  async #watch(version: string): Promise<void> {
    const { kube, target, options, signal } = this.#context;
    const batches = await openWatch(kube, target, { ...options, version, signal });
    this.#watchedSince = options.clock.now();
    this.#recover();
    for await (const batch of batches) {
      this.#version = batch.version ?? this.#version;
      this.#tell(this.#known.apply(batch.events));
    }
  }

  #tellList(changes: Changes): void {
    if (this.#isSynced) {
      this.#tell(changes);
      return;
    }
    this.#isSynced = true;
    this.#context.handlers.onSynced(new Map(changes.changed.map((object) => [keyOf(object), object])));
  }

  #tell(changes: Changes): void {
    if (changes.changed.length + changes.removed.length > 0) this.#context.handlers.onChange(changes);
  }

  #afterFailure(error: KubeError): Pause {
    const { handlers, options, target } = this.#context;
    const isStale = error.status === 410;
    if (this.#version === undefined) {
      if (isStale) this.#pageSize = undefined;
    } else if (!canResume(error, { isOpen: this.#watchedSince !== undefined })) {
      this.#version = undefined;
    }
    const isResumable = this.#version !== undefined;
    if (this.#hasLived()) {
      this.#forgetFailures();
      if (isResumable) {
        // Watches end; only one that cannot be opened again is trouble.
        options.log.debug("the watch has ended, opening another", { path: target.path, reason: error.message });
        return this.#nextPause();
      }
    }
    if (isStale && this.#failures === 0) {
      // Not a fault: the server has forgotten what happened since this version.
      options.log.debug("the watch cannot be resumed, listing again", { path: target.path });
      this.#failures += 1;
      return NO_PAUSE;
    }
    if (!this.#isTroubled) {
      options.log.warn("cannot follow the API server", {
        path: target.path,
        status: error.status,
        reason: error.message,
      });
    }
    this.#isTroubled = true;
    handlers.onTrouble?.(error);
    return this.#nextPause(Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
  }

  #recover(): void {
    if (!this.#isTroubled) return;
    this.#isTroubled = false;
    this.#context.options.log.info("following the API server again", { path: this.#context.target.path });
    this.#context.handlers.onTrouble?.(undefined);
  }

  #hasLived(): boolean {
    return this.#watchedSince !== undefined && this.#context.options.clock.now() - this.#watchedSince >= HEALTHY_MS;
  }

  #forgetFailures(): void {
    this.#failures = 0;
    this.#ownFailures = 0;
  }

  /** What failed while the server accepted nothing of anybody does not count once it accepts something. */
  #nextPause(leastMs = 0): Pause {
    const random = this.#context.options.random();
    const after = (failures: number) => Math.max(leastMs, backoff(RETRY, failures, random));
    return { leastMs: after(this.#ownFailures), mostMs: after(this.#failures++) };
  }
}

/** Whether a watch may go on from the version it had: always after a lost connection, never after nonsense. */
function canResume({ status, reason }: KubeError, { isOpen }: { readonly isOpen: boolean }): boolean {
  if (status === 0) return reason === "";
  return !isOpen && [401, 403, 429, 500, 502, 503].includes(status);
}
