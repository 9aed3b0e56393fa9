import { expect, test } from "vitest";
import { settle } from "./controller.test.fixture.ts";
import { oneAtATime } from "./one-at-a-time.ts";

function start() {
  const ending = new AbortController();
  const begun: number[] = [];
  let finish = () => {};
  const ask = oneAtATime((item: number) => {
    begun.push(item);
    const { promise, resolve } = Promise.withResolvers<void>();
    finish = resolve;
    return promise;
  }, ending.signal);
  /** Ends what is under way. */
  const end = async () => {
    finish();
    await settle();
  };
  return { ask, begun, end, ending };
}

test("of several that come while one is under way only the last one is next", async () => {
  const { ask, begun, end } = start();
  for (const item of [1, 2, 3]) ask(item);
  expect(begun).toEqual([1]);
  await end();
  expect(begun).toEqual([1, 3]);
  await end();
  ask(4);
  expect(begun).toEqual([1, 3, 4]);
});

test("what waits when the end comes never begins: with it may go the right to do so", async () => {
  const { ask, begun, end, ending } = start();
  ask(1);
  ask(2);
  ending.abort();
  await end();
  ask(3);
  expect(begun).toEqual([1]);
});
