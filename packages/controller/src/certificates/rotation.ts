import type { Generation } from "./generation.ts";

/** An authority at a moment: who signs, and whom everybody is to trust. */
export interface AuthorityState {
  /** Signs. */
  readonly current: Generation;
  /** Is trusted already, and will sign once everybody can have heard of it. */
  readonly next?: Generation | undefined;
  /** Does not sign any more, but what it signed may still be valid. */
  readonly former?: Former | undefined;
}

/** Generations that have had their time. */
export interface Former {
  /** Certificates in PEM. */
  readonly certs: string;
  /** When nothing that they signed can be valid any more, in milliseconds since 1970. */
  readonly until: number;
}

/** What is next in the life of an authority. */
export type RotationStep =
  /** Trust nothing any more that the former ones signed. */
  | "retire"
  /** Let everybody trust a new generation. */
  | "announce"
  /** Let that sign. */
  | "promote";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** How long a generation is valid. */
export const GENERATION_LIFETIME_MS: number = 365 * DAY_MS;

/** The longest that anything is valid that an authority signs. */
export const LEAF_LIFETIME_MS: number = 30 * DAY_MS;

/** How long a node's client certificate is valid. */
export const CLIENT_LIFETIME_MS: number = DAY_MS;

// A third of its life.
const ANNOUNCED_BEFORE_END_MS = 120 * DAY_MS;
// ConfigMaps reach a node's files within two minutes. A day leaves time to put right what keeps them from it.
const ANNOUNCED_FOR_MS = DAY_MS;
// Another replica may sign on for as long as it does not know better.
const MARGIN_MS = DAY_MS;

/** What is to be done now, if anything. */
export function dueStep({ current, next, former }: AuthorityState, now: number): RotationStep | undefined {
  if (former && now >= former.until) return "retire";
  if (!next) return now >= current.notAfter - ANNOUNCED_BEFORE_END_MS ? "announce" : undefined;
  // Nobody trusts a current one that is over, so there is nothing to wait for.
  return now >= next.notBefore + ANNOUNCED_FOR_MS || now >= current.notAfter ? "promote" : undefined;
}

/** The state without its former generations. */
export function retire({ current, next }: AuthorityState): AuthorityState {
  return { current, next };
}

/** The state after its next generation has begun to sign. */
export function promote({ current, next, former }: AuthorityState, now: number): AuthorityState {
  if (!next) throw new Error("there is no next generation");
  const certs = `${former?.certs ?? ""}${current.cert}`;
  return { current: next, former: { certs, until: now + LEAF_LIFETIME_MS + MARGIN_MS } };
}

/** Certificates of all generations to trust, in PEM; the one that signs comes first. */
export function bundleOf({ current, next, former }: AuthorityState): string {
  return `${current.cert}${next?.cert ?? ""}${former?.certs ?? ""}`;
}
