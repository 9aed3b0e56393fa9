import { expect, test } from "vitest";
import { complaintsAboutRouting, countOf } from "./losses.ts";

const MOST = { noticedMs: 100, lost: 1 };

test("nothing is wrong at the bounds", () => {
  expect(complaintsAboutRouting(100, { lost: 1 }, MOST)).toEqual([]);
});

test("what is beyond them is named", () => {
  expect(complaintsAboutRouting(100.6, { lost: 2 }, MOST)).toEqual([
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
