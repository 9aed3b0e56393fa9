import type { TokenReview } from "@heraldlb/kube";
import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { TokenReviewer, type TokenVerdict } from "./token-reviewer.ts";
import { ACCOUNT, review } from "./tokens.test.fixture.ts";

function start(answer: (token: string) => Promise<TokenReview>) {
  const clock = new FakeClock();
  const asked: [token: string, audiences: readonly string[]][] = [];
  const reviewer = new TokenReviewer({
    ...{ clock, audience: "herald", account: ACCOUNT },
    review: (token, audiences) => {
      asked.push([token, audiences]);
      return answer(token);
    },
  });
  return { clock, asked, reviewer };
}

test.each<[what: string, answer: TokenReview, reason: (TokenVerdict & { type: "refused" })["reason"], detail: string]>([
  [
    "that has expired",
    review({ authenticated: false, error: "[invalid bearer token, service account token has expired]" }),
    "notAuthenticated",
    "the token is not valid: [invalid bearer token, service account token has expired]",
  ],
  [
    "that is refused without a reason",
    review({ authenticated: false }),
    "notAuthenticated",
    "the token is not valid: no reason",
  ],
  [
    "for another audience",
    review({
      authenticated: false,
      error: '[invalid bearer token, token audiences ["x"] is invalid for the target audiences ["herald"]]',
    }),
    "wrongAudience",
    'the token is not for herald: [invalid bearer token, token audiences ["x"] is invalid for the target audiences ["herald"]]',
  ],
  ["whose audience nobody has looked at", review({ audiences: [] }), "wrongAudience", "the token is not for herald"],
  [
    "of another account",
    review({ username: "system:serviceaccount:default:herald-speaker" }),
    "wrongAccount",
    `the token is that of system:serviceaccount:default:herald-speaker, not of ${ACCOUNT}`,
  ],
  ["that is not bound to a pod", review({ extra: {} }), "noNode", "the token is not bound to a pod on a node"],
  [
    "of two nodes",
    review({ extra: { "authentication.kubernetes.io/node-name": ["node-a", "node-b"] } }),
    "noNode",
    "the token is not bound to a pod on a node",
  ],
])("a token %s is refused", async (_what, answer, reason, detail) => {
  const { reviewer } = start(async () => answer);
  expect(await reviewer.nodeOf("token")).toEqual({ type: "refused", reason, detail });
});

test("a speaker's token is that of its pod's node, which is asked for once a minute", async () => {
  const { clock, asked, reviewer } = start(async () => review());
  for (const ms of [0, 59_999, 1]) {
    await clock.advance(ms);
    expect(await reviewer.nodeOf("token")).toEqual({ type: "node", node: "node-a" });
  }
  expect(asked).toEqual([
    ["token", ["herald"]],
    ["token", ["herald"]],
  ]);
});

test("a refusal is looked at again after ten seconds", async () => {
  const answers = [review({ authenticated: false }), review()];
  const { clock, reviewer } = start(async () => answers.shift() ?? review());
  expect(await reviewer.nodeOf("token")).toMatchObject({ reason: "notAuthenticated" });
  await clock.advance(9_999);
  expect(await reviewer.nodeOf("token")).toMatchObject({ reason: "notAuthenticated" });
  await clock.advance(1);
  expect(await reviewer.nodeOf("token")).toMatchObject({ node: "node-a" });
});

test("an API server that is away makes no verdict: the next one who wants to know asks again", async () => {
  const answers = [Promise.reject(new Error("connect ECONNREFUSED")), Promise.resolve(review())];
  const { reviewer } = start(() => answers.shift() ?? Promise.reject(new Error("too many")));
  expect(await reviewer.nodeOf("token")).toEqual({
    type: "refused",
    reason: "unavailable",
    detail: "the token cannot be reviewed now: Error: connect ECONNREFUSED",
  });
  expect(await reviewer.nodeOf("token")).toMatchObject({ node: "node-a" });
});
