import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

test.each([
  ["0", 0],
  ["0s", 0],
  ["100ms", 100],
  ["3s", 3000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["1.s", 1000],
  ["250us", 0.25],
  ["250µs", 0.25],
  ["2h45m", 9_900_000],
])("%s is %d ms", (text, ms) => {
  expect(parseDuration(text)).toBeCloseTo(ms, 9);
});

test.each(["", "3", "s", "-1s", "+1s", "1 s", "1d", "1s 2s", "1e3s", ".s", "1.2.3s", "1S", "0x1s"])(
  '"%s" is no duration',
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test("what is written is read as the same", () => {
  const same = fc.property(fc.nat(), (ms) => {
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  });
  fc.assert(same);
});

test.each([
  [0, "0ms"],
  [100, "100ms"],
  [1500, "1500ms"],
  [3000, "3s"],
  [90_000, "90s"],
  [120_000, "2m"],
  [7_200_000, "2h"],
])("%d ms are written as %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
