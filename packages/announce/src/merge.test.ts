import { expect, test } from "vitest";
import type { Layer2Candidate, Layer2Plan } from "./layer2.ts";
import { mergeCandidates } from "./merge.ts";

const plan = (...candidates: Layer2Candidate[]): Layer2Plan => ({ candidates, withheld: [] });
const candidate = (node: string, rest: Partial<Layer2Candidate> = {}): Layer2Candidate => {
  return { node, preference: 0, interfaces: "all", ...rest };
};

test("tied Services may be announced by nodes that may announce each of them", () => {
  const merged = mergeCandidates([plan(candidate("a"), candidate("b")), plan(candidate("b"), candidate("c"))]);
  expect(merged.map(({ node }) => node)).toEqual(["b"]);
});

test("a Service that nobody may announce takes nothing from those tied to it", () => {
  expect(mergeCandidates([plan(), plan(candidate("a"))])).toEqual([candidate("a")]);
  expect(mergeCandidates([plan()])).toEqual([]);
  expect(mergeCandidates([])).toEqual([]);
});

test("preferences add up", () => {
  const merged = mergeCandidates([plan(candidate("a", { preference: 3 })), plan(candidate("a", { preference: 4 }))]);
  expect(merged).toEqual([candidate("a", { preference: 7 })]);
});

test.each<[number | undefined, number | undefined, number | undefined]>([
  [undefined, undefined, undefined],
  [5000, undefined, 5000],
  [undefined, 5000, 5000],
  [5000, 2000, 2000],
])("repeating each %s and each %s ms becomes each %s ms", (a, b, expected) => {
  const merged = mergeCandidates([plan(candidate("n", { refreshMs: a })), plan(candidate("n", { refreshMs: b }))]);
  expect(merged[0]?.refreshMs).toBe(expected);
});

test.each<[Layer2Candidate["interfaces"], Layer2Candidate["interfaces"], Layer2Candidate["interfaces"]]>([
  ["all", "all", "all"],
  ["all", ["eth0"], ["eth0"]],
  [["eth0"], "all", ["eth0"]],
  [["eth0", "eth1"], ["eth1", "eth2"], ["eth1"]],
  [["eth1"], ["eth0"], ["eth0", "eth1"]],
])("interfaces %j and %j become %j", (a, b, expected) => {
  const merged = mergeCandidates([plan(candidate("n", { interfaces: a })), plan(candidate("n", { interfaces: b }))]);
  expect(merged[0]?.interfaces).toEqual(expected);
});
