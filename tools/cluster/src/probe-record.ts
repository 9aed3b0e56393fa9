import type { ProbeTiming } from "@heraldlb/chart";

/** What a probe has found so far, and when it asks next. Times are in ms, on a monotonic clock. */
export class ProbeRecord {
  readonly #timing: Required<ProbeTiming>;
  #due: number;
  #isGood: boolean;
  /** Answers in a row that contradict {@link ProbeRecord.isGood}. */
  #against = 0;

  /** Of a container that was started `now`; it is `isGood` until enough answers say otherwise. */
  constructor(timing: ProbeTiming, { now, isGood }: { readonly now: number; readonly isGood: boolean }) {
    // Kubernetes' defaults.
    this.#timing = {
      ...{ initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 },
      ...timing,
    };
    this.#due = now + this.#timing.initialDelaySeconds * 1000;
    this.#isGood = isGood;
  }

  get isGood(): boolean {
    return this.#isGood;
  }

  /** How long to wait for an answer. */
  get timeoutMs(): number {
    return this.#timing.timeoutSeconds * 1000;
  }

  isDue(now: number): boolean {
    return now >= this.#due;
  }

  /** Takes an answer into account. */
  answered(isGood: boolean, now: number): void {
    const { periodSeconds, successThreshold, failureThreshold } = this.#timing;
    this.#due = now + periodSeconds * 1000;
    this.#against = isGood === this.#isGood ? 0 : this.#against + 1;
    if (this.#against < (isGood ? successThreshold : failureThreshold)) return;
    this.#isGood = isGood;
    this.#against = 0;
  }
}
