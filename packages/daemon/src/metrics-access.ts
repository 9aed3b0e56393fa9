import { createSecureContext } from "node:tls";
import type { Clock, Logger } from "@heraldlb/runtime";
import { type Certificate, createSelfSigned } from "./self-signed.ts";

/**
 * What a review of a token says: it may read metrics; it is nobody's; its owner may not; or nobody could be asked.
 */
export type MetricsVerdict = "allowed" | "unauthenticated" | "forbidden" | "unavailable";

/** Reviews a bearer token. After the signal nobody waits for the verdict any more. */
export type ReviewToken = (token: string, signal: AbortSignal) => Promise<MetricsVerdict>;

export interface MetricsAccessOptions {
  /** Common name of the certificate that is shown until there is a better one. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Logger;
}

const REVIEW_LIMIT_MS = 5_000;
// A scraper needs one in some seconds. Whoever makes up tokens must not keep the reviewer busy.
const MAX_REVIEWS = 4;
const MAX_TOKEN_LENGTH = 8_192;

/** Who may read metrics over HTTPS, and with which certificate they are served. Both come while the process runs. */
export class MetricsAccess {
  readonly #options: MetricsAccessOptions;
  #review: ReviewToken | undefined;
  #reviews = 0;
  #isTroubled = false;
  #certificate: Certificate | undefined;
  #onCertificate: ((certificate: Certificate) => void) | undefined;

  constructor(options: MetricsAccessOptions) {
    this.#options = options;
  }

  /** Has tokens reviewed from now on. Before that, nobody may read metrics. */
  protect(review: ReviewToken): void {
    this.#review = review;
  }

  /**
   * Shows this certificate to whoever connects from now on; connections that are there already stay.
   *
   * @throws Error if it is not one, or not of this key; the one before stays
   */
  certify(certificate: Certificate): void {
    createSecureContext(certificate);
    this.#certificate = certificate;
    this.#onCertificate?.(certificate);
  }

  /** The certificate to show: one that nobody vouches for unless there is another. */
  get certificate(): Certificate {
    this.#certificate ??= createSelfSigned(this.#options.name);
    return this.#certificate;
  }

  /** Whom to tell of another certificate: one server. */
  onCertificate(listener: ((certificate: Certificate) => void) | undefined): void {
    this.#onCertificate = listener;
  }

  /** What becomes of a request with this `Authorization`. */
  async judge(authorization: string | undefined): Promise<MetricsVerdict> {
    const review = this.#review;
    if (!review) return "unavailable";
    const token = bearerToken(authorization);
    if (token === undefined) return "unauthenticated";
    if (this.#reviews >= MAX_REVIEWS) return "unavailable";
    this.#reviews++;
    try {
      const verdict = await this.#timely(review, token);
      this.#isTroubled = false;
      return verdict;
    } catch (error) {
      if (!this.#isTroubled) this.#options.log.warn("tokens of metrics not reviewed", { error });
      this.#isTroubled = true;
      return "unavailable";
    } finally {
      this.#reviews--;
    }
  }

  async #timely(review: ReviewToken, token: string): Promise<MetricsVerdict> {
    const limit = new AbortController();
    const late = Promise.withResolvers<never>();
    using _ = this.#options.clock.timer(REVIEW_LIMIT_MS, () => {
      limit.abort();
      late.reject(new Error(`no verdict within ${REVIEW_LIMIT_MS} ms`));
    });
    return await Promise.race([review(token, limit.signal), late.promise]);
  }
}

/** The token of `Bearer TOKEN` (RFC 6750 section 2.1). */
function bearerToken(authorization = ""): string | undefined {
  const [, token] = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
  return token !== undefined && token.length <= MAX_TOKEN_LENGTH ? token : undefined;
}
