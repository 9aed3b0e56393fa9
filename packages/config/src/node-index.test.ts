import fc from "fast-check";
import { expect, test } from "vitest";
import { NodeIndex } from "./node-index.ts";
import { selects } from "./reach.ts";
import type { SelectorJson } from "./selector.ts";

const key = fc.constantFrom("rack", "zone", "constructor");
const value = fc.constantFrom("a", "b", "c");
const labels = fc.dictionary(key, value);
const selector: fc.Arbitrary<SelectorJson> = fc.record({
  matchLabels: fc.dictionary(key, value, { maxKeys: 1 }),
  matchExpressions: fc.array(
    fc.oneof(
      fc.record({
        ...{ key, operator: fc.constantFrom("In", "NotIn") },
        values: fc.uniqueArray(value, { minLength: 1 }),
      }),
      fc.record({ key, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    ),
    { maxLength: 2 },
  ),
});
const selectors = fc.array(selector, { maxLength: 3 });

test("finds the nodes that looking at each of them finds", () => {
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 6 }), selectors, (nodes, list) => {
      const expected = nodes.filter((each) => selects(list, each));
      expect(new NodeIndex(nodes).matching(list)).toEqual(new Set(expected));
    }),
  );
});

test("two lists meet exactly on the nodes that both match", () => {
  fc.assert(
    fc.property(fc.array(labels, { minLength: 1, maxLength: 6 }), selectors, selectors, (nodes, a, b) => {
      const expected = nodes.some((each) => selects(a, each) && selects(b, each));
      expect(new NodeIndex(nodes).meet(a, b)).toBe(expected);
    }),
  );
});

test("as long as no node is known, two lists meet unless no labels could match both", () => {
  const none = new NodeIndex([]);
  const [a, b, z] = [{ rack: "a" }, { rack: "b" }, { zone: "z" }].map((matchLabels) => ({ matchLabels }));
  expect(none.meet([a as SelectorJson], [b as SelectorJson])).toBe(false);
  expect(none.meet([a as SelectorJson], [z as SelectorJson])).toBe(true);
  expect(none.meet([], [b as SelectorJson])).toBe(true);
});
