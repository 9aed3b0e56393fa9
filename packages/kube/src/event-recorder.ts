import { randomBytes } from "node:crypto";
import { type BackoffPolicy, backoff, type Clock, type Logger } from "@heraldlb/runtime";
import {
  type EventSource,
  eventKey,
  eventName,
  eventNamespace,
  type KubeEvent,
  newEvent,
  type Occurrence,
  repetition,
} from "./event-body.ts";
import type { Kube } from "./kube.ts";
import { KubeError } from "./kube-error.ts";
import { type Pause, pause } from "./pause.ts";

const CAPACITY = 10_000;
/** How many events are counted up instead of made anew; those not repeated for longest are forgotten first. */
const REMEMBERED = 4_096;
const RETRY: BackoffPolicy = { initialMs: 500, maxMs: 30_000 };

/** Who records, and how. */
export interface EventRecorderOptions extends EventSource {
  /** Shown as where the event is from, for example "herald-controller". */
  readonly component: string;
  /** Which process, for example the pod's name. */
  readonly instance: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many events wait at most; 10,000 unless given. */
  readonly capacity?: number | undefined;
  /** The time of day; now unless given. */
  readonly date?: (() => Date) | undefined;
}

/** How often in a row the server could not take an event. */
interface Failures {
  readonly all: number;
  /** Those after which it has accepted something else. */
  readonly own: number;
}

const NO_FAILURES: Failures = { all: 0, own: 0 };

interface Pending {
  readonly event: KubeEvent;
  /** Chosen once: a request whose answer was lost is repeated without making two. */
  readonly name: string;
  readonly occurrence: Occurrence;
}

interface Written {
  readonly name: string;
  readonly occurrence: Occurrence;
}

/**
 * Writes core/v1 Events, as `kubectl describe` shows them: one after the other, paced, and a repeated one by counting
 * up. Recording never waits and never fails; what does not fit is counted.
 */
export class EventRecorder {
  readonly #kube: Pick<Kube, "request" | "nextSuccess">;
  readonly #options: EventRecorderOptions;
  /** Oldest first. */
  readonly #queue = new Map<string, Pending>();
  /** The one written last at the end. */
  readonly #written = new Map<string, Written>();
  #wake: (() => void) | undefined;
  #dropped = 0;
  /** With a number, an end of names that nobody else gives. */
  readonly #base = randomBytes(6).toString("hex");
  #made = 0;

  constructor(kube: Pick<Kube, "request" | "nextSuccess">, options: EventRecorderOptions) {
    this.#kube = kube;
    this.#options = options;
  }

  /** How many were given up: too many waited, the API server refused them, or {@link giveUp} was called. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notes that something happened. The same again before it is written only counts. */
  record(event: KubeEvent): void {
    const { capacity = CAPACITY, date = () => new Date() } = this.#options;
    const key = eventKey(event);
    const waiting = this.#queue.get(key);
    if (!waiting && this.#queue.size >= capacity) this.#dropOldest();
    const last = date();
    this.#queue.set(key, {
      event,
      name: waiting?.name ?? eventName(event.object, this.#base + (this.#made++).toString(16)),
      occurrence: { first: waiting?.occurrence.first ?? last, last, count: (waiting?.occurrence.count ?? 0) + 1 },
    });
    this.#wake?.();
  }

  /** Gives up what waits: by the time it could be written it would not be news, or somebody else's to tell. */
  giveUp(): void {
    while (this.#queue.size > 0) this.#dropOldest();
  }

  /** Writes what is recorded until the signal aborts, then resolves; what waits then is not written. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let failures = NO_FAILURES;
    while (!signal.aborted) {
      try {
        const length = await this.#writeOldest(failures, signal);
        if (length) {
          const isOver = await pause(length, { kube: this.#kube, clock, signal });
          failures = { all: failures.all + 1, own: failures.own + (isOver ? 1 : 0) };
          continue;
        }
        failures = NO_FAILURES;
        if (this.#queue.size === 0) await this.#recorded(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Resolves to how long to wait if the API server could not take it. */
  async #writeOldest(failures: Failures, signal: AbortSignal): Promise<Pause | undefined> {
    const [oldest] = this.#queue;
    if (!oldest) return undefined;
    const [key, pending] = oldest;
    try {
      await this.#write(key, pending, signal);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (isTemporary(error)) {
        this.#moveToEnd(key, 0);
        return lengthOf(failures, error);
      }
      // What refuses one often refuses thousands.
      const level = this.#dropped === 0 ? "warn" : "debug";
      this.#options.log[level]("an event was refused", { reason: pending.event.reason, error });
      this.#dropped += pending.occurrence.count;
    }
    this.#moveToEnd(key, pending.occurrence.count);
    return undefined;
  }

  async #write(key: string, { event, name, occurrence }: Pending, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/namespaces/${eventNamespace(event.object)}/events`;
    const written = this.#written.get(key);
    if (written) {
      const { first, count } = written.occurrence;
      const total = { first, last: occurrence.last, count: count + occurrence.count };
      const patch = { body: repetition(total), contentType: "application/merge-patch+json", paced: true, signal };
      const isThere = await unless(404, this.#kube.request("PATCH", `${path}/${written.name}`, patch));
      this.#written.delete(key);
      if (isThere) {
        this.#remember(key, { name: written.name, occurrence: total });
        return;
      }
      // Events expire, after an hour unless the API server is told otherwise.
    }
    const body = newEvent(event, { name, occurrence, source: this.#options });
    await unless(409, this.#kube.request("POST", path, { body, paced: true, signal }));
    this.#remember(key, { name, occurrence });
  }

  #remember(key: string, written: Written): void {
    this.#written.set(key, written);
    const [oldest] = this.#written.keys();
    if (this.#written.size > REMEMBERED && oldest !== undefined) this.#written.delete(oldest);
  }

  /** So that one that is always refused, or always recorded, does not keep the others waiting. */
  #moveToEnd(key: string, written: number): void {
    const waiting = this.#queue.get(key);
    if (!waiting) return;
    this.#queue.delete(key);
    const { occurrence } = waiting;
    const count = occurrence.count - written;
    if (count > 0) this.#queue.set(key, { ...waiting, occurrence: { ...occurrence, count } });
  }

  #dropOldest(): void {
    const [oldest] = this.#queue;
    if (!oldest) return;
    const [key, { occurrence }] = oldest;
    this.#queue.delete(key);
    this.#dropped += occurrence.count;
  }

  async #recorded(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    this.#wake = wake;
    signal.addEventListener("abort", wake, { once: true });
    await promise;
    signal.removeEventListener("abort", wake);
  }
}

/** As soon as the server accepts anything it is asked again, unless it does so and still takes no event. */
function lengthOf({ all, own }: Failures, { retryAfterMs = 0 }: KubeError): Pause {
  const atLeast = (failures: number) => Math.max(backoff(RETRY, failures, 0), retryAfterMs);
  return { leastMs: atLeast(own), mostMs: atLeast(all) };
}

/** Resolves to false if the request fails with this status, and to true if it does not fail. */
async function unless(status: number, request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if (error instanceof KubeError && error.status === status) return false;
    throw error;
  }
}

function isTemporary({ status }: KubeError): boolean {
  return status === 0 || status === 401 || status === 408 || status === 429 || status >= 500;
}
