import fc from "fast-check";
import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";

const policy = { initialMs: 100, maxMs: 1_000 };

test("doubles from the first delay up to the longest", () => {
  expect([0, 1, 2, 3, 4, 5].map((attempt) => backoff(policy, attempt, 0))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test("grows by another factor if told", () => {
  expect([0, 1, 2].map((attempt) => backoff({ ...policy, factor: 3 }, attempt, 0))).toEqual([100, 300, 900]);
});

test("stays between half the delay and all of it, after any number of attempts", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(), random, (attempt, value) => {
      const whole = backoff(policy, attempt, 0);
      const delay = backoff(policy, attempt, value);
      expect(delay).toBeGreaterThanOrEqual(whole / 2);
      expect(delay).toBeLessThanOrEqual(whole);
      expect(whole).toBeLessThanOrEqual(policy.maxMs);
    }),
  );
});
