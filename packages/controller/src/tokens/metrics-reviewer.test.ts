import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { MetricsReviewer } from "./metrics-reviewer.ts";
import { review } from "./tokens.test.fixture.ts";

function start() {
  const clock = new FakeClock();
  const asked: string[] = [];
  const reviewer = new MetricsReviewer({
    clock,
    review: async (token, audiences) => {
      asked.push(`${token} for ${audiences.join(", ") || "the API server"}`);
      if (token === "away") throw new Error("connect ECONNREFUSED");
      return review({ authenticated: token !== "expired", username: token });
    },
    mayGet: async ({ username, groups, extra }, path) => {
      asked.push(`${username} of ${groups.length} groups and ${Object.keys(extra).length} extra: ${path}`);
      return username === "prometheus";
    },
  });
  return { clock, asked, reviewer };
}

test.each([
  ["a reader", "prometheus", "allowed"],
  ["somebody else", "anybody", "forbidden"],
  ["nobody", "expired", "unauthenticated"],
  ["whoever shows no token", undefined, "unauthenticated"],
  ["anybody, while the API server is away,", "away", "unavailable"],
])("%s is told so", async (_who, token, verdict) => {
  expect(await start().reviewer.review(token)).toBe(verdict);
});

test("a token is reviewed for the API server, and then its user's right to the path, once in half a minute", async () => {
  const { clock, asked, reviewer } = start();
  await reviewer.review("prometheus");
  await clock.advance(29_999);
  await reviewer.review("prometheus");
  expect(asked).toEqual(["prometheus for the API server", "prometheus of 1 groups and 1 extra: /metrics"]);
  await clock.advance(1);
  await reviewer.review("prometheus");
  expect(asked).toHaveLength(4);
});

test("whoever could not be reviewed is reviewed again", async () => {
  const { asked, reviewer } = start();
  await reviewer.review("away");
  await reviewer.review("away");
  expect(asked).toHaveLength(2);
});
