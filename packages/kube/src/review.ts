import type { Kube } from "./kube.ts";
import { isRecord, unreadable } from "./kube-object.ts";

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
  const status = await review(kube, "authentication.k8s.io/v1", "TokenReview", { token, audiences }, options);
  const user = isRecord(status["user"]) ? status["user"] : {};
  const extra = isRecord(user["extra"]) ? user["extra"] : {};
  return {
    authenticated: status["authenticated"] === true,
    username: textOf(user["username"]),
    groups: textsOf(user["groups"]),
    extra: Object.fromEntries(Object.entries(extra).map(([name, values]) => [name, textsOf(values)])),
    audiences: textsOf(status["audiences"]),
    error: textOf(status["error"]),
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
  const status = await review(kube, "authorization.k8s.io/v1", "SubjectAccessReview", spec, options);
  return status["allowed"] === true && status["denied"] !== true;
}

async function review(
  kube: Pick<Kube, "request">,
  apiVersion: string,
  kind: string,
  spec: object,
  { signal, timeoutMs }: ReviewOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const body = { apiVersion, kind, spec };
  // Urgent: who asks is kept waiting, for example a speaker that comes back.
  const options = { body, signal, timeoutMs, urgent: true };
  const answer = await kube.request("POST", `/apis/${apiVersion}/${kind.toLowerCase()}s`, options);
  if (!isRecord(answer) || !isRecord(answer["status"])) throw unreadable(`not a ${kind}`);
  return answer["status"];
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
