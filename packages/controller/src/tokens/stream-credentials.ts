import type { Peer, SpeakerStream } from "@heraldlb/api";
import type { Logger } from "@heraldlb/runtime";
import type { Authenticator } from "./authenticator.ts";
import {
  type CredentialRequest,
  encodeCertificate,
  encodeMetricsReviewed,
  type IssuedCertificate,
} from "./credential-messages.ts";
import type { MetricsReviewer } from "./metrics-reviewer.ts";
import type { TokenRefusal } from "./token-reviewer.ts";

/** Counts what becomes of credentials in streams. */
export interface CredentialObserver {
  onRenewed(outcome: "accepted" | TokenRefusal): void;
  onCertificate(outcome: "issued" | "refused"): void;
}

/** What {@link StreamCredentials} works with. */
export interface StreamCredentialsOptions {
  readonly log: Logger;
  readonly observer: CredentialObserver;
  readonly authenticator: Authenticator;
  /** Undefined: nobody may read metrics by a token. */
  readonly metrics: MetricsReviewer | undefined;
  /** Certifies a key of a node, or rejects if it is none; undefined without an authority of one's own. */
  readonly sign: ((publicKey: Uint8Array, node: string) => Promise<IssuedCertificate>) | undefined;
}

/** The stream that a request came on. */
export interface CredentialStream extends Pick<SpeakerStream, "peer" | "send"> {
  /** Of which node it has proved to be. */
  readonly node: string;
}

/** Answers what speakers say and ask about credentials. Nothing of it ever ends a stream. */
export class StreamCredentials {
  readonly #options: StreamCredentialsOptions;
  /** The newest token of a stream, if it has been renewed. */
  readonly #renewed = new WeakMap<Peer, string>();

  constructor(options: StreamCredentialsOptions) {
    this.#options = options;
  }

  /** Deals with a request of a stream that has been checked. Resolves when it is answered; never rejects. */
  async hear(request: CredentialRequest, stream: CredentialStream): Promise<void> {
    switch (request.type) {
      case "tokenRenewal":
        return this.#renew(request.token, stream);
      case "certificateRequest":
        return this.#certify(request.publicKey, stream);
      case "metricsReview":
        return this.#review(request, stream);
    }
  }

  async #renew(token: string, { peer, node }: CredentialStream): Promise<void> {
    const { authenticator, observer, log } = this.#options;
    this.#renewed.set(peer, token);
    const verdict = await authenticator.verdictOn({ ...peer, token }, node);
    observer.onRenewed(verdict.type === "node" ? "accepted" : verdict.reason);
    if (verdict.type === "refused")
      log.warn("renewed token not accepted", { node, reason: verdict.reason, detail: verdict.detail });
  }

  async #certify(publicKey: Uint8Array, { peer, node, send }: CredentialStream): Promise<void> {
    const { sign, authenticator, observer, log } = this.#options;
    if (!sign) return;
    try {
      if (peer.certificateNames === undefined) throw new Error("without TLS a stream may be anybody's");
      // A certificate alone gets no other one: else whoever steals a key has it for ever.
      const token = this.#renewed.get(peer) ?? peer.token;
      const verdict = await authenticator.verdictOn({ ...peer, certificateNames: [], token }, node);
      if (verdict.type === "refused") throw new Error(verdict.detail);
      send(encodeCertificate(await sign(publicKey, node)));
      observer.onCertificate("issued");
    } catch (error) {
      observer.onCertificate("refused");
      log.warn("certificate not issued", { node, reason: String(error) });
    }
  }

  async #review(
    { id, token }: Extract<CredentialRequest, { type: "metricsReview" }>,
    { send }: CredentialStream,
  ): Promise<void> {
    const verdict = (await this.#options.metrics?.review(token)) ?? "unavailable";
    const allowed = verdict === "allowed";
    send(encodeMetricsReviewed({ id, allowed, reason: allowed ? "" : verdict }));
  }
}
