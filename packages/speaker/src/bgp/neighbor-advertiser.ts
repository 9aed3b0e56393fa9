import type { Clock } from "@heraldlb/runtime";

/** What pacing needs of the outside. */
export interface PaceEnvironment {
  readonly clock: Clock;
  /** At least 0, less than 1. */
  random(): number;
}

// RFC 4861 section 6.2.1 lets both be chosen. FRR, too, advertises every 10 s to its unnumbered peers.
const LONGEST_INTERVAL_MS = 10_000;
const SHORTEST_INTERVAL_MS = 7_500;
// RFC 4861 section 10: MIN_DELAY_BETWEEN_RAS and MAX_RA_DELAY_TIME.
const LEAST_DISTANCE_MS = 3_000;
const LONGEST_DELAY_MS = 500;
const LEAST_ANSWER_DISTANCE_MS = 500;

/** Says when to advertise to all nodes of a link (RFC 4861 sections 6.2.4 and 6.2.6), and to a single one. */
export class Advertiser<Receiver> {
  readonly #env: PaceEnvironment;
  readonly #advertise: (to: Receiver | undefined) => void;
  #timer: Disposable | undefined;
  /** When it is all nodes' turn; infinity while stopped. */
  #due = Number.POSITIVE_INFINITY;
  #advertisedAt = Number.NEGATIVE_INFINITY;
  #answeredAt = Number.NEGATIVE_INFINITY;

  /** `advertise` is called without a receiver for all nodes. */
  constructor(env: PaceEnvironment, advertise: (to: Receiver | undefined) => void) {
    this.#env = env;
    this.#advertise = advertise;
  }

  /** The interface can be used: advertises as soon as that is allowed, and then again and again. */
  start(): void {
    this.#schedule(0);
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#due = Number.POSITIVE_INFINITY;
  }

  /** Somebody asks: all nodes are told a little later, unless they are about to be told anyway. */
  solicited(): void {
    this.#schedule(LONGEST_DELAY_MS * this.#env.random());
  }

  /** Tells a single node at once, but not in a storm: what comes soon after another answer is left out. */
  answer(to: Receiver): void {
    const now = this.#env.clock.now();
    if (now < this.#answeredAt + LEAST_ANSWER_DISTANCE_MS) return;
    this.#answeredAt = now;
    this.#advertise(to);
  }

  #schedule(ms: number): void {
    const { clock } = this.#env;
    const now = clock.now();
    const due = Math.max(now + ms, this.#advertisedAt + LEAST_DISTANCE_MS);
    if (due >= this.#due) return;
    this.stop();
    this.#due = due;
    this.#timer = clock.timer(due - now, () => this.#expired());
  }

  #expired(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#advertisedAt = this.#env.clock.now();
    this.#advertise(undefined);
    this.#schedule(SHORTEST_INTERVAL_MS + (LONGEST_INTERVAL_MS - SHORTEST_INTERVAL_MS) * this.#env.random());
  }
}
