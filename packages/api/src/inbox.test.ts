import { expect, test } from "vitest";
import { Inbox } from "./inbox.ts";

function start(first?: number) {
  const asked: string[] = [];
  const source = { pause: () => asked.push("pause"), resume: () => asked.push("resume") };
  const inbox = new Inbox<number>(source, first);
  return { asked, inbox, reader: inbox[Symbol.asyncIterator]() };
}

test("whoever sends more than is read is made to wait, until half of it is read", async () => {
  const { asked, inbox, reader } = start();
  for (let i = 0; i < 300; i++) inbox.put(i);
  expect(asked).toEqual(["pause"]);
  for (let i = 0; i < 173; i++) await reader.next();
  expect(asked).toEqual(["pause"]);
  expect(await reader.next()).toEqual({ done: false, value: 173 });
  expect(asked).toEqual(["pause", "resume"]);
});

test("before the first item is dealt with, no more than allowed are taken in", async () => {
  const { asked, inbox, reader } = start(1);
  inbox.put(0);
  expect(asked).toEqual(["pause"]);
  await reader.next();
  expect(asked).toEqual(["pause"]);
  const second = reader.next();
  expect(asked).toEqual(["pause", "resume"]);
  for (let i = 1; i < 100; i++) inbox.put(i);
  expect(await second).toEqual({ done: false, value: 1 });
  expect(asked).toEqual(["pause", "resume"]);
});
