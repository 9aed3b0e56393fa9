import { Buffer } from "node:buffer";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { StateFolder } from "../state-folder.ts";
import { type ClientCertificate, createKey, type NewKey, readClientCertificate } from "./client-certificate.ts";

/** What a {@link CertificateKeeper} works with. */
export interface CertificateKeeperOptions {
  readonly node: string;
  readonly clock: Clock;
  /** Milliseconds since 1970: certificates have dates. */
  wallClock(): number;
  readonly log: Logger;
  readonly folder: Pick<StateFolder, "read" | "ignore" | "write">;
  /** Asks a controller to certify a key; false if none is there. */
  ask(publicKey: Uint8Array): boolean;
  /** There is a certificate: one that was kept, or a new one. @throws Error if it cannot be used */
  onCertificate(certificate: ClientCertificate): void;
}

// The wall clock may be set, and a machine may sleep. A controller that does not answer in this time has no authority of
// its own, or is gone.
const LOOK_AGAIN_MS = 60_000;

/** The certificate with which a speaker dials: asked for in a stream, kept in the state folder, renewed in time. */
export class CertificateKeeper implements Disposable {
  readonly #options: CertificateKeeperOptions;
  #current: ClientCertificate | undefined;
  #asked: NewKey | undefined;
  #isRefused = false;
  #timer: Disposable | undefined;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#load();
  }

  /** The certificate, as long as it is good. */
  get current(): ClientCertificate | undefined {
    return this.#current && this.#options.wallClock() < this.#current.expiresAt ? this.#current : undefined;
  }

  /** A controller has taken a stream: it can be asked. The one that was asked before may have been cut off meanwhile. */
  controllerAnswered(): void {
    this.#look();
  }

  /** A controller does not like the certificate. It stays in use, but another one is asked for. */
  refused(): void {
    this.#isRefused = true;
  }

  /** A controller has sent a certificate. */
  received(cert: string): void {
    const { folder, log } = this.#options;
    // There is a certificate already: this one was asked for twice.
    if (!this.#asked) return;
    try {
      const certificate = this.#use(cert, this.#asked.key);
      folder.write("client.key", () => certificate.key);
      folder.write("client.crt", () => certificate.cert);
      log.info("client certificate received", { expires: new Date(certificate.expiresAt).toISOString() });
      this.#asked = undefined;
      this.#isRefused = false;
      this.#lookAgain();
    } catch (error) {
      log.warn("client certificate not usable", { reason: reasonOf(error) });
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #load(): void {
    const { folder } = this.#options;
    const [cert, key] = [folder.read("client.crt"), folder.read("client.key")];
    if (!cert || !key) return;
    try {
      this.#use(Buffer.from(cert).toString(), Buffer.from(key).toString());
    } catch (error) {
      folder.ignore("client.crt", error);
    }
  }

  /** @throws Error if it cannot be used; the one before stays */
  #use(cert: string, key: string): ClientCertificate {
    const { node, wallClock, onCertificate } = this.#options;
    const certificate = readClientCertificate(cert, key, node);
    if (certificate.expiresAt <= wallClock()) throw new Error("it has expired, or this machine's clock is wrong");
    onCertificate(certificate);
    this.#current = certificate;
    return certificate;
  }

  /** Asks if it is time to, and looks again later. */
  #look(): void {
    const { wallClock, ask } = this.#options;
    const isDue = this.#isRefused || !this.#current || this.#current.renewAt <= wallClock();
    if (isDue) {
      this.#asked ??= createKey();
      // Without a controller the next one that takes a stream is asked.
      if (!ask(this.#asked.publicKey)) this.#asked = undefined;
    }
    this.#lookAgain();
  }

  #lookAgain(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.timer(LOOK_AGAIN_MS, () => this.#look());
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
