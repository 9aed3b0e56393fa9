import type { TlsMaterial } from "@heraldlb/api";
import { DecodeError } from "@heraldlb/net";
import { backoff, type Clock, type Logger, Mailbox } from "@heraldlb/runtime";
import { issueClient, issueServer } from "./issue.ts";
import { type AuthorityState, bundleOf, CLIENT_LIFETIME_MS, LEAF_LIFETIME_MS } from "./rotation.ts";
import { type SettleDependencies, settleAuthority } from "./settle.ts";

/** What an authority needs. */
export interface AuthorityDependencies extends SettleDependencies {
  readonly clock: Clock;
  /** 0 ≤ random < 1 */
  random(): number;
}

const RETRY = { initialMs: 200, maxMs: 30_000 } as const;
// Without an authority nobody is served, and nothing else asks the API server by then that would tell that it is back.
const OPENING_RETRY = { initialMs: 200, maxMs: 5_000 } as const;
// Nothing that time alone brings about is more urgent.
const LOOK_EVERY_MS = 6 * 3_600_000;

/**
 * Opens the authority that is kept in a Secret, or makes it. Whatever keeps it from that is logged, told, and tried again.
 *
 * @throws the signal's reason
 */
export async function openAuthority(
  dependencies: AuthorityDependencies,
  signal: AbortSignal,
  onTrouble?: (problem: unknown) => void,
): Promise<Authority> {
  const { clock, log, random } = dependencies;
  const complain = complainer(log);
  for (let attempt = 0; ; attempt++) {
    signal.throwIfAborted();
    try {
      return new Authority(await settleAuthority(undefined, dependencies), dependencies);
    } catch (error) {
      signal.throwIfAborted();
      complain(error);
      onTrouble?.(error);
      await clock.sleep(backoff(OPENING_RETRY, attempt, random()), signal);
    }
  }
}

/**
 * The authority that vouches for controllers before speakers and the API server, and for nodes before controllers.
 *
 * All replicas share it by one Secret; whoever comes first makes it and rotates it. A new generation is trusted for a
 * day before it signs, and the one before is trusted until nothing that it signed is valid, so nobody is ever refused.
 */
export class Authority {
  readonly #dependencies: AuthorityDependencies;
  readonly #listeners = new Set<Mailbox<void>>();
  readonly #looks = new Mailbox<void>();
  #isLookAsked = false;
  #state: AuthorityState;

  /** Of a state that is stored: see `openAuthority`. */
  constructor(state: AuthorityState, dependencies: AuthorityDependencies) {
    this.#state = state;
    this.#dependencies = dependencies;
  }

  /** All certificates to trust, in PEM. */
  get bundle(): string {
    return bundleOf(this.#state);
  }

  /** Tells that the Secret may have changed. */
  refresh(): void {
    if (this.#isLookAsked) return;
    this.#isLookAsked = true;
    this.#looks.put();
  }

  /** Rotates what is due, and takes over what other replicas have done to the Secret, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#dependencies;
    const complain = complainer(log);
    let failures = 0;
    let timer: Disposable | undefined;
    this.refresh();
    for await (const _ of this.#looks.take(signal)) {
      this.#isLookAsked = false;
      timer?.[Symbol.dispose]();
      try {
        this.#state = await settleAuthority(this.#state, this.#dependencies);
        complain(undefined);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        complain(error);
        failures++;
      }
      // What is at hand must be renewed whether or not the Secret can be read.
      for (const listener of this.#listeners) listener.put();
      const delayMs = failures > 0 ? backoff(RETRY, failures - 1, random()) : LOOK_EVERY_MS;
      timer = clock.timer(delayMs, () => this.refresh());
    }
    timer?.[Symbol.dispose]();
  }

  /** The bundle, and then every other one that it comes to be, until the signal aborts. */
  async *bundles(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    let last = "";
    for await (const _ of this.#looked(signal)) {
      const { bundle } = this;
      if (bundle === last) continue;
      last = bundle;
      yield bundle;
    }
  }

  /**
   * A server's certificate with its key and the bundle, and then every other ones that it is to use, until the signal
   * aborts. `names` are DNS names and IP addresses, at least one. A certificate is renewed after two thirds of its life.
   */
  async *serverCertificates(
    names: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<TlsMaterial, void, undefined> {
    let last: Issued | undefined;
    for await (const _ of this.#looked(signal)) {
      const [ca, now] = [this.bundle, this.#dependencies.wallClock()];
      const isGood = last && last.signer === this.#state.current.cert && now < last.renewAt;
      const issued: Issued = isGood && last ? last : await this.#issue(names, now);
      if (issued === last && issued.material.ca === ca) continue;
      last = { ...issued, material: { ...issued.material, ca } };
      yield last.material;
    }
  }

  /**
   * A certificate in PEM, valid for a day, that makes the holder of the public key (SubjectPublicKeyInfo in DER)
   * a node's speaker: the node's name is its common name, as far as that may be so long, and its DNS name.
   *
   * @throws DecodeError for what is no such key (ECDSA on the curve P-256) or cannot be the name of a Node
   */
  signClient(publicKey: Uint8Array, node: string): Promise<string> {
    const now = this.#dependencies.wallClock();
    return issueClient(this.#state.current, { publicKey, node, now, lifetimeMs: CLIENT_LIFETIME_MS });
  }

  async #issue(names: readonly string[], now: number): Promise<Issued> {
    const { current } = this.#state;
    const pair = await issueServer(current, { names, now, lifetimeMs: LEAF_LIFETIME_MS });
    const lifetimeMs = Math.min(LEAF_LIFETIME_MS, current.notAfter - now);
    return { material: { ...pair, ca: "" }, signer: current.cert, renewAt: now + (lifetimeMs * 2) / 3 };
  }

  /** Now, and whenever the Secret has been looked at. */
  async *#looked(signal: AbortSignal): AsyncGenerator<void, void, undefined> {
    const inbox = new Mailbox<void>();
    this.#listeners.add(inbox);
    inbox.put();
    try {
      yield* inbox.take(signal);
    } finally {
      this.#listeners.delete(inbox);
    }
  }
}

interface Issued {
  readonly material: TlsMaterial;
  /** Certificate of the generation that signed. */
  readonly signer: string;
  readonly renewAt: number;
}

/** Logs what is wrong when it begins or becomes something else; undefined: nothing is. */
function complainer(log: Logger): (error: unknown) => void {
  let last: string | undefined;
  return (error) => {
    const message = error instanceof Error ? error.message : undefined;
    if (message !== undefined && message !== last) {
      if (error instanceof DecodeError) log.error("Secret of the authority is not usable, left as it is", { error });
      else log.warn("Secret of the authority not read or written, trying again", { error });
    }
    last = message;
  };
}
