import { describe, expect, test } from "vitest";
import { keyProblem, valueProblem } from "./name.ts";

const subdomain253 = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;

describe("keys", () => {
  // Among them names of every JavaScript object's properties, which are labels like any other.
  test.each([
    "app",
    "a",
    "A",
    "9",
    "app.kubernetes.io/name",
    "a_b-c.d",
    "kubernetes.io/hostname",
    "x/y",
    "constructor",
    "a".repeat(63),
    `${subdomain253}/${"a".repeat(63)}`,
  ])("%s is fine", (key) => {
    expect(keyProblem(key)).toBeUndefined();
  });

  test.each([
    ["", "empty"],
    ["/", "prefix"],
    ["/name", "prefix"],
    ["prefix/", "empty"],
    ["a/b/c", "may have"],
    ["-a", "may have"],
    ["a-", "may have"],
    ["__proto__", "may have"],
    ["a b", "may have"],
    ["a\n", "may have"],
    ["ä", "may have"],
    ["a".repeat(64), "more than 63"],
    ["Example.com/a", "lower case"],
    ["-example.com/a", "prefix"],
    ["example..com/a", "prefix"],
    [".example.com/a", "prefix"],
    ["example_x.com/a", "prefix"],
    [`a${subdomain253}/a`, "more than 253"],
  ])("%j is refused", (key, reason) => {
    expect(keyProblem(key)).toContain(reason);
  });
});

describe("values", () => {
  test.each(["", "a", "true", "1.2-3_4", "a".repeat(63)])("%j is fine", (value) => {
    expect(valueProblem(value)).toBeUndefined();
  });

  test.each(["-", "a.", "_a", "a/b", "a b", " ", "a\n", "a".repeat(64)])("%j is refused", (value) => {
    expect(valueProblem(value)).toBeDefined();
  });

  test("a hostile value of a megabyte is refused at once", () => {
    expect(valueProblem("a-".repeat(500_000))).toContain("at most");
    expect(keyProblem(`${"a-".repeat(500_000)}/x`)).toContain("more than");
  });
});
