import { describe, expect, test } from "vitest";
import type { HoldingState } from "../group.ts";
import { epoch, GROUP, link, only, SpeakerBench, sent, speakerIn } from "../testing/speaker-bench.ts";
import { speakerStatus } from "./step.ts";

type State = HoldingState | "none";

describe("the orders of a leader", () => {
  test.each<[State, State, "announces" | "is quiet"]>([
    ["none", "owner", "announces"],
    ["verify", "owner", "announces"],
    ["owner", "owner", "is quiet"],
    ["leaving", "owner", "announces"],
    ["yielded", "owner", "announces"],
  ])("Assign makes %s the %s, and it %s", (before, after, announces) => {
    const bench = speakerIn(before, 2);
    const effects = bench.assign(11);
    expect(bench.held).toBe(after);
    expect(only(effects, "announce")).toHaveLength(announces === "announces" ? 1 : 0);
  });

  test.each<[State, State, "acks" | "is quiet"]>([
    ["none", "none", "acks"],
    ["verify", "verify", "is quiet"],
    ["owner", "leaving", "acks"],
    ["leaving", "leaving", "acks"],
    ["yielded", "yielded", "is quiet"],
  ])("Leave makes %s %s, and it %s", (before, after, acks) => {
    const bench = speakerIn(before, 2);
    const effects = bench.leave(11);
    expect(bench.held).toBe(after);
    const ack = { type: "ack", kind: "leave", group: GROUP, epoch: epoch(11) };
    expect(sent(effects).filter(({ type }) => type === "ack")).toEqual(acks === "acks" ? [ack] : []);
  });

  test.each<State>(["none", "verify", "owner", "leaving", "yielded"])(
    "Revoke ends %s and is acknowledged",
    (before) => {
      const bench = speakerIn(before, 2);
      const effects = bench.revoke(11);
      expect(bench.held).toBe("none");
      expect(sent(effects)).toContainEqual({ type: "ack", kind: "revoke", group: GROUP, epoch: epoch(11) });
    },
  );

  test.each<["assign" | "leave" | "revoke"]>([["assign"], ["leave"], ["revoke"]])(
    "%s of an epoch below the group's is ignored",
    (order) => {
      const bench = speakerIn("owner", 2);
      expect(bench[order](9)).toEqual([]);
      expect(bench.held).toBe("owner");
    },
  );

  test("an Assign is acknowledged only when the first announcement is on the wire", () => {
    const bench = speakerIn("none", 2);
    const effects = bench.assign(11);
    expect(only(effects, "announce")).toEqual([
      { type: "announce", group: GROUP, epoch: epoch(11), interfaces: "all", confirm: true },
    ]);
    expect(sent(effects).map(({ type }) => type)).toEqual(["holdings"]);
    const ack = { type: "ack", kind: "assign", group: GROUP, epoch: epoch(11) };
    expect(sent(bench.announced(11))).toEqual([ack]);
    expect(bench.announced(11)).toEqual([]);
  });

  test("a second Assign that overtakes the announcement is the one that is acknowledged", () => {
    const bench = speakerIn("none", 2);
    bench.assign(11);
    bench.assign(12);
    expect(sent(bench.announced(11))).toEqual([{ type: "ack", kind: "assign", group: GROUP, epoch: epoch(12) }]);
  });

  test("an order of an older term is refused with a heartbeat that tells the newer one, once a tick", () => {
    const bench = speakerIn("owner", 2);
    bench.hear({ ...bench.replyNow(), term: 3, holder: "leader-3" });
    bench.reply = undefined;
    const order = { type: "revoke", group: GROUP, epoch: epoch(99, 2) } as const;
    expect(sent(bench.hear(order))).toMatchObject([{ type: "heartbeat", maxTerm: 3, termHolder: "leader-3" }]);
    expect(bench.hear(order)).toEqual([]);
    expect(bench.held).toBe("owner");
  });

  test("an order of the same term under another holder is refused, for its epochs may have been given already", () => {
    const bench = speakerIn("owner", 2);
    bench.reply = undefined;
    bench.hear({ ...bench.replyNow(), holder: "impostor" });
    expect(sent(bench.revoke(11))).toMatchObject([{ type: "heartbeat", termHolder: "leader-1" }]);
    expect(bench.held).toBe("owner");
  });

  test("an order of a newer term raises the term, which is then saved", () => {
    const bench = speakerIn("none", 2);
    bench.hear({ type: "assign", group: GROUP, epoch: epoch(1, 7), echo: bench.now });
    expect(speakerStatus(bench.state).maxTerm).toBe(7);
    expect(only(bench.pass(25), "persist")).toMatchObject([{ maxTerm: 7, termHolder: "leader-1" }]);
  });

  test.each<["assign" | "leave"]>([["assign"], ["leave"]])(
    "%s with an echo as old as D is ignored, and the leader told so",
    (type) => {
      const bench = speakerIn("owner", 2);
      const before = bench.held;
      const effects = bench.hear({ type, group: GROUP, epoch: epoch(11), echo: bench.now - 300 });
      expect(bench.held).toBe(before);
      expect(sent(effects)).toEqual([{ type: "ack", kind: "stale", group: GROUP, epoch: epoch(11) }]);
    },
  );

  test("thousands of orders that are ignored make a line a second", () => {
    const bench = speakerIn("owner", 2);
    const logged = Array.from({ length: 21 }, (_, n) => {
      bench.now += 50;
      const effects = bench.hear({ type: "assign", group: GROUP, epoch: epoch(11 + n), echo: bench.now - 300 });
      return only(effects, "log").flatMap(({ message, fields }) => (message === "stale order ignored" ? [fields] : []));
    });
    expect(logged.flat()).toMatchObject([{ epoch: "1.11" }, { epoch: "1.31", repeats: 19 }]);
  });

  test("Revoke is obeyed however old it is", () => {
    const bench = speakerIn("owner", 2);
    bench.now += 90;
    bench.revoke(11);
    expect(bench.held).toBe("none");
  });

  test("an Assign of a group that was never defined is that item's error", () => {
    const bench = speakerIn("none", 2);
    expect(only(bench.assign(11, "192.0.2.99"), "orderError")).toEqual([
      { type: "orderError", replica: "c1", group: "192.0.2.99", reason: "unknownGroup" },
    ]);
  });

  test("an Assign with no usable link is reported, and obeyed all the same", () => {
    const bench = speakerIn("none", 2);
    bench.step({ type: "links", links: [link({ carrier: false })] });
    expect(only(bench.assign(11), "orderError")).toMatchObject([
      { replica: "c1", group: GROUP, reason: "noInterface" },
    ]);
    expect(bench.held).toBe("owner");
  });

  test("an announcement that the kernel refuses is reported, and acknowledged once a later round is out", () => {
    const bench = speakerIn("none", 2);
    bench.assign(11);
    const refused = bench.step({ type: "notSent", group: GROUP, epoch: epoch(11) });
    expect(only(refused, "orderError")).toMatchObject([{ replica: "c1", group: GROUP, reason: "wire" }]);
    expect(only(bench.pass(1_150), "announce")).toMatchObject([{ confirm: true, epoch: epoch(11) }]);
    expect(sent(bench.announced(11))).toMatchObject([{ type: "ack", kind: "assign" }]);
    expect(bench.step({ type: "notSent", group: GROUP, epoch: epoch(11) })).toEqual([]);
  });

  test("orders of a stream that was given up count for nothing", () => {
    const bench = new SpeakerBench();
    bench.connect();
    const { dial } = bench;
    bench.loseController();
    const order = { type: "assign", group: GROUP, epoch: epoch(11), echo: bench.now } as const;
    expect(bench.step({ type: "received", dial, message: order })).toEqual([]);
    expect(bench.held).toBe("none");
  });
});

