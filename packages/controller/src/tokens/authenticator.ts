import { type Peer, StreamError, type StreamErrorCode } from "@heraldlb/api";
import type { TokenRefusal, TokenReviewer, TokenVerdict } from "./token-reviewer.ts";

/** How a stream has proved to be its node's: `none` without TLS, where nothing is proved. */
export type Proof = "certificate" | "token" | "none";

/** Counts who comes in and who does not. */
export interface AuthenticationObserver {
  onAccepted(proof: Proof): void;
  onRefused(reason: TokenRefusal): void;
}

/** What an {@link Authenticator} goes by. */
export interface AuthenticatorOptions {
  /** Whether there is a Node of that name, as far as is known: a certificate is worth nothing without it. */
  readonly nodeExists: (node: string) => boolean;
  /** Undefined: certificates are all there is. */
  readonly tokens: TokenReviewer | undefined;
  readonly observer: AuthenticationObserver;
}

const CODES: { readonly [R in TokenRefusal]: StreamErrorCode } = {
  noToken: "unauthenticated",
  notAuthenticated: "unauthenticated",
  wrongAudience: "unauthenticated",
  wrongAccount: "permissionDenied",
  noNode: "permissionDenied",
  wrongNode: "permissionDenied",
  unavailable: "unavailable",
};

/**
 * Finds out whether a stream is of the node that it says.
 *
 * A certificate of that node is enough, so that a redial needs no API server; else the token has to be its.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Resolves if the stream is the node's.
   *
   * @throws StreamError that the speaker is to be told: `unauthenticated`, `permissionDenied`, or `unavailable` if nobody
   * can say now, and it is worth dialling again
   */
  async check(peer: Peer, node: string): Promise<void> {
    const { observer } = this.#options;
    const proof = this.#proofOf(peer, node);
    if (proof) return observer.onAccepted(proof);
    const verdict = await this.verdictOn(peer, node);
    if (verdict.type === "node") return observer.onAccepted("token");
    observer.onRefused(verdict.reason);
    throw new StreamError(CODES[verdict.reason], verdict.detail);
  }

  /** What the token of a stream of this node is worth. Never rejects. */
  async verdictOn({ token, certificateNames = [] }: Peer, node: string): Promise<TokenVerdict> {
    const { tokens } = this.#options;
    if (token !== undefined && tokens) return ofNode(await tokens.nodeOf(token), node);
    if (certificateNames.includes(node)) return refused("noToken", `there is no token, and no Node ${node} either`);
    const what = tokens ? "neither a certificate nor a token" : "no certificate";
    if (certificateNames.length === 0) return refused("noToken", `there is ${what}`);
    return refused("wrongNode", `the certificate is that of ${certificateNames.join(", ")}, not of node ${node}`);
  }

  #proofOf({ certificateNames }: Peer, node: string): Proof | undefined {
    if (certificateNames === undefined) return "none";
    return certificateNames.includes(node) && this.#options.nodeExists(node) ? "certificate" : undefined;
  }
}

function ofNode(verdict: TokenVerdict, node: string): TokenVerdict {
  if (verdict.type === "refused" || verdict.node === node) return verdict;
  return refused("wrongNode", `the token is that of node ${verdict.node}, not of node ${node}`);
}

const refused = (reason: TokenRefusal, detail: string): TokenVerdict => ({ type: "refused", reason, detail });
