import { expect, test } from "vitest";
import { movedShare } from "./flows.ts";

const flows = (...names: readonly string[]) => new Map(names.map((name, port) => [port, name]));

test.each([
  [["a", "a", "b", "b"], ["b", "b", "b", "b"], 0],
  [["a", "b", "c", "c"], ["b", "c", "c", "c"], 1 / 3],
  [["a", "b"], ["b", "c"], 1],
])("of the flows of others than a, %j before and %j after, %d moved", (before, after, share) => {
  expect(movedShare(flows(...before), flows(...after), "a")).toBeCloseTo(share);
});

test("a flow that nobody answers any more has moved", () => {
  expect(movedShare(flows("a", "b"), new Map(), "a")).toBe(1);
});
