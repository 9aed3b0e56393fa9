import type { KubeError } from "@heraldlb/kube";
import { backoff, type Clock, type Logger } from "@heraldlb/runtime";
import { concernsOnlyThis } from "./refusal.ts";
import { type StatusKind, type StatusTarget, targetKey } from "./status-kind.ts";

/** What the bookkeeping needs. */
interface TroubleDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  random(): number;
}

const OUTAGE = { initialMs: 500, maxMs: 15_000 };
const MISSING = { initialMs: 30_000, maxMs: 120_000 };

/** What keeps statuses from being written: how long to wait, and one log line for each thing that is wrong. */
export class WriteTrouble {
  readonly #dependencies: TroubleDependencies;
  #outages = 0;
  #until = 0;
  readonly #missing = new Map<StatusKind, { until: number; times: number }>();
  /** What was told of each kind and did not end. */
  readonly #told = new Map<StatusKind, Set<string>>();

  constructor(dependencies: TroubleDependencies) {
    this.#dependencies = dependencies;
  }

  /** How long no request should be made, since the API server does not answer, or asks for patience. */
  get waitMs(): number {
    return this.#until - this.#dependencies.clock.now();
  }

  /** How long no request for the kind should be made, since the server does not have it. */
  waitOf(kind: StatusKind): number {
    return (this.#missing.get(kind)?.until ?? 0) - this.#dependencies.clock.now();
  }

  noteSuccess(kind: StatusKind): void {
    if (this.#outages > 0) this.#dependencies.log.info("statuses are written again");
    this.#outages = 0;
    if (this.#missing.delete(kind)) this.#dependencies.log.info("statuses of a kind are written again", { kind });
    this.#told.delete(kind);
  }

  /** Says whose trouble it is: then everything waits, the kind, or only the object. */
  noteFailure(target: StatusTarget, error: KubeError): "server" | "kind" | "object" {
    const { status } = error;
    if (status === 0 || status === 429 || (status >= 500 && !concernsOnlyThis(error))) {
      this.#noteOutage(error);
      return "server";
    }
    if (status === 404) {
      this.#noteMissing(target, error);
      return "kind";
    }
    // Two writers met: that passes.
    if (status !== 409) this.#tell(target, error);
    return "object";
  }

  #noteOutage({ status, message, retryAfterMs = 0 }: KubeError): void {
    const { clock, log, random } = this.#dependencies;
    // Requests that were under way together fail together.
    if (this.waitMs > 0) return;
    if (this.#outages === 0) log.warn("statuses cannot be written", { status, problem: message });
    this.#until = clock.now() + Math.max(retryAfterMs, backoff(OUTAGE, this.#outages++, random()));
  }

  #noteMissing({ kind, namespace }: StatusTarget, { message }: KubeError): void {
    const { clock, log, random } = this.#dependencies;
    if (this.waitOf(kind) > 0) return;
    const times = this.#missing.get(kind)?.times ?? 0;
    if (times === 0) log.warn("no such kind or namespace for statuses", { kind, namespace, problem: message });
    this.#missing.set(kind, { until: clock.now() + backoff(MISSING, times, random()), times: times + 1 });
  }

  #tell(target: StatusTarget, { status, reason, message }: KubeError): void {
    const { kind } = target;
    const told = this.#told.get(kind) ?? new Set();
    this.#told.set(kind, told);
    const what = `${status} ${reason}`;
    if (told.has(what)) return;
    told.add(what);
    this.#dependencies.log.warn("status refused", { object: targetKey(target), status, reason, problem: message });
  }
}
