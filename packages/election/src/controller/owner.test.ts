import { describe, expect, test } from "vitest";
import { candidate, GROUP, groupSpec, leading } from "../testing/controller-bench.ts";
import { ownerOf } from "./step.ts";

describe("an owner", () => {
  test("that is not permitted any longer makes way for the next, or for nobody", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.step({ type: "group", group: groupSpec(GROUP, ["b"]) });
    expect(bench.owner()).toBe("b");
    bench.step({ type: "group", group: groupSpec(GROUP, []) });
    expect(bench.owner()).toBeUndefined();
    expect(bench.speaker("b").held.size).toBe(0);
    bench.pass(2_000);
    expect(bench.orders("b")).toEqual(["assign", "revoke"]);
  });

  test("without carrier makes way, but not when nobody else is able", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.setLink("b", { carrier: false });
    bench.setLink("a", { carrier: false });
    expect(bench.owner()).toBe("a");
    bench.setLink("b", {});
    bench.pass(25);
    expect(bench.owner()).toBe("b");
  });

  test("that is dead keeps the group until somebody else is fit", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a"])]);
    bench.kill("a");
    bench.pass(1_000);
    expect(bench.owner()).toBe("a");
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    expect(bench.owner()).toBe("b");
  });

  test("that is heard but does not acknowledge for D gives way for 2 s", () => {
    const bench = leading(["a", "b"], []);
    bench.speaker("a").obeys = false;
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    expect(bench.owner()).toBe("a");
    bench.pass(325);
    expect(bench.owner()).toBe("b");
    expect(bench.orders("a")).toEqual(["assign", "revoke"]);
    expect(bench.reasons).toEqual(["ranked", "unacknowledged"]);
  });

  test("is waited for as long as orders to it wait to be sent", () => {
    const bench = leading(["a", "b"], []);
    bench.speaker("a").obeys = false;
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    const { stream } = bench.speaker("a");
    for (let waited = 0; waited < 1_000; waited += 100) {
      bench.pass(100);
      if (stream !== undefined) bench.step({ type: "ordersWait", stream });
    }
    expect(bench.owner()).toBe("a");
    bench.pass(350);
    expect(bench.owner()).toBe("b");
  });

  test("that could not obey, so late did the order come, is told the same again, three times at most", () => {
    const bench = leading(["a", "b"], []);
    bench.speaker("a").obeys = false;
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    for (let late = 0; late < 5; late++) {
      bench.pass(250);
      const epoch = ownerOf(bench.state, GROUP)?.epoch;
      if (epoch && bench.owner() === "a") bench.say("a", { type: "ack", kind: "stale", group: GROUP, epoch });
    }
    const told = bench.speaker("a").heard.filter(({ type }) => type === "assign");
    expect(told).toHaveLength(4);
    expect(new Set(told.map((order) => order.type === "assign" && order.epoch.counter)).size).toBe(1);
    expect(bench.owner()).toBe("b");
  });

  test("that this process, which was stalled, has not read is waited for", () => {
    const bench = leading(["a", "b"], []);
    bench.speaker("a").obeys = false;
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    bench.now += 280;
    bench.pass(200);
    expect(bench.owner()).toBe("a");
    bench.pass(150);
    expect(bench.owner()).toBe("b");
  });

  test("that answers by an earlier decision and does not acknowledge the next one is told again", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.speaker("a").obeys = false;
    bench.step({ type: "lead", term: 2 });
    bench.pass(50);
    bench.clear();
    bench.pass(1_000);
    expect(bench.owner()).toBe("a");
    expect(new Set(bench.reasons)).toEqual(new Set(["repaired"]));
    expect(bench.orders("b")).toEqual([]);
  });

  test("whose Assign has died with its stream is told again on the next one, and keeps the group", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    const held = [...bench.speaker("a").held.values()];
    bench.speaker("a").obeys = false;
    bench.step({ type: "lead", term: 2 });
    bench.pass(50);
    expect(bench.owner()).toBe("a");
    bench.say("a", { type: "bye", reason: "lostController" });
    bench.pass(250);
    bench.speaker("a").obeys = true;
    bench.clear();
    bench.hello("a", held);
    bench.pass(1_000);
    expect(bench.reasons).toEqual(["repaired"]);
    expect(bench.owner()).toBe("a");
  });

  test("that has just failed to acknowledge is better than nobody", () => {
    const bench = leading(["a", "b"], []);
    bench.speaker("a").obeys = false;
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    bench.pass(325);
    expect(bench.owner()).toBe("b");
    bench.kill("b");
    bench.pass(50);
    expect(bench.owner()).toBe("a");
  });

  test("that acknowledges one after the other is given the time", () => {
    const bench = leading(["a", "b"], []);
    bench.speaker("a").obeys = false;
    bench.step({ type: "group", group: groupSpec("192.0.2.1", ["a"]) });
    bench.step({
      type: "group",
      group: groupSpec(
        "192.0.2.2",
        ["a", "b"].map((node) =>
          candidate(node, { score: node === "a" ? "0" : "1", preference: node === "a" ? 1 : 0 }),
        ),
      ),
    });
    bench.pass(250);
    bench.say("a", { type: "ack", kind: "assign", group: "192.0.2.1", epoch: { term: 1, counter: 1 } });
    bench.pass(250);
    expect(bench.owner("192.0.2.2")).toBe("a");
    bench.pass(100);
    expect(bench.owner("192.0.2.2")).toBe("b");
  });

  test("that has lost the group is told again, 2 D after its Assign", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.report("a", "none", { term: 1, counter: 1 });
    expect(bench.reasons).toEqual(["repaired"]);
    bench.clear();
    bench.report("a", "none", { term: 1, counter: 2 });
    bench.pass(500);
    expect(bench.reasons).toEqual([]);
    bench.pass(150);
    expect(bench.reasons).toEqual(["repaired"]);
  });

  test("that restarts before its end was noticed is told again at once, however young its Assign", () => {
    const bench = leading(["a", "b"], []);
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    bench.kill("a");
    bench.pass(15);
    bench.clear();
    bench.hello("a", [], { instance: "a-2", startedAt: 2_000 });
    expect(bench.reasons).toEqual(["repaired"]);
    expect(bench.owner()).toBe("a");
  });

  test("that has yielded is not fought without a firm lease, and gets it back with one", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.step({ type: "firm", firm: false });
    bench.report("a", "yielded", { term: 1, counter: 1 });
    bench.pass(3_000);
    expect(bench.reasons).toEqual([]);
    bench.step({ type: "firm", firm: true });
    expect(bench.reasons).toEqual(["repaired"]);
  });

  test("of a group that is removed is told to stop", () => {
    const bench = leading(["a"], [groupSpec(GROUP, ["a"])]);
    bench.step({ type: "groupRemoved", group: GROUP });
    expect(bench.orders("a")).toEqual(["revoke"]);
    expect(bench.speaker("a").held.size).toBe(0);
  });
});

describe("a holder that is not the owner", () => {
  test.each([
    ["owner", true, 1],
    ["leaving", true, 1],
    ["verify", true, 1],
    ["yielded", true, 1],
    ["owner", false, 1],
    ["verify", false, 0],
    ["yielded", false, 0],
  ] as const)("in %s, with a firm lease %s, gets %i Revoke", (state, firm, count) => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.step({ type: "firm", firm });
    bench.report("b", state, { term: 1, counter: 1 });
    expect(bench.orders("b")).toEqual(Array(count).fill("revoke"));
  });

  test("is told again every D for as long as it holds", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.speaker("b").obeys = false;
    bench.report("b", "owner", { term: 1, counter: 1 });
    bench.pass(1_000);
    expect(bench.orders("b")).toEqual(["revoke", "revoke", "revoke", "revoke"]);
  });

  test("is told by an epoch that it can't ignore", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.report("b", "owner", { term: 1, counter: 500 });
    const [revoke] = bench.speaker("b").heard.filter(({ type }) => type === "revoke");
    expect(revoke).toMatchObject({ epoch: { term: 1 } });
  });
});
