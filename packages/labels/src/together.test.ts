import fc from "fast-check";
import { expect, test } from "vitest";
import { parseSelector } from "./parse.ts";
import { matches, type Requirement, type Selector } from "./selector.ts";
import { canMatchTogether } from "./together.ts";

function selector(matchLabels: object, ...matchExpressions: readonly object[]): Selector {
  const parsed = parseSelector({ matchLabels, matchExpressions });
  if ("problems" in parsed) throw new TypeError("no selector");
  return parsed;
}

test.each<[string, Selector, Selector, boolean]>([
  ["equal labels", selector({ rack: "a" }), selector({ rack: "a" }), true],
  ["different values of one label", selector({ rack: "a" }), selector({ rack: "b" }), false],
  ["different labels", selector({ rack: "a" }), selector({ zone: "b" }), true],
  ["everything", selector({}), selector({ rack: "a" }), true],
  [
    "lists with nothing in common",
    selector({}, { key: "rack", operator: "In", values: ["a", "b"] }),
    selector({}, { key: "rack", operator: "In", values: ["c"] }),
    false,
  ],
  [
    "the only value refused",
    selector({}, { key: "rack", operator: "NotIn", values: ["a"] }),
    selector({ rack: "a" }),
    false,
  ],
  [
    "there and not there",
    selector({}, { key: "x", operator: "Exists" }),
    selector({}, { key: "x", operator: "DoesNotExist" }),
    false,
  ],
])("%s", (_what, a, b, expected) => {
  expect(canMatchTogether(a, b)).toBe(expected);
});

test("says yes exactly if some labels match", () => {
  const keys = ["a", "b"];
  const values = ["1", "2", "3"];
  const key = fc.constantFrom(...keys);
  const requirement: fc.Arbitrary<Requirement> = fc.oneof(
    fc.record({
      operator: fc.constantFrom("In" as const, "NotIn" as const),
      key,
      values: fc.subarray(values, { minLength: 1 }),
    }),
    fc.record({ operator: fc.constantFrom("Exists" as const, "DoesNotExist" as const), key }),
  );
  const some = fc.array(requirement, { maxLength: 3 }).map((requirements): Selector => ({ requirements }));
  // "4" stands for every value that no selector names.
  const each = [undefined, ...values, "4"];
  const all = each.flatMap((a) => each.map((b) => ({ ...(a && { a }), ...(b && { b }) })));
  fc.assert(
    fc.property(some, some, (a, b) => {
      expect(canMatchTogether(a, b)).toBe(all.some((labels) => matches(a, labels) && matches(b, labels)));
    }),
  );
});
