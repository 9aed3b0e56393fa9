import fc from "fast-check";
import { expect, test } from "vitest";
import { Schedule } from "./schedule.ts";

test("items come out by time, and by order of arrival among equal times", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
      const schedule = new Schedule<number>();
      times.forEach((at, i) => {
        schedule.add(at, i);
      });
      const taken: number[] = [];
      for (let item = schedule.take(20); item !== undefined; item = schedule.take(20)) taken.push(item);
      expect(taken).toEqual(
        times.map((_, i) => i).toSorted((a, b) => (times[a] as number) - (times[b] as number) || a - b),
      );
      expect(schedule.size).toBe(0);
    }),
  );
});

test("nothing comes out before its time", () => {
  const schedule = new Schedule<string>();
  schedule.add(10, "a");
  expect(schedule.take(9)).toBeUndefined();
  expect(schedule.take(10)).toBe("a");
});
