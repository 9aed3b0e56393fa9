import { TokenVerdicts } from "@heraldlb/api";
import type { MetricsVerdict } from "@heraldlb/daemon";
import type { TokenReview } from "@heraldlb/kube";
import type { Clock } from "@heraldlb/runtime";
import type { ReviewToken } from "./token-reviewer.ts";

/** Whoever a token is of. */
export type TokenUser = Pick<TokenReview, "username" | "groups" | "extra">;

/** Who is asked about readers of metrics. */
export interface MetricsReviewerOptions {
  readonly clock: Clock;
  readonly review: ReviewToken;
  /** Whether somebody may `get` a URL: a SubjectAccessReview. Gives up within some seconds. */
  readonly mayGet: (user: TokenUser, path: string) => Promise<boolean>;
}

// Half of what a verdict may be old, since a speaker that asks keeps it for as long again.
const KEEP_MS = 30_000;
const KEEP_REFUSED_MS = 10_000;
const AT_ONCE = 8;

/** Finds out whether the bearer of a token may read `/metrics`. */
export class MetricsReviewer {
  readonly #options: MetricsReviewerOptions;
  readonly #verdicts: TokenVerdicts<MetricsVerdict>;

  constructor(options: MetricsReviewerOptions) {
    this.#options = options;
    this.#verdicts = new TokenVerdicts({
      clock: options.clock,
      atOnce: AT_ONCE,
      ask: (token) => this.#ask(token),
      keepMs: (verdict) => (verdict === "allowed" ? KEEP_MS : KEEP_REFUSED_MS),
    });
  }

  /** Never rejects. */
  async review(token: string | undefined): Promise<MetricsVerdict> {
    if (!token) return "unauthenticated";
    try {
      return await this.#verdicts.of(token);
    } catch {
      return "unavailable";
    }
  }

  async #ask(token: string): Promise<MetricsVerdict> {
    const { review, mayGet } = this.#options;
    // A scraper's token is the one it has for the API server.
    const { authenticated, ...user } = await review(token, []);
    if (!authenticated) return "unauthenticated";
    return (await mayGet(user, "/metrics")) ? "allowed" : "forbidden";
  }
}
