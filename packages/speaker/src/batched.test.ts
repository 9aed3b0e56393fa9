import { FakeClock } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { batched, sliced } from "./batched.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("what is said in one turn of the event loop is one message", async () => {
  const sent: (readonly number[])[] = [];
  const say = batched<number>((items) => sent.push(items));
  say(1);
  say(2);
  expect(sent).toEqual([]);
  await turn();
  say(3);
  await turn();
  expect(sent).toEqual([[1, 2], [3]]);
});

test("much of it is several messages, in order and without empty ones", async () => {
  const sent: (readonly number[])[] = [];
  const say = batched<number>((items) => sent.push(items));
  for (let i = 0; i < 512; i++) say(i);
  expect(sent.map(({ length }) => length)).toEqual([256, 256]);
  await turn();
  expect(sent.flat()).toEqual(Array.from({ length: 512 }, (_, i) => i));
  expect(sent).toHaveLength(2);
});

test("items are dealt with in order, in slices, and what comes meanwhile after them", async () => {
  const clock = new FakeClock();
  const time = { ms: 0 };
  const dealt: number[] = [];
  const deal = sliced<number>({ now: () => clock.now() + time.ms }, 2, (item) => {
    time.ms++;
    dealt.push(item);
  });
  deal([1, 2, 3]);
  expect(dealt).toEqual([1, 2]);
  deal([4]);
  expect(dealt).toEqual([1, 2]);
  await turn();
  expect(dealt).toEqual([1, 2, 3, 4]);
  deal([5]);
  expect(dealt).toEqual([1, 2, 3, 4, 5]);
});
