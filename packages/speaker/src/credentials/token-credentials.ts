import { type ConnectResponse, type ControllerStream, DialError, type DialOptions } from "@heraldlb/api";
import type { MetricsAccess } from "@heraldlb/daemon";
import type { DialId } from "@heraldlb/election";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { StateFolder } from "../state-folder.ts";
import { AnsweringStreams, type SendOn } from "./answering-streams.ts";
import { CertificateKeeper } from "./certificate-keeper.ts";
import { CredentialFileReader, type CredentialFiles } from "./credential-files.ts";
import type { Credentials, UnprotectedDial } from "./credentials.ts";
import { MetricsReviews } from "./metrics-reviews.ts";

/** What {@link TokenCredentials} work with. */
export interface TokenCredentialsOptions {
  readonly node: string;
  readonly files: CredentialFiles;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  wallClock(): number;
  readonly log: Logger;
  readonly folder: Pick<StateFolder, "read" | "ignore" | "write">;
  readonly metrics: Pick<MetricsAccess, "certify" | "protect">;
  readonly send: SendOn;
  /** As `connectSpeaker`. */
  connect(options: DialOptions, signal: AbortSignal): Promise<ControllerStream>;
}

// Kubelet replaces a token when 80 % of its life, which has ten minutes at least, are over.
const LOOK_MS = 5_000;

/**
 * The credentials of a speaker with a service account's token. With the token it gets a certificate in its first stream;
 * with that it dials again even where tokens cannot be reviewed. The certificate serves its metrics, too.
 */
export class TokenCredentials implements Credentials {
  readonly #options: TokenCredentialsOptions;
  readonly #reader: CredentialFileReader;
  readonly #streams: AnsweringStreams;
  readonly #certificates: CertificateKeeper;
  readonly #reviews: MetricsReviews;
  /** Controllers that have just hung up on the certificate, by address and port. */
  readonly #withoutCertificate = new Set<string>();
  #timer: Disposable | undefined;
  #token: string;

  /** @throws SettingError if one of the files cannot be used */
  constructor(options: TokenCredentialsOptions) {
    const { files, log, metrics, clock, send } = options;
    this.#options = options;
    this.#reader = new CredentialFileReader(files, log);
    this.#token = this.#reader.read().token;
    this.#streams = new AnsweringStreams(send);
    this.#certificates = new CertificateKeeper({
      ...options,
      ask: (publicKey) => this.#streams.ask({ message: { $case: "certificateRequest", value: { publicKey } } }),
      onCertificate: (certificate) => metrics.certify(certificate),
    });
    this.#reviews = new MetricsReviews({ clock, ask: (request) => this.#streams.ask(request) });
    metrics.protect((token) => this.#reviews.review(token));
    this.#watch();
  }

  async connect(dial: UnprotectedDial, signal: AbortSignal): Promise<ControllerStream> {
    const controller = `${dial.address} ${dial.port}`;
    const { token, ca } = this.#reader.read();
    const certificate = this.#withoutCertificate.delete(controller) ? undefined : this.#certificates.current;
    const security = { ca, token, cert: certificate?.cert, key: certificate?.key };
    try {
      return await this.#options.connect({ ...dial, security }, signal);
    } catch (error) {
      // The certificate may be what it does not like: an authority that is there anew does not know the former one's.
      const isRefused = error instanceof DialError && error.code === "tls";
      if (isRefused && certificate) {
        this.#withoutCertificate.add(controller);
        this.#certificates.refused();
      }
      throw error;
    }
  }

  received(dial: DialId, { message }: ConnectResponse): boolean {
    switch (message?.$case) {
      case "reply":
        if (this.#streams.note(dial, message.value.role)) this.#certificates.controllerAnswered();
        return false;
      case "certificate":
        this.#certificates.received(message.value.certificate);
        return true;
      case "metricsReviewed":
        this.#reviews.received(message.value);
        return true;
      default:
        return false;
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#certificates[Symbol.dispose]();
  }

  /** Tells controllers of a new token as soon as there is one. */
  #watch(): void {
    const { token } = this.#reader.read();
    if (token !== this.#token) this.#streams.tell({ message: { $case: "tokenRenewal", value: { token } } });
    this.#token = token;
    this.#timer = this.#options.clock.timer(LOOK_MS, () => this.#watch());
  }
}
