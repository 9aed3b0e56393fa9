import { describe, expect, test } from "vitest";
import { ControllerBench, GROUP, groupSpec, holding, leading } from "../testing/controller-bench.ts";
import { nextTerm, ownerOf } from "./step.ts";

/** A controller that has just begun to lead, over speakers that nobody has said Hello for. */
function starting(nodes: readonly string[]): ControllerBench {
  const bench = new ControllerBench();
  bench.step({ type: "expect", nodes });
  bench.step({ type: "group", group: groupSpec(GROUP, nodes) });
  bench.step({ type: "synced" });
  bench.step({ type: "lead", term: 2 });
  return bench;
}

describe("the start of a term", () => {
  test.each(["owner", "leaving"] as const)(
    "adopts a speaker that reports %s, with a new epoch and at once",
    (state) => {
      const bench = starting(["a", "b"]);
      bench.hello("b", [holding(state, { term: 1, counter: 7 })]);
      bench.pass(25);
      expect(ownerOf(bench.state, GROUP)).toMatchObject({ node: "b", epoch: { term: 2, counter: 1 } });
      expect(bench.reasons).toEqual(["adopted"]);
    },
  );

  test("of several adopts the highest epoch, and tells the others to stop", () => {
    const bench = starting(["a", "b", "c"]);
    bench.hello("a", [holding("owner", { term: 1, counter: 7 })]);
    bench.hello("b", [holding("leaving", { term: 1, counter: 9 })]);
    bench.hello("c", [holding("verify", { term: 1, counter: 12 })]);
    bench.pass(25);
    expect(bench.owner()).toBe("b");
    expect([bench.orders("a"), bench.orders("b"), bench.orders("c")]).toEqual([["revoke"], ["assign"], ["revoke"]]);
  });

  test("adopts no owner that is not permitted", () => {
    const bench = starting(["a"]);
    bench.hello("z", [holding("owner", { term: 1, counter: 7 })]);
    bench.hello("a");
    bench.pass(50);
    expect(bench.owner()).toBe("a");
    expect(bench.orders("z")).toEqual(["revoke"]);
  });

  test("waits D, and 3 s for speakers that it expects and hasn't heard", () => {
    const bench = starting(["a", "b"]);
    bench.hello("a");
    bench.pass(2_900);
    expect(bench.owner()).toBeUndefined();
    bench.pass(100);
    expect(bench.owner()).toBe("a");
    const other = starting(["a"]);
    other.hello("a");
    other.pass(275);
    expect(other.owner()).toBeUndefined();
    other.pass(25);
    expect(other.owner()).toBe("a");
  });

  test("waits 1 s where no speaker is expected", () => {
    const bench = starting([]);
    bench.step({ type: "group", group: groupSpec(GROUP, ["a"]) });
    bench.hello("a");
    bench.pass(900);
    expect(bench.owner()).toBeUndefined();
    bench.pass(125);
    expect(bench.owner()).toBe("a");
  });

  test("waits for nobody with an address that this process has just given", () => {
    const bench = starting(["a", "b"]);
    bench.hello("a");
    bench.pass(50);
    bench.step({ type: "group", group: groupSpec("192.0.2.9", ["a", "b"], { fresh: true }) });
    expect(bench.owner("192.0.2.9")).toBe("a");
  });

  test("waits again for an address given earlier, when the same process takes another term", () => {
    const bench = starting(["a"]);
    bench.hello("a");
    bench.pass(50);
    const fresh = groupSpec("192.0.2.9", ["a"], { fresh: true });
    bench.step({ type: "group", group: fresh });
    bench.step({ type: "lead", term: 3 });
    bench.report("a", "none", { term: 3, counter: 1 }, fresh.id);
    bench.step({ type: "group", group: fresh });
    bench.pass(275);
    expect(bench.owner(fresh.id)).toBeUndefined();
    bench.pass(50);
    expect(bench.owner(fresh.id)).toBe("a");
  });

  test("then prefers the latest silent holder to any ranking", () => {
    const bench = starting(["a", "b", "c"]);
    bench.hello("a");
    bench.hello("b", [holding("verify", { term: 1, counter: 3 })]);
    bench.hello("c", [holding("yielded", { term: 1, counter: 4 })]);
    bench.pass(400);
    expect(bench.owner()).toBe("c");
    expect(bench.reasons).toEqual(["resumed"]);
  });

  test("before the source was read completely nothing is decided and nothing unknown", () => {
    const bench = new ControllerBench();
    bench.step({ type: "expect", nodes: ["a"] });
    bench.step({ type: "lead", term: 2 });
    bench.hello("a", [holding("owner", { term: 1, counter: 7 })]);
    bench.pass(5_000);
    expect(bench.orders("a")).toEqual([]);
    bench.step({ type: "group", group: groupSpec(GROUP, ["a"]) });
    bench.step({ type: "synced" });
    bench.pass(25);
    expect(bench.reasons).toEqual(["adopted"]);
  });

  test("ends what an unlisted group's holder does", () => {
    const bench = starting(["a"]);
    bench.hello("a", [holding("owner", { term: 1, counter: 7 }, "192.0.2.77")]);
    expect(bench.orders("a")).toEqual(["revoke"]);
  });
});

test("the next term is above everything heard, led in and stored", () => {
  const bench = leading(["a"], []);
  expect(nextTerm(bench.state, 0)).toBe(2);
  expect(nextTerm(bench.state, 41)).toBe(42);
  bench.beat("a", { maxTerm: 77 });
  expect(nextTerm(bench.state, 41)).toBe(78);
});