describe("what is answered and reported", () => {
  test.each<[State, readonly string[]]>([
    ["owner", ["all"]],
    ["leaving", ["all", "requests"]],
  ])("the way to %s sets the answers to %j", (state, modes) => {
    const bench = new SpeakerBench();
    bench.connect();
    bench.assign(10);
    if (state === "leaving") bench.leave(11);
    expect(only(bench.effects, "answer").map(({ mode }) => mode)).toEqual(modes);
  });

  test("each change goes to every replica at once, with the next revision and only what has changed", () => {
    const bench = new SpeakerBench();
    bench.step({ type: "define", group: { id: "192.0.2.2", addresses: [] } });
    bench.connect();
    bench.assign(1);
    const effects = bench.assign(2, "192.0.2.2");
    expect(sent(effects)).toContainEqual({
      type: "holdings",
      rev: 2,
      changed: [{ group: "192.0.2.2", epoch: epoch(2), state: "owner" }],
    });
    const effectsOfRevoke = bench.revoke(3);
    expect(sent(effectsOfRevoke)).toContainEqual({
      type: "holdings",
      rev: 3,
      changed: [{ group: GROUP, epoch: epoch(3), state: "none" }],
    });
  });

  test("the state folder gets what changed, with the tick", () => {
    const bench = speakerIn("none", 2);
    bench.assign(11);
    expect(only(bench.pass(25), "persist")).toMatchObject([
      { saved: [{ id: GROUP, epoch: epoch(11) }], forgotten: [] },
    ]);
    bench.revoke(12);
    expect(only(bench.pass(25), "persist")).toMatchObject([{ saved: [], forgotten: [GROUP] }]);
    expect(only(bench.pass(1_000), "persist")).toEqual([]);
  });
});
