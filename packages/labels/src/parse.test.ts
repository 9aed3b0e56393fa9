import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSelector } from "./parse.ts";

describe("valid selectors", () => {
  test.each([
    ["an empty selector", {}, []],
    ["null fields", { matchLabels: null, matchExpressions: null }, []],
    ["empty fields", { matchLabels: {}, matchExpressions: [] }, []],
    [
      "labels",
      { matchLabels: { app: "web", "example.com/tier": "" } },
      [
        { operator: "In", key: "app", values: ["web"] },
        { operator: "In", key: "example.com/tier", values: [""] },
      ],
    ],
    [
      "every operator",
      {
        matchExpressions: [
          { key: "a", operator: "In", values: ["1", "2"] },
          { key: "b", operator: "NotIn", values: ["1"] },
          { key: "c", operator: "Exists" },
          { key: "d", operator: "DoesNotExist", values: [] },
          { key: "e", operator: "Exists", values: null },
        ],
      },
      [
        { operator: "In", key: "a", values: ["1", "2"] },
        { operator: "NotIn", key: "b", values: ["1"] },
        { operator: "Exists", key: "c" },
        { operator: "DoesNotExist", key: "d" },
        { operator: "Exists", key: "e" },
      ],
    ],
  ])("%s", (_name, json, requirements) => {
    expect(parseSelector(json)).toEqual({ requirements });
  });
});

describe("invalid selectors", () => {
  const expression = (fields: object) => ({ matchExpressions: [{ key: "a", operator: "Exists", ...fields }] });
  const longest = "a".repeat(64);

  test.each<[unknown, string, string]>([
    [null, "", "must be an object"],
    [undefined, "", "must be an object"],
    ["a=1", "", "must be an object"],
    [[], "", "must be an object"],
    [{ matchLabel: { a: "1" } }, "matchLabel", "unknown field"],
    [{ matchLabels: [] }, "matchLabels", "must be an object"],
    [{ matchLabels: "a" }, "matchLabels", "must be an object"],
    [{ matchLabels: { a: 1 } }, "matchLabels[a]", "must be a string"],
    [{ matchLabels: { a: null } }, "matchLabels[a]", "must be a string"],
    [{ matchLabels: { a: "-" } }, "matchLabels[a]", "a value may have"],
    [{ matchLabels: { "-": "a" } }, "matchLabels[-]", "the name may have"],
    [{ matchLabels: { "X/a": "a" } }, "matchLabels[X/a]", "the prefix"],
    [{ matchExpressions: {} }, "matchExpressions", "must be a list"],
    [{ matchExpressions: [null] }, "matchExpressions[0]", "must be an object"],
    [{ matchExpressions: [{ operator: "Exists" }] }, "matchExpressions[0].key", "must be a string"],
    [expression({ key: 1 }), "matchExpressions[0].key", "must be a string"],
    [expression({ key: longest }), "matchExpressions[0].key", "more than 63"],
    [expression({ operator: undefined }), "matchExpressions[0].operator", "must be In, NotIn"],
    [expression({ operator: "exists" }), "matchExpressions[0].operator", "must be In, NotIn"],
    [expression({ operator: "Gt", values: ["1"] }), "matchExpressions[0].operator", "must be In, NotIn"],
    [expression({ operator: "In" }), "matchExpressions[0].values", "must not be empty with In"],
    [expression({ operator: "NotIn", values: [] }), "matchExpressions[0].values", "must not be empty with NotIn"],
    [expression({ values: ["1"] }), "matchExpressions[0].values", "must be empty with Exists"],
    [expression({ operator: "DoesNotExist", values: ["1"] }), "matchExpressions[0].values", "must be empty"],
    [expression({ operator: "In", values: "1" }), "matchExpressions[0].values", "must be a list"],
    [expression({ operator: "In", values: ["1", 2] }), "matchExpressions[0].values[1]", "must be a string"],
    [expression({ operator: "In", values: [longest] }), "matchExpressions[0].values[0]", "at most 63"],
    [expression({ value: "1" }), "matchExpressions[0].value", "unknown field"],
  ])("%j: %s %s", (json, path, message) => {
    expect(parseSelector(json)).toEqual({ problems: [{ path, message: expect.stringContaining(message) }] });
  });

  test("name every problem, not only the first", () => {
    const json = { matchLabels: { a: 1 }, matchExpressions: [{ key: "-", operator: "In" }], other: 1 };
    expect(parseSelector(json)).toMatchObject({
      problems: [
        { path: "other" },
        { path: "matchLabels[a]" },
        { path: "matchExpressions[0].key" },
        { path: "matchExpressions[0].values" },
      ],
    });
  });
});

test("a label called __proto__ in parsed JSON is refused, and harms nothing", () => {
  const json: unknown = JSON.parse('{"matchLabels": {"__proto__": "x"}, "__proto__": {"matchLabels": {"a": "1"}}}');
  expect(parseSelector(json)).toHaveProperty("problems");
});

test("no JSON makes it throw", () => {
  const nearly = fc.record(
    {
      matchLabels: fc.jsonValue(),
      matchExpressions: fc.array(
        fc.record({ key: fc.jsonValue(), operator: fc.constantFrom("In", "Exists", "x"), values: fc.jsonValue() }),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), nearly), (json) => {
      const parsed = parseSelector(json);
      expect("requirements" in parsed).not.toBe("problems" in parsed);
    }),
  );
});
