import fc from "fast-check";
import { expect, test } from "vitest";
import { Mailbox } from "./mailbox.ts";

test("yields what was put, in order, whether it came before or while waiting", async () => {
  const mailbox = new Mailbox<number>();
  const stop = new AbortController();
  const got: number[] = [];
  mailbox.put(1);
  const loop = (async () => {
    for await (const item of mailbox.take(stop.signal)) got.push(item);
  })();
  await Promise.resolve();
  mailbox.put(2);
  mailbox.put(3);
  await new Promise(setImmediate);
  expect(got).toEqual([1, 2, 3]);
  stop.abort();
  await loop;
});

test("ends when the signal aborts, and keeps the rest for the next loop", async () => {
  const mailbox = new Mailbox<number>();
  for (const item of [1, 2, 3]) mailbox.put(item);
  const stop = new AbortController();
  for await (const item of mailbox.take(stop.signal)) {
    expect(item).toBe(1);
    stop.abort();
  }
  const next = await mailbox.take(new AbortController().signal).next();
  expect(next.value).toBe(2);
});

test("does not begin when the signal has aborted already", async () => {
  const mailbox = new Mailbox<number>();
  mailbox.put(1);
  expect((await mailbox.take(AbortSignal.abort()).next()).done).toBe(true);
});

test("keeps order however puts and takes alternate", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean()), async (puts) => {
      const mailbox = new Mailbox<number>();
      const taker = mailbox.take(new AbortController().signal);
      const got: number[] = [];
      let count = 0;
      for (const put of puts) {
        if (put || got.length === count) mailbox.put(count++);
        else got.push((await taker.next()).value as number);
      }
      while (got.length < count) got.push((await taker.next()).value as number);
      expect(got).toEqual(Array.from({ length: count }, (_, i) => i));
    }),
  );
});

test("takes 200,000 waiting items without copying the rest for each", async () => {
  const mailbox = new Mailbox<number>();
  for (let i = 0; i < 200_000; i++) mailbox.put(i);
  const taker = mailbox.take(new AbortController().signal);
  let sum = 0;
  for (let i = 0; i < 200_000; i++) sum += (await taker.next()).value as number;
  expect(sum).toBe((200_000 * 199_999) / 2);
});
