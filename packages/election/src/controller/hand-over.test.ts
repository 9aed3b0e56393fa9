import { describe, expect, test } from "vitest";
import { type ControllerBench, candidate, GROUP, groupSpec, leading } from "../testing/controller-bench.ts";

const NODES = ["a", "b", "c"] as const;

/** a owns the group and is asked to leave; b is the next. */
function draining(): ControllerBench {
  return leading(NODES, [
    groupSpec(
      GROUP,
      NODES.map((node) => candidate(node)),
    ),
  ]);
}

describe("a drain", () => {
  test("hands over make-before-break, then lets the speaker go", () => {
    const bench = draining();
    bench.say("a", { type: "drain" });
    const story = bench.effects.flatMap((effect) =>
      effect.type === "send" && effect.message.type !== "reply" ? [effect.message.type] : [],
    );
    expect(story).toEqual(["leave", "assign", "revoke", "drained"]);
    expect(bench.owner()).toBe("b");
  });

  test("repeats an order that came too late to be obeyed", () => {
    const bench = draining();
    bench.speaker("a").obeys = false;
    bench.speaker("b").obeys = false;
    bench.say("a", { type: "drain" });
    const stale = (node: string, type: "leave" | "assign") => {
      const order = bench.speaker(node).heard.findLast((message) => message.type === type);
      if (order?.type === type) bench.say(node, { type: "ack", kind: "stale", group: GROUP, epoch: order.epoch });
      return order;
    };
    const leave = stale("a", "leave");
    expect(bench.orders("a")).toEqual(["leave", "leave"]);
    if (leave?.type === "leave") bench.say("a", { type: "ack", kind: "leave", group: GROUP, epoch: leave.epoch });
    stale("b", "assign");
    expect(bench.orders("b")).toEqual(["assign", "assign"]);
  });

  test("spreads what it hands over", () => {
    const specs = Array.from({ length: 9 }, (_, i) => groupSpec(`10.0.0.${i}`, NODES));
    const bench = leading(NODES, specs);
    bench.say("a", { type: "drain" });
    const owners = specs.map(({ id }) => bench.owner(id));
    expect(owners.filter((owner) => owner === "b").length).toBeGreaterThanOrEqual(4);
    expect(owners.filter((owner) => owner === "c").length).toBeGreaterThanOrEqual(4);
  });

  test("of a speaker that owns nothing is over at once", () => {
    const bench = draining();
    bench.say("c", { type: "drain" });
    expect(bench.orders("c")).toEqual(["drained"]);
  });

  test("with nobody fit leaves the owner until it goes, and tells it no lie", () => {
    const bench = leading(["a"], [groupSpec(GROUP, ["a"])]);
    bench.say("a", { type: "drain" });
    bench.pass(1_000);
    expect(bench.orders("a")).toEqual([]);
    bench.hello("b");
    bench.step({ type: "group", group: groupSpec(GROUP, ["a", "b"]) });
    expect(bench.owner()).toBe("b");
    expect(bench.orders("a")).toEqual(["leave", "revoke", "drained"]);
  });

  test("makes the speaker unfit for anything else", () => {
    const bench = draining();
    bench.say("b", { type: "drain" });
    bench.kill("a");
    bench.pass(50);
    expect(bench.owner()).toBe("c");
  });
});

describe("a hand-over breaks", () => {
  test("when the old owner does not acknowledge Leave in D: it stays the owner", () => {
    const bench = draining();
    bench.speaker("a").obeys = false;
    bench.say("a", { type: "drain" });
    bench.pass(275);
    expect(bench.orders("a")).toEqual(["leave"]);
    bench.pass(25);
    expect(bench.orders("a")).toEqual(["leave", "assign"]);
    expect(bench.orders("b")).toEqual([]);
    expect(bench.reasons).toEqual(["handOverFailed"]);
  });

  test("when the new owner does not acknowledge Assign in D: it is revoked, and the old one stays", () => {
    const bench = draining();
    bench.speaker("b").obeys = false;
    bench.speaker("c").obeys = false;
    bench.say("a", { type: "drain" });
    bench.pass(300);
    expect(bench.orders("b")).toEqual(["assign", "revoke"]);
    expect(bench.orders("a").slice(0, 2)).toEqual(["leave", "assign"]);
    expect(bench.owner()).toBe("a");
  });

  test("and the next one is tried, while the first has failed", () => {
    const bench = draining();
    bench.speaker("b").obeys = false;
    bench.say("a", { type: "drain" });
    bench.pass(350);
    expect(bench.owner()).toBe("c");
  });

  test("when the new node dies: the old one stays", () => {
    const bench = draining();
    bench.speaker("b").obeys = false;
    bench.say("a", { type: "drain" });
    bench.kill("b");
    bench.pass(50);
    expect(bench.orders("a").slice(0, 2)).toEqual(["leave", "assign"]);
  });

  test("when the old owner dies before it has left: the group is given on as after any death", () => {
    const bench = draining();
    bench.speaker("a").obeys = false;
    bench.say("a", { type: "drain" });
    bench.kill("a");
    bench.pass(50);
    expect(bench.owner()).toBe("b");
    expect(bench.reasons).toEqual(["ownerDead"]);
  });

  test("but not when the old owner dies after that: the new one finishes", () => {
    const bench = draining();
    bench.speaker("b").obeys = false;
    bench.say("a", { type: "drain" });
    const [assign] = bench.speaker("b").heard.filter(({ type }) => type === "assign");
    bench.kill("a");
    bench.pass(100);
    if (assign?.type === "assign") bench.say("b", { type: "ack", kind: "assign", group: GROUP, epoch: assign.epoch });
    expect(bench.owner()).toBe("b");
    expect(bench.reasons).toEqual(["handedOver"]);
  });

  test("when the group is removed: both are told to stop", () => {
    const bench = draining();
    bench.speaker("b").obeys = false;
    bench.say("a", { type: "drain" });
    bench.step({ type: "groupRemoved", group: GROUP });
    expect(bench.orders("a")).toEqual(["leave", "revoke", "drained"]);
    expect(bench.orders("b")).toEqual(["assign", "revoke"]);
  });

  test("acknowledgements of another epoch change nothing", () => {
    const bench = draining();
    bench.speaker("b").obeys = false;
    bench.say("a", { type: "drain" });
    bench.say("b", { type: "ack", kind: "assign", group: GROUP, epoch: { term: 1, counter: 1 } });
    expect(bench.owner()).toBe("a");
  });
});
