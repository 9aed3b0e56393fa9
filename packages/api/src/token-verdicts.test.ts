import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { TokenVerdicts } from "./index.ts";

/** Verdicts that are given by hand: a token's length is the verdict, and for how many ms it counts. */
function start(atOnce = 10) {
  const clock = new FakeClock();
  const asked: { readonly token: string; readonly answer: PromiseWithResolvers<number> }[] = [];
  const verdicts = new TokenVerdicts<number>({
    clock,
    atOnce,
    keepMs: (length) => length,
    ask(token) {
      const answer = Promise.withResolvers<number>();
      asked.push({ token, answer });
      return answer.promise;
    },
  });
  const answerAll = () => {
    for (const { token, answer } of asked) answer.resolve(token.length);
  };
  return { clock, asked, verdicts, answerAll, tokens: () => asked.map(({ token }) => token) };
}

test("all who want to know of one token at the same time get one answer", async () => {
  const { verdicts, tokens, answerAll } = start();
  const answers = [verdicts.of("abc"), verdicts.of("abc"), verdicts.of("d")];
  answerAll();
  expect(await Promise.all(answers)).toEqual([3, 3, 1]);
  expect(tokens()).toEqual(["abc", "d"]);
});

test("a verdict counts for its time, and not longer", async () => {
  const { clock, verdicts, tokens, answerAll } = start();
  const first = verdicts.of("abc");
  answerAll();
  await first;
  await clock.advance(2);
  expect(await verdicts.of("abc")).toBe(3);
  await clock.advance(1);
  const again = verdicts.of("abc");
  answerAll();
  expect(await again).toBe(3);
  expect(tokens()).toEqual(["abc", "abc"]);
});

test("a failure reaches all who wait, and the next one asks again", async () => {
  const { verdicts, asked, tokens } = start();
  const answers = [verdicts.of("abc"), verdicts.of("abc")].map((answer) => expect(answer).rejects.toThrow("down"));
  asked[0]?.answer.reject(new Error("down"));
  await Promise.all(answers);
  const next = verdicts.of("abc");
  asked[1]?.answer.resolve(3);
  expect(await next).toBe(3);
  expect(tokens()).toEqual(["abc", "abc"]);
});

test("no more than allowed are asked about at once; the others have their turn", async () => {
  const { clock, verdicts, asked, tokens, answerAll } = start(2);
  const answers = ["a", "bb", "ccc", "dddd"].map((token) => verdicts.of(token));
  await clock.advance(0);
  expect(tokens()).toEqual(["a", "bb"]);
  asked[0]?.answer.reject(new Error("down"));
  await expect(answers[0]).rejects.toThrow("down");
  await clock.advance(0);
  expect(tokens()).toEqual(["a", "bb", "ccc"]);
  answerAll();
  await clock.advance(0);
  answerAll();
  expect(await Promise.all(answers.slice(1))).toEqual([2, 3, 4]);
});

test("a flood of tokens is turned away, and those that wait are not forgotten", async () => {
  const { clock, verdicts, answerAll, asked } = start(3000);
  const answers = Array.from({ length: 2048 }, (_, i) => verdicts.of(`token ${i}`));
  await expect(verdicts.of("one more")).rejects.toThrow("too many");
  answerAll();
  await Promise.all(answers);
  await clock.advance(0);
  const more = verdicts.of("one more");
  answerAll();
  expect(await more).toBe(8);
  expect(asked).toHaveLength(2049);
});

test("of many verdicts the oldest are forgotten", async () => {
  let asked = 0;
  const verdicts = new TokenVerdicts({
    clock: new FakeClock(),
    atOnce: 1,
    keepMs: () => 1,
    ask: async () => ++asked,
  });
  for (let i = 1; i <= 4097; i++) expect(await verdicts.of(`${i}`)).toBe(i);
  expect(await verdicts.of("2")).toBe(2);
  expect(await verdicts.of("1")).toBe(4098);
});
