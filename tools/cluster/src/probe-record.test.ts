import { expect, test } from "vitest";
import { ProbeRecord } from "./probe-record.ts";

const TIMING = { initialDelaySeconds: 1, periodSeconds: 5, failureThreshold: 3, successThreshold: 1 };

test("asks first after the delay, and then once in a period", () => {
  const record = new ProbeRecord(TIMING, { now: 10_000, isGood: false });
  expect([record.isDue(10_999), record.isDue(11_000)]).toEqual([false, true]);
  record.answered(true, 11_200);
  expect([record.isDue(16_199), record.isDue(16_200)]).toEqual([false, true]);
});

test("changes its mind after as many answers in a row as it takes", () => {
  const record = new ProbeRecord(TIMING, { now: 0, isGood: false });
  const after = (...answers: readonly boolean[]) => {
    for (const answer of answers) record.answered(answer, 0);
    return record.isGood;
  };
  expect(after(false)).toBe(false);
  expect(after(true)).toBe(true);
  expect(after(false, false, true, false, false)).toBe(true);
  expect(after(false)).toBe(false);
});
