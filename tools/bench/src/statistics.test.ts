import { expect, test } from "vitest";
import { percentile, round } from "./statistics.ts";

test.each([
  [0.5, 50],
  [0.99, 99],
  [1, 100],
  [0, 1],
])("the %f percentile of 1 to 100 is %f", (share, expected) => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(percentile(values, share)).toBe(expected);
});

test("one value is every percentile, none has none", () => {
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test.each([
  [123.4, 123],
  [12.345, 12.3],
])("%f is shown as %f", (value, shown) => {
  expect(round(value)).toBe(shown);
});
