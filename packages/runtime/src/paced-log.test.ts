import { expect, test } from "vitest";
import { PacedLog } from "./paced-log.ts";
import { FakeClock, recordingLogger } from "./testing.ts";

function start(lines: number) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const paced = new PacedLog(clock, log);
  for (let i = 0; i < lines; i++) paced.write("info", "line", { i });
  return { clock, log, paced, logged: () => log.entries.map(({ fields }) => (fields as { readonly i?: number }).i) };
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("some lines are logged at once, the others after a pause and in order", async () => {
  const { clock, logged } = start(130);
  expect(logged()).toEqual(upTo(50));
  await clock.advance(500);
  expect(logged()).toEqual(upTo(50));
  await clock.advance(10);
  expect(logged()).toEqual(upTo(100));
  await clock.advance(20);
  expect(logged()).toEqual(upTo(130));
  expect(clock.pending).toBe(0);
});

test("only a line that had to wait says so, and for how long", async () => {
  const { clock, log, paced } = start(50);
  await clock.advance(4);
  paced.write("warn", "late", {});
  expect(log.entries).toHaveLength(50);
  await clock.advance(506);
  expect(log.entries.at(49)?.fields).toEqual({ i: 49 });
  expect(log.entries.at(50)).toMatchObject({ level: "warn", message: "late", fields: { lateMs: 506 } });
});

test("after a pause lines are logged at once again", async () => {
  const { clock, paced, logged } = start(60);
  await clock.advance(1_000);
  paced.write("info", "line", { i: 60 });
  expect(logged()).toEqual(upTo(61));
});

test("nothing is lost at the end", () => {
  const { paced, logged } = start(600);
  paced.flush();
  expect(logged()).toEqual(upTo(600));
});
