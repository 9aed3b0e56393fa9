import {
  DEFAULT_LEASE_TIMERS,
  initialLease,
  type LeaseEffect,
  type LeaseEvent,
  type LeaseState,
  stepLease,
} from "@heraldlb/election";
import { type Kube, KubeError, readLease, writeLease } from "@heraldlb/kube";
import type { Clock, Logger } from "@heraldlb/runtime";

/** What a candidate needs. */
export interface CandidacyOptions {
  readonly kube: Pick<Kube, "request">;
  readonly namespace: string;
  /** The Lease's name. */
  readonly name: string;
  /** Random, drawn once per process. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The highest term that this process has heard of or led in. */
  highestTerm(): number;
  /** Whether this process could decide anything; until then it only watches the Lease. */
  canLead(): boolean;
  /** This process leads in this term, which nobody has led in. */
  onLead(term: number): void;
  /** A leader is sure of it, or not any more. */
  onFirm(firm: boolean): void;
  /** Another process leads. */
  onStandby(): void;
}

type UntimedLeaseEvent = LeaseEvent extends infer E ? (E extends unknown ? Omit<E, "now"> : never) : never;

const TICK_MS = 25;
const RELEASE_MS = 1_000;

/** One process's part in the election by a Lease. */
export class Candidacy {
  readonly #options: CandidacyOptions;
  #state: LeaseState = initialLease();
  #isFirm = false;
  /** The last term that this process has led in. */
  #term = 0;
  readonly #requests = new Set<Promise<void>>();

  constructor(options: CandidacyOptions) {
    this.#options = options;
  }

  /** Takes part until the signal aborts; then {@link release} gives up what it holds. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#tick();
      await this.#options.clock.sleep(TICK_MS, signal).catch(() => {});
    }
  }

  /** Whether nobody else can lead by now, even if this process has just been paused. */
  isFirm(): boolean {
    this.#tick();
    return this.#isFirm;
  }

  /** A speaker tells of a later term. */
  stepDown(above: number): void {
    this.#isFirm = false;
    this.#step({ type: "stepDown", above });
  }

  /** Lets another process lead at once. Resolves when that is written, or cannot be. */
  async release(): Promise<void> {
    // A renewal under way would change the version that the release is meant for.
    await this.#settled();
    this.#step({ type: "release" });
    await this.#settled();
  }

  async #settled(): Promise<void> {
    await Promise.race([Promise.all(this.#requests), this.#options.clock.sleep(RELEASE_MS)]);
  }

  #tick(): void {
    const { highestTerm, canLead } = this.#options;
    this.#step({ type: "tick", highestTerm: highestTerm(), isBlind: !canLead() });
  }

  #step(event: UntimedLeaseEvent): void {
    const { identity, clock } = this.#options;
    const config = { identity, timers: DEFAULT_LEASE_TIMERS };
    const { state, effects } = stepLease(this.#state, { ...event, now: clock.now() }, config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: LeaseEffect): void {
    const { log, onLead, onFirm, onStandby } = this.#options;
    switch (effect.type) {
      case "log":
        log[effect.level](effect.message, effect.fields);
        break;
      case "read":
      case "write": {
        const request = this.#ask(effect);
        this.#requests.add(request);
        // It never rejects.
        void request.then(() => this.#requests.delete(request));
        break;
      }
      case "lead":
        this.#isFirm = true;
        this.#term = effect.term;
        onLead(effect.term);
        break;
      case "firm":
        this.#isFirm = effect.firm;
        onFirm(effect.firm);
        break;
      case "standby":
        this.#isFirm = false;
        onStandby();
        break;
    }
  }

  async #ask(effect: Extract<LeaseEffect, { type: "read" | "write" }>): Promise<void> {
    const { kube, namespace, name } = this.#options;
    const { request } = effect;
    // By then it has been given up.
    const options = { timeoutMs: DEFAULT_LEASE_TIMERS.answerMs };
    try {
      const record =
        effect.type === "read"
          ? await readLease(kube, namespace, name, options)
          : await writeLease(kube, namespace, name, {
              ...{ ...options, ...effect, durationSeconds: DEFAULT_LEASE_TIMERS.leaseMs / 1_000 },
              isTakeover: effect.holder !== undefined && effect.transitions !== this.#term,
            });
      this.#step({ type: "answered", request, record });
    } catch (error) {
      const isRefused = error instanceof KubeError && (error.status === 409 || error.status === 404);
      if (!isRefused) this.#options.log.debug("lease request failed", { error });
      this.#step({ type: isRefused ? "refused" : "failed", request });
    }
  }
}
