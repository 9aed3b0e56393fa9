import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { MetricsReviews } from "./metrics-reviews.ts";

function start({ isThere = true }: { readonly isThere?: boolean } = {}) {
  const clock = new FakeClock();
  const asked: { readonly id: bigint; readonly token: string }[] = [];
  const reviews = new MetricsReviews({
    clock,
    ask: ({ message }) => {
      if (message?.$case !== "metricsReview") expect.fail("another message");
      asked.push(message.value);
      return isThere;
    },
  });
  return { clock, asked, reviews };
}

test.each([
  [true, "", "allowed"],
  [false, "unauthenticated", "unauthenticated"],
  [false, "unavailable", "unavailable"],
  [false, "forbidden", "forbidden"],
  [false, "a reason of a later version", "forbidden"],
])("a controller's answer (%s, %j) is: %s", async (allowed, reason, verdict) => {
  const { asked, reviews } = start();
  const answer = reviews.review("token");
  reviews.received({ id: 99n, allowed: !allowed, reason: "" });
  reviews.received({ id: asked[0]?.id ?? 0n, allowed, reason });
  expect(await answer).toBe(verdict);
});

test("answers find their questions", async () => {
  const { asked, reviews } = start();
  const answers = [reviews.review("first"), reviews.review("second")];
  for (const { id, token } of asked.toReversed()) reviews.received({ id, allowed: token === "first", reason: "" });
  expect(await Promise.all(answers)).toEqual(["allowed", "forbidden"]);
});

test("an answer counts for half a minute, since it may be as old when it comes", async () => {
  const { clock, asked, reviews } = start();
  const answer = reviews.review("token");
  reviews.received({ id: 1n, allowed: true, reason: "" });
  await answer;
  await clock.advance(29_999);
  expect(await reviews.review("token")).toBe("allowed");
  await clock.advance(1);
  void reviews.review("token");
  expect(asked).toHaveLength(2);
});

test("without an answer in time, or without a controller, nobody can say, and the next one asks again", async () => {
  const { clock, asked, reviews } = start();
  const late = reviews.review("token");
  await clock.advance(3_000);
  expect(await late).toBe("unavailable");
  reviews.received({ id: 1n, allowed: true, reason: "" });
  void reviews.review("token");
  expect(asked).toHaveLength(2);
  expect(await start({ isThere: false }).reviews.review("token")).toBe("unavailable");
});
