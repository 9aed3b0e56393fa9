import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import { PacedLog } from "./paced-log.ts";

function start(lines: number) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const paced = new PacedLog(clock, log);
  for (let i = 0; i < lines; i++) paced.info("line", { i });
  return { clock, paced, logged: () => log.entries.map(({ fields }) => fields) };
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => ({ i }));

test("some lines are logged at once, the others in turns of their own, in order", async () => {
  const { clock, logged } = start(600);
  expect(logged()).toEqual(upTo(250));
  await clock.advance(1);
  expect(logged()).toEqual(upTo(600));
  expect(clock.pending).toBe(0);
});

test("nothing is lost at the end", () => {
  const { paced, logged } = start(600);
  paced.flush();
  expect(logged()).toEqual(upTo(600));
});
