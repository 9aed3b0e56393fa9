import type { Peer } from "@heraldlb/api";
import type { TokenReview } from "@heraldlb/kube";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { Authenticator } from "./authenticator.ts";
import { TokenReviewer } from "./token-reviewer.ts";
import { ACCOUNT, recordingObserver, review } from "./tokens.test.fixture.ts";

const REVIEWS: Readonly<Record<string, TokenReview>> = {
  "of node-a": review(),
  "of node-b": review({ extra: { "authentication.kubernetes.io/node-name": ["node-b"] } }),
  expired: review({ authenticated: false, error: "token has expired" }),
  "for others": review({ authenticated: false, error: "invalid for the target audiences" }),
  "of others": review({ username: "system:serviceaccount:default:default" }),
  unbound: review({ extra: {} }),
};

function start({ hasTokens = true }: { readonly hasTokens?: boolean } = {}) {
  const asked: string[] = [];
  const observer = recordingObserver();
  const tokens = new TokenReviewer({
    ...{ clock: new FakeClock(), audience: "herald", account: ACCOUNT },
    review: async (token) => {
      asked.push(token);
      const answer = REVIEWS[token];
      if (!answer) throw new Error("connect ECONNREFUSED");
      return answer;
    },
  });
  const nodeExists = (node: string) => node === "node-a" || node === "node-b";
  const authenticator = new Authenticator({ nodeExists, tokens: hasTokens ? tokens : undefined, observer });
  return { authenticator, asked, counted: observer.counted };
}

/** How a stream comes: certificate names if by TLS, and a token. */
const peer = (certificateNames: readonly string[] | undefined, token?: string): Peer => ({
  ...{ address: "192.0.2.1", port: 40_000, certificateNames, token },
});

test.each<[what: string, peer: Peer, counted: string, reviews: number]>([
  ["without TLS, as anybody", peer(undefined), "accepted none", 0],
  ["with a certificate, without a review", peer(["node-a"], "of node-a"), "accepted certificate", 0],
  ["with a token", peer([], "of node-a"), "accepted token", 1],
  ["with another node's certificate and its own token", peer(["node-b"], "of node-a"), "accepted token", 1],
])("a speaker of node-a comes in %s", async (_what, from, expected, reviews) => {
  const { authenticator, asked, counted } = start();
  await authenticator.check(from, "node-a");
  expect(counted).toEqual([expected]);
  expect(asked).toHaveLength(reviews);
});

test.each<[what: string, peer: Peer, reason: string, code: string, message: string]>([
  ["nothing", peer([]), "noToken", "unauthenticated", "there is neither a certificate nor a token"],
  [
    "another node's certificate",
    peer(["node-b"]),
    "wrongNode",
    "permissionDenied",
    "the certificate is that of node-b, not of node node-a",
  ],
  [
    "another node's token",
    peer([], "of node-b"),
    "wrongNode",
    "permissionDenied",
    "the token is that of node node-b, not of node node-a",
  ],
  [
    "an expired token",
    peer([], "expired"),
    "notAuthenticated",
    "unauthenticated",
    "the token is not valid: token has expired",
  ],
  [
    "a token for another audience",
    peer([], "for others"),
    "wrongAudience",
    "unauthenticated",
    "the token is not for herald: invalid for the target audiences",
  ],
  [
    "a token of another account",
    peer([], "of others"),
    "wrongAccount",
    "permissionDenied",
    `the token is that of system:serviceaccount:default:default, not of ${ACCOUNT}`,
  ],
  [
    "a token that is bound to no pod",
    peer([], "unbound"),
    "noNode",
    "permissionDenied",
    "the token is not bound to a pod on a node",
  ],
  [
    "a token while the API server is away",
    peer([], "any"),
    "unavailable",
    "unavailable",
    "the token cannot be reviewed now: Error: connect ECONNREFUSED",
  ],
])("a speaker of node-a with %s is refused, counted, and told why", async (_what, from, reason, code, message) => {
  const { authenticator, counted } = start();
  await expect(authenticator.check(from, "node-a")).rejects.toMatchObject({ name: "StreamError", code, message });
  expect(counted).toEqual([`refused ${reason}`]);
});

test("a certificate of a node that is gone is worth nothing, a token is looked at", async () => {
  const { authenticator, asked } = start();
  const check = authenticator.check(peer(["node-c"]), "node-c");
  await expect(check).rejects.toMatchObject({ message: "there is no token, and no Node node-c either" });
  await expect(authenticator.check(peer(["node-c"], "of node-a"), "node-c")).rejects.toThrow("node-a");
  expect(asked).toEqual(["of node-a"]);
});

test("where only certificates count, a token is not looked at", async () => {
  const { authenticator, asked } = start({ hasTokens: false });
  await authenticator.check(peer(["node-a"]), "node-a");
  await expect(authenticator.check(peer([], "of node-a"), "node-a")).rejects.toMatchObject({
    code: "unauthenticated",
    message: "there is no certificate",
  });
  await expect(authenticator.check(peer(["node-b"], "of node-a"), "node-a")).rejects.toMatchObject({
    code: "permissionDenied",
  });
  expect(asked).toEqual([]);
});
