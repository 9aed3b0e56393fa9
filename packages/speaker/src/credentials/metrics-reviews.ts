import { type ConnectRequest, type MetricsReviewed, TokenVerdicts } from "@heraldlb/api";
import type { MetricsVerdict } from "@heraldlb/daemon";
import type { Clock } from "@heraldlb/runtime";

/** What {@link MetricsReviews} work with. */
export interface MetricsReviewsOptions {
  readonly clock: Clock;
  /** Sends a message to a controller; false if none is there. */
  ask(request: ConnectRequest): boolean;
}

const ANSWER_MS = 3_000;
// The controller's verdict may be half a minute old when it comes, and none may be older than a minute.
const KEEP_MS = 30_000;
const KEEP_REFUSED_MS = 10_000;
const AT_ONCE = 4;

/** Asks controllers, in the stream, who may read this speaker's metrics. */
export class MetricsReviews {
  readonly #options: MetricsReviewsOptions;
  readonly #verdicts: TokenVerdicts<MetricsVerdict>;
  readonly #open = new Map<bigint, (verdict: MetricsVerdict) => void>();
  #last = 0n;

  constructor(options: MetricsReviewsOptions) {
    this.#options = options;
    this.#verdicts = new TokenVerdicts({
      clock: options.clock,
      atOnce: AT_ONCE,
      ask: (token) => this.#ask(token),
      keepMs: (verdict) => KEEP[verdict],
    });
  }

  /** Whether the bearer of a token may read metrics; `unavailable` if no controller says so in time. */
  review(token: string): Promise<MetricsVerdict> {
    return this.#verdicts.of(token);
  }

  /** A controller has answered. */
  received({ id, allowed, reason }: MetricsReviewed): void {
    this.#open.get(id)?.(allowed ? "allowed" : refusal(reason));
  }

  async #ask(token: string): Promise<MetricsVerdict> {
    const { clock, ask } = this.#options;
    const id = ++this.#last;
    const answer = Promise.withResolvers<MetricsVerdict>();
    using _limit = clock.timer(ANSWER_MS, () => answer.resolve("unavailable"));
    this.#open.set(id, answer.resolve);
    if (!ask({ message: { $case: "metricsReview", value: { id, token } } })) answer.resolve("unavailable");
    try {
      return await answer.promise;
    } finally {
      this.#open.delete(id);
    }
  }
}

const KEEP: Readonly<Record<MetricsVerdict, number>> = {
  allowed: KEEP_MS,
  forbidden: KEEP_REFUSED_MS,
  unauthenticated: KEEP_REFUSED_MS,
  unavailable: 0,
};

/** A later controller may have more reasons. */
const refusal = (reason: string): MetricsVerdict =>
  reason === "unauthenticated" || reason === "unavailable" ? reason : "forbidden";
