import { expect, test } from "vitest";
import { readProcessFacts, startOf } from "./process-facts.ts";

test("finds the start time behind a name with brackets and spaces", () => {
  const fields = ["S", ...Array.from({ length: 18 }, () => "0"), "12345", "0"];
  expect(startOf(`42 (a) b (c) ${fields.join(" ")}`)).toBe(12_345);
});

test("refuses a line without one", () => {
  expect(() => startOf("42 (node) S 1")).toThrow("no start time");
});

test("reads this process's facts", () => {
  const { bootId, startedAtMs } = readProcessFacts();
  expect(bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(startedAtMs).toBeGreaterThan(0);
});
