import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { everything, formatSelector, matches, type Requirement, type Selector } from "./selector.ts";

const one = (requirement: Requirement): Selector => ({ requirements: [requirement] });

describe("matches", () => {
  const rows: readonly (readonly [Requirement, Record<string, string>, boolean])[] = [
    [{ operator: "In", key: "a", values: ["1", "2"] }, { a: "2" }, true],
    [{ operator: "In", key: "a", values: ["1", "2"] }, { a: "3" }, false],
    [{ operator: "In", key: "a", values: ["1"] }, {}, false],
    [{ operator: "In", key: "a", values: [""] }, { a: "" }, true],
    [{ operator: "In", key: "a", values: [""] }, {}, false],
    [{ operator: "NotIn", key: "a", values: ["1"] }, { a: "2" }, true],
    [{ operator: "NotIn", key: "a", values: ["1"] }, { a: "1" }, false],
    [{ operator: "NotIn", key: "a", values: ["1"] }, {}, true],
    [{ operator: "Exists", key: "a" }, { a: "" }, true],
    [{ operator: "Exists", key: "a" }, { b: "" }, false],
    [{ operator: "DoesNotExist", key: "a" }, {}, true],
    [{ operator: "DoesNotExist", key: "a" }, { a: "" }, false],
    [{ operator: "Exists", key: "constructor" }, {}, false],
    [{ operator: "DoesNotExist", key: "toString" }, {}, true],
  ];
  test.each(rows)("%j on %j: %s", (requirement, labels, expected) => {
    expect(matches(one(requirement), labels)).toBe(expected);
  });

  test("everything matches all objects", () => {
    expect(matches(everything, {})).toBe(true);
    expect(matches(everything, { a: "1" })).toBe(true);
  });

  test("all requirements must hold", () => {
    const selector: Selector = {
      requirements: [
        { operator: "In", key: "a", values: ["1"] },
        { operator: "DoesNotExist", key: "b" },
      ],
    };
    expect(matches(selector, { a: "1" })).toBe(true);
    expect(matches(selector, { a: "1", b: "" })).toBe(false);
    expect(matches(selector, {})).toBe(false);
  });
});

describe("formatSelector", () => {
  test.each<[string, readonly Requirement[]]>([
    ["", []],
    ["a=1", [{ operator: "In", key: "a", values: ["1"] }]],
    ["a in (1,2)", [{ operator: "In", key: "a", values: ["2", "1"] }]],
    ["a notin (1)", [{ operator: "NotIn", key: "a", values: ["1"] }]],
    [
      "!a,b",
      [
        { operator: "Exists", key: "b" },
        { operator: "DoesNotExist", key: "a" },
      ],
    ],
    [
      "a=1",
      [
        { operator: "In", key: "a", values: ["1"] },
        { operator: "In", key: "a", values: ["1"] },
      ],
    ],
  ])("%j", (text, requirements) => {
    expect(formatSelector({ requirements })).toBe(text);
  });

  const key = fc.constantFrom("a", "b", "c");
  const value = fc.constantFrom("", "1", "2");
  const values = fc.uniqueArray(value, { minLength: 1 });
  const requirement: fc.Arbitrary<Requirement> = fc.oneof(
    fc.record({ operator: fc.constantFrom("In", "NotIn"), key, values }),
    fc.record({ operator: fc.constantFrom("Exists", "DoesNotExist"), key }),
  );
  const requirements = fc.array(requirement, { maxLength: 3 });
  const labels = fc.dictionary(key, value);

  test("is the same for every order of requirements and values", () => {
    fc.assert(
      fc.property(requirements, (list) => {
        const reversed = list
          .toReversed()
          .map((item) => ("values" in item ? { ...item, values: item.values.toReversed() } : item));
        expect(formatSelector({ requirements: reversed })).toBe(formatSelector({ requirements: list }));
      }),
    );
  });

  test("tells apart what does not match the same", () => {
    fc.assert(
      fc.property(requirements, requirements, labels, (a, b, object) => {
        fc.pre(formatSelector({ requirements: a }) === formatSelector({ requirements: b }));
        expect(matches({ requirements: a }, object)).toBe(matches({ requirements: b }, object));
      }),
    );
  });
});
