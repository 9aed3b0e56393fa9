import { TokenVerdicts } from "@heraldlb/api";
import type { TokenReview } from "@heraldlb/kube";
import type { Clock } from "@heraldlb/runtime";

/** Has an API server review a token, for these audiences; for its own if there is none. Gives up within some seconds. */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenReview>;

/**
 * Why a token does not let a speaker in.
 *
 * `noToken`: there is none, or none that can be read. `notAuthenticated`: it has expired, its pod is gone, or it never was
 * one. `wrongAudience`: it is meant for somebody else. `wrongAccount`: it is not the speakers'. `noNode`: it is not bound
 * to a pod. `wrongNode`: its pod, or the certificate, is of another node. `unavailable`: nobody could be asked.
 */
export type TokenRefusal =
  | "noToken"
  | "notAuthenticated"
  | "wrongAudience"
  | "wrongAccount"
  | "noNode"
  | "wrongNode"
  | "unavailable";

/** Which node a token is of, or why none. */
export type TokenVerdict =
  | { readonly type: "node"; readonly node: string }
  | {
      readonly type: "refused";
      readonly reason: TokenRefusal;
      /** For people: half a sentence. */
      readonly detail: string;
    };

/** What tokens of speakers are like, and who is asked about them. */
export interface TokenReviewerOptions {
  readonly clock: Clock;
  readonly review: ReviewToken;
  readonly audience: string;
  /** The speakers' user name: "system:serviceaccount:NAMESPACE:NAME". */
  readonly account: string;
}

const NODE_NAME = "authentication.kubernetes.io/node-name";
const WRONG_AUDIENCE = /audience/;
const KEEP_MS = 60_000;
// What is refused today may be right soon: a ServiceAccount that is created, a clock that is set.
const KEEP_REFUSED_MS = 10_000;
const AT_ONCE = 16;
const LONGEST_DETAIL = 200;

/** Finds out which node a speaker's token is of. A verdict counts for a minute. */
export class TokenReviewer {
  readonly #options: TokenReviewerOptions;
  readonly #verdicts: TokenVerdicts<TokenVerdict>;

  constructor(options: TokenReviewerOptions) {
    this.#options = options;
    this.#verdicts = new TokenVerdicts({
      clock: options.clock,
      atOnce: AT_ONCE,
      ask: (token) => this.#review(token),
      keepMs: (verdict) => (verdict.type === "node" ? KEEP_MS : KEEP_REFUSED_MS),
    });
  }

  /** Never rejects: an API server that cannot be asked is a refusal, `unavailable`. */
  async nodeOf(token: string): Promise<TokenVerdict> {
    try {
      return await this.#verdicts.of(token);
    } catch (error) {
      return refused("unavailable", `the token cannot be reviewed now: ${shorten(String(error))}`);
    }
  }

  async #review(token: string): Promise<TokenVerdict> {
    const { review, audience, account } = this.#options;
    const { authenticated, username, audiences, extra, error } = await review(token, [audience]);
    if (!authenticated && WRONG_AUDIENCE.test(error))
      return refused("wrongAudience", `the token is not for ${audience}: ${shorten(error)}`);
    if (!authenticated) return refused("notAuthenticated", `the token is not valid: ${shorten(error) || "no reason"}`);
    // An authenticator that knows no audiences vouches for none.
    if (!audiences.includes(audience)) return refused("wrongAudience", `the token is not for ${audience}`);
    if (username !== account)
      return refused("wrongAccount", `the token is that of ${shorten(username)}, not of ${account}`);
    const [node, ...others] = extra[NODE_NAME] ?? [];
    if (!node || others.length > 0) return refused("noNode", "the token is not bound to a pod on a node");
    return { type: "node", node };
  }
}

const refused = (reason: TokenRefusal, detail: string): TokenVerdict => ({ type: "refused", reason, detail });

const shorten = (text: string): string => text.slice(0, LONGEST_DETAIL);
