import type { PaceEnvironment } from "./neighbor-advertiser.ts";

// RFC 4861 section 10: MAX_RTR_SOLICITATION_DELAY, RTR_SOLICITATION_INTERVAL and MAX_RTR_SOLICITATIONS.
const LONGEST_DELAY_MS = 1_000;
const INTERVAL_MS = 4_000;
const ENOUGH = 3;
// RFC 7559 has an hour, for hosts that wait for any router. Here somebody wants a session with this one.
const LONGEST_INTERVAL_MS = 60_000;
const JITTER = 0.1;

/** What a {@link Solicitor} has done. */
export interface SolicitorActions {
  solicit(): void;
  /** Nobody has answered for long enough to conclude that nobody is there. Asking goes on until it is stopped. */
  onSilence(): void;
}

/** Says when to solicit routers: as RFC 4861 section 6.3.7 does at first, then less and less often (RFC 7559). */
export class Solicitor {
  readonly #env: PaceEnvironment;
  readonly #actions: SolicitorActions;
  #timer: Disposable | undefined;
  #asked = 0;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(env: PaceEnvironment, actions: SolicitorActions) {
    this.#env = env;
    this.#actions = actions;
  }

  /** Whether it is waiting for an answer, or for its time to ask. */
  get isAsking(): boolean {
    return this.#timer !== undefined;
  }

  /** Begins to ask, unless it is asking. */
  start(): void {
    if (this.isAsking) return;
    this.#asked = 0;
    const allowed = this.#askedAt + INTERVAL_MS - this.#env.clock.now();
    this.#wait(Math.max(LONGEST_DELAY_MS * this.#env.random(), allowed), () => this.#ask());
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #wait(ms: number, next: () => void): void {
    this.#timer = this.#env.clock.timer(ms, next);
  }

  #ask(): void {
    this.#asked++;
    this.#askedAt = this.#env.clock.now();
    const doublings = Math.max(this.#asked - ENOUGH, 0);
    const ms = Math.min(INTERVAL_MS * 2 ** doublings, LONGEST_INTERVAL_MS) * (1 + JITTER * this.#env.random());
    if (this.#asked === ENOUGH) this.#wait(LONGEST_DELAY_MS, () => this.#conclude(ms - LONGEST_DELAY_MS));
    else this.#wait(ms, () => this.#ask());
    this.#actions.solicit();
  }

  #conclude(ms: number): void {
    this.#wait(ms, () => this.#ask());
    this.#actions.onSilence();
  }
}
