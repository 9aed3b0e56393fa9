import { describe, expect, test } from "vitest";
import { GROUP, groupSpec, holding, leading } from "../testing/controller-bench.ts";
import { controllerStatus, nextTerm } from "./step.ts";

const closes = (effects: readonly { readonly type: string }[]) => effects.filter(({ type }) => type === "close");

describe("a Hello", () => {
  test.each([
    ["the same process", {}, "bye"],
    ["a later process", { instance: "a-2", startedAt: 2_000 }, "replaced"],
    ["a process of another boot", { instance: "a-2", bootId: "other", startedAt: 5 }, "replaced"],
  ] as const)("of %s replaces the stream", (_, change, reason) => {
    const bench = leading(["a"], []);
    const { stream } = bench.speaker("a");
    const effects = bench.hello("a", [], change);
    expect(closes(effects)).toEqual([{ type: "close", stream, reason }]);
    bench.pass(1_000);
    expect(controllerStatus(bench.state, bench.now).speakers).toMatchObject([{ live: true, connected: true }]);
  });

  test("of an earlier process is refused, and moves nothing", () => {
    const bench = leading(["a"], [groupSpec(GROUP, ["a"])]);
    const { stream } = bench.speaker("a");
    const effects = bench.hello("a", [], { instance: "a-0", startedAt: 500 });
    expect(closes(effects)).toMatchObject([{ reason: "refused" }]);
    bench.speaker("a").stream = stream;
    bench.beat("a");
    expect(bench.reasons).toEqual([]);
  });

  test("of a later process makes the earlier one fall silent before its stream ends, and the node keeps the group", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    const { stream } = bench.speaker("a");
    const effects = bench.hello("a", [holding("verify", { term: 1, counter: 1 })], {
      instance: "a-2",
      startedAt: 2_000,
    });
    const story = effects.flatMap((effect) => {
      if (effect.type === "close") return [`close ${effect.reason}`];
      if (effect.type !== "send" || effect.message.type === "reply") return [];
      return [`${effect.message.type} ${effect.stream === stream ? "old" : "new"}`];
    });
    expect(story).toEqual(["revoke old", "close replaced", "assign new"]);
    expect(bench.owner()).toBe("a");
  });

  test("is answered at once, by a standby too", () => {
    const bench = leading(["a"], []);
    bench.step({ type: "standby" });
    bench.clear();
    bench.hello("a");
    expect(bench.speaker("a").heard).toEqual([
      {
        type: "reply",
        role: "standby",
        term: 1,
        holder: "me",
        firm: false,
        intervalMs: 100,
        detectionMs: 300,
        echo: bench.now,
      },
    ]);
  });
});

describe("a term", () => {
  test.each([
    ["a higher one", { maxTerm: 5, termHolder: "other" }, 5],
    ["this one under another holder", { maxTerm: 1, termHolder: "other" }, 1],
  ])("makes the leader step down when a speaker tells of %s", (_, heard, above) => {
    const bench = leading(["a"], [groupSpec(GROUP, ["a"])]);
    const effects = bench.beat("a", heard);
    expect(effects).toContainEqual({ type: "stepDown", above });
    expect(controllerStatus(bench.state, bench.now).role).toBe("standby");
    bench.step({ type: "lead", term: above + 1 });
    bench.pass(50);
    expect(bench.reasons).toEqual(["adopted"]);
  });

  test.each([1 + 2 ** 32 + 1, Number.POSITIVE_INFINITY, Number.NaN, -1])(
    "of %d is refused with the stream",
    (maxTerm) => {
      const bench = leading(["a"], []);
      expect(closes(bench.beat("a", { maxTerm, termHolder: "evil" }))).toMatchObject([{ reason: "protocol" }]);
      expect(controllerStatus(bench.state, bench.now).role).toBe("leader");
    },
  );
});

test("claims of terms cannot use up the numbers that can be told apart", () => {
  const bench = leading(["a", "b"], []);
  bench.step({ type: "lead", term: 2 ** 52 - 1 });
  expect(closes(bench.beat("b", { maxTerm: 2 ** 52 + 1, termHolder: "evil" }))).toMatchObject([{ reason: "protocol" }]);
  expect(bench.beat("a", { maxTerm: 2 ** 52, termHolder: "evil" })).toContainEqual({
    type: "stepDown",
    above: 2 ** 52,
  });
  expect(nextTerm(bench.state, 0)).toBe(2 ** 52 + 1);
});

describe("a standby", () => {
  test("decides nothing, but knows who is there when it leads", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.step({ type: "standby" });
    bench.clear();
    bench.kill("b");
    bench.pass(1_000);
    expect(bench.orders("a")).toEqual([]);
    bench.step({ type: "lead", term: 9 });
    bench.pass(25);
    expect(bench.reasons).toEqual(["adopted"]);
    expect(bench.owner()).toBe("a");
  });
});

test.each([
  ["a heartbeat", (bench: ReturnType<typeof leading>) => bench.beat("a", { holdingsRev: 99 })],
  ["a change", (bench: ReturnType<typeof leading>) => bench.say("a", { type: "holdings", rev: 99, changed: [] })],
])("%s that shows that a change was lost ends the stream, and is no death", (_, happen) => {
  const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
  const held = [...bench.speaker("a").held.values()];
  expect(closes(happen(bench))).toMatchObject([{ reason: "protocol" }]);
  bench.pass(100);
  bench.hello("a", held);
  bench.pass(1_000);
  expect(bench.reasons).toEqual([]);
});

test("messages of a stream that was closed or never said Hello are nothing", () => {
  const bench = leading(["a"], []);
  expect(bench.step({ type: "received", stream: 1_234, message: { type: "drain" } })).toEqual([]);
  expect(bench.step({ type: "closed", stream: 1_234 })).toEqual([]);
});
