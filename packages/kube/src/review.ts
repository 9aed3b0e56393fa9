import type { Kube } from "./kube.ts";
import { fieldsOf, unreadable } from "./kube-object.ts";

/** Settings of a review. */
export interface ReviewOptions {
  readonly signal?: AbortSignal | undefined;
  /** 10 s unless given. */
  readonly timeoutMs?: number | undefined;
}

/** Whom a request is made by, as API servers see it. */
export interface Subject {
  readonly username: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What an API server says of a token. */
export interface TokenReview extends Subject {
  readonly authenticated: boolean;
  /** Those of the audiences asked for that the token is meant for. */
  readonly audiences: readonly string[];
  /** Why it could not be checked; empty if it could. */
  readonly error: string;
}

/** Asks whether a token is valid for one of the audiences, and whose it is. @throws KubeError */
export async function reviewToken(
  kube: Pick<Kube, "request">,
  token: string,
  audiences: readonly string[],
  options: ReviewOptions = {},
): Promise<TokenReview> {
  const spec = { token, audiences };
  const status = await review(kube, { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec }, options);
  const { username, groups, extra } = fieldsOf(status.user);
  return {
    authenticated: status.authenticated === true,
    username: textOf(username),
    groups: textsOf(groups),
    extra: Object.fromEntries(Object.entries(fieldsOf(extra)).map(([name, values]) => [name, textsOf(values)])),
    audiences: textsOf(status.audiences),
    error: textOf(status.error),
  };
}

/** Asks whether somebody may GET a URL that is no resource, for example `/metrics`. @throws KubeError */
export async function mayGet(
  kube: Pick<Kube, "request">,
  { username, groups, extra }: Subject,
  nonResourceUrl: string,
  options: ReviewOptions = {},
): Promise<boolean> {
  const nonResourceAttributes = { path: nonResourceUrl, verb: "get" };
  const spec = { user: username, groups, extra, nonResourceAttributes };
  const request = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
  const { allowed, denied } = await review(kube, request, options);
  return allowed === true && denied !== true;
}

/** The fields of both kinds' status, unchecked. */
interface ReviewStatus {
  readonly authenticated?: unknown;
  readonly user?: unknown;
  readonly audiences?: unknown;
  readonly error?: unknown;
  readonly allowed?: unknown;
  readonly denied?: unknown;
}

async function review(
  kube: Pick<Kube, "request">,
  body: { readonly apiVersion: string; readonly kind: string; readonly spec: object },
  { signal, timeoutMs }: ReviewOptions,
): Promise<ReviewStatus> {
  // Urgent: who asks is kept waiting, for example a speaker that comes back.
  const options = { body, signal, timeoutMs, urgent: true };
  const answer = await kube.request("POST", `/apis/${body.apiVersion}/${body.kind.toLowerCase()}s`, options);
  const { status } = fieldsOf(answer);
  if (status === undefined) throw unreadable(`not a ${body.kind}`);
  return fieldsOf(status);
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
