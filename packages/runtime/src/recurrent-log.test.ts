import { expect, test } from "vitest";
import { RecurrentLog } from "./recurrent-log.ts";
import { FakeClock, recordingLogger } from "./testing.ts";

function start() {
  const clock = new FakeClock();
  const recorded = recordingLogger();
  const log = new RecurrentLog(clock, recorded);
  return {
    ...{ clock, log },
    end: (replica: string) => log.write("info", "controller stream ended", { replica }),
    told: () => recorded.entries.filter(({ level }) => level !== "debug").map(({ fields }) => fields),
    debugged: () => recorded.entries.filter(({ level }) => level === "debug").map(({ fields }) => fields),
  };
}

test("the last of what comes again and again is told every ten seconds, with how many there were", async () => {
  const { clock, log, told, debugged } = start();
  const change = (to: number) => log.write("info", "authority changed", { to });
  for (let to = 1; to <= 31; to++) {
    change(to);
    await clock.advance(500);
  }
  expect(told()).toEqual([{ to: 1 }, { to: 20, count: 19, lateMs: 500 }]);
  expect(debugged()).toHaveLength(30);
  await clock.advance(10_000);
  expect(told().slice(2)).toEqual([{ to: 31, count: 11, lateMs: 5_000 }]);
});

test("of stalls the longest is told", async () => {
  const { clock, log, told } = start();
  for (const stalledMs of [100, 150, 900, 200]) log.write("warn", "process was stalled", { stalledMs });
  await clock.advance(10_000);
  expect(told()).toEqual([{ stalledMs: 100 }, { stalledMs: 900, count: 3, lateMs: 10_000 }]);
});

test("what has not come for ten seconds is told at once again, and nothing is kept of it", async () => {
  const { clock, end, told } = start();
  end("a");
  await clock.advance(10_000);
  expect(clock.pending).toBe(0);
  end("a");
  expect(told()).toEqual([{ replica: "a" }, { replica: "a" }]);
});

test("each controller's streams are told of, and every other line", () => {
  const { log, end, told, debugged } = start();
  for (const replica of ["a", "b", "a"]) end(replica);
  for (const group of ["1", "1"]) log.write("info", "ownership changed", { group });
  expect(told()).toEqual([{ replica: "a" }, { replica: "b" }, { group: "1" }, { group: "1" }]);
  expect(debugged()).toEqual([{ replica: "a" }]);
});

test("nothing is lost at the end", () => {
  const { log, end, told } = start();
  for (const replica of ["a", "a", "a"]) end(replica);
  log.flush();
  expect(told()).toEqual([{ replica: "a" }, { replica: "a", count: 2, lateMs: 0 }]);
});
