import { summarizeProbes } from "@heraldlb/lab";
import { expect, test } from "vitest";
import { complaintsAboutRouting, countOf } from "./losses.ts";

const MOST = { noticedMs: 100, lost: 1 };
const outcome = (noticedMs: number, lost: number) => {
  const probes = summarizeProbes(Array.from({ length: lost }, (_, sentAt) => ({ sentAt })));
  return { title: "", nodes: [], moved: 1, noticedMs, probes };
};

test("nothing is wrong at the bounds, however many flows the router moved", () => {
  expect(complaintsAboutRouting(outcome(100, 1), MOST)).toEqual([]);
  expect(complaintsAboutRouting({ title: "", nodes: [], moved: 1 }, MOST)).toEqual([]);
});

test("what is beyond them is named", () => {
  expect(complaintsAboutRouting(outcome(100.6, 2), MOST)).toEqual([
    "the router changed after 101 ms only",
    "2 probes lost",
  ]);
});

test("a node serves the flows that name it", () => {
  const flows = new Map([
    [40_000, "a"],
    [40_001, "b"],
    [40_002, "a"],
  ]);
  expect(["a", "b", "c"].map((name) => countOf(flows, name))).toEqual([2, 1, 0]);
});
