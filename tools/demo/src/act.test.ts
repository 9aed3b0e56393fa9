import { describe, expect, test } from "vitest";
import { complaintsAbout } from "./act.ts";

const quiet = {
  title: "",
  from: "node1",
  to: "node1",
  sent: 100,
  lost: 0,
  outageMs: 0,
  takeoverMs: undefined,
  doubleMs: 0,
  answering: [],
};

describe("complaintsAbout", () => {
  const most = { lost: 1, outageMs: 100, takeoverMs: 200, doubleMs: 50 };

  test("has nothing to say at the bounds", () => {
    expect(
      complaintsAbout({ ...quiet, lost: 1, outageMs: 100, takeoverMs: 200, doubleMs: 50 }, { moves: true, most }, true),
    ).toEqual([]);
  });

  test("names everything that is beyond them", () => {
    expect(
      complaintsAbout({ ...quiet, lost: 2, outageMs: 101, takeoverMs: 201, doubleMs: 51 }, { moves: true, most }, true),
    ).toEqual([
      "2 probes lost",
      "101 ms without an answer",
      "taken over after 201 ms only",
      "two nodes answered for 51 ms",
    ]);
  });

  test("does not let the addresses move where they need not", () => {
    expect(complaintsAbout(quiet, { moves: false, most }, true)).toEqual(["the addresses moved"]);
  });
});
