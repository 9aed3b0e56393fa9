import { describe, expect, test } from "vitest";
import { definition, GROUP, only, SpeakerBench, saved, sent, speakerIn } from "../testing/speaker-bench.ts";
import { speakerStatus } from "./step.ts";

describe("streams", () => {
  test("a stream that opens is told who this is and what it holds", () => {
    const bench = new SpeakerBench(saved());
    bench.step({ type: "connected", dial: bench.dial });
    expect(sent(bench.step({ type: "opened", dial: bench.dial }))).toMatchObject([
      {
        type: "hello",
        node: "n1",
        instance: "i1",
        bootId: "boot-1",
        maxTerm: 1,
        holdings: [{ group: GROUP, state: "verify" }],
      },
    ]);
  });

  test("a heartbeat goes to every replica every interval that the leader has set", () => {
    const bench = new SpeakerBench();
    bench.connect({ intervalMs: 50, detectionMs: 150 });
    bench.pass(100);
    const beats = sent(bench.pass(1_000)).filter(({ type }) => type === "heartbeat");
    expect(beats).toHaveLength(20);
  });

  test.each([
    ["too often", { intervalMs: 1, detectionMs: 3 }],
    ["once", { intervalMs: 100, detectionMs: 100 }],
    ["never", { intervalMs: Number.NaN, detectionMs: 300 }],
  ])("a Reply that asks for heartbeats %s is not believed", (_, reply) => {
    const bench = new SpeakerBench();
    bench.connect(reply);
    expect(bench.state.intervalMs).toBe(100);
    expect(bench.state.detectionMs).toBe(300);
  });

  test("an echo of a stamp that was never sent gives no authority", () => {
    const bench = new SpeakerBench();
    bench.connect({ echo: 1e12 });
    expect(speakerStatus(bench.state).authority).toBe(0);
  });

  test.each<[string, object, 0 | 1 | 2]>([
    ["a firm leader", {}, 2],
    ["a leader that is not firm", { firm: false }, 1],
    ["a standby", { role: "standby" }, 0],
  ])("%s gives authority %#", (_, reply, authority) => {
    const bench = new SpeakerBench();
    bench.connect(reply);
    expect(speakerStatus(bench.state).authority).toBe(authority);
  });

  test("authority lasts until an echo is as old as D, and ends with the stream at once", () => {
    const bench = speakerIn("owner", 2);
    bench.pass(100);
    bench.reply = undefined;
    bench.pass(200);
    expect(speakerStatus(bench.state).authority).toBe(2);
    bench.pass(100);
    expect(speakerStatus(bench.state).authority).toBe(0);
    const other = speakerIn("owner", 2);
    other.loseController();
    expect(speakerStatus(other.state).authority).toBe(0);
  });

  test("a replica that is silent for D gets a Bye, and is dialled again at once", () => {
    const bench = speakerIn("owner", 2);
    bench.reply = undefined;
    const effects = bench.pass(325);
    expect(sent(effects)).toContainEqual({ type: "bye", reason: "lostController" });
    const kinds = effects.map(({ type }) => type).filter((type) => type === "close" || type === "dial");
    expect(kinds).toEqual(["close", "dial"]);
  });

  test("after a stall the streams are read before they are given up", () => {
    const bench = speakerIn("owner", 2);
    bench.reply = undefined;
    expect(only(bench.stall(2_000), "close")).toEqual([]);
    expect(only(bench.pass(300), "close")).toHaveLength(1);
  });

  test("a speaker that holds something dials every 200 ms, whether refused or unanswered", () => {
    const bench = new SpeakerBench(saved());
    expect(only(bench.pass(1_000), "dial")).toHaveLength(5);
    const refused = new SpeakerBench(saved());
    for (let i = 0; i < 40; i++) {
      refused.step({ type: "closed", dial: refused.dial, replaced: false });
      refused.pass(25);
    }
    expect(only(refused.effects, "dial").length).toBeLessThanOrEqual(7);
  });

  test("once TCP stands the rest may take 1 s", () => {
    const bench = new SpeakerBench(saved());
    bench.step({ type: "connected", dial: bench.dial });
    expect(only(bench.pass(975), "close")).toEqual([]);
    expect(only(bench.pass(25), "close")).toHaveLength(1);
  });

  test("a speaker that holds nothing backs off from 100 ms to 1 s, jittered", () => {
    const bench = new SpeakerBench();
    for (let i = 0; i < 6; i++) bench.step({ type: "closed", dial: bench.dial, replaced: false });
    expect(only(bench.effects, "dial").map(({ delayMs, jitter }) => [delayMs, jitter])).toEqual([
      [0, 0],
      [100, 0.5],
      [200, 0.5],
      [400, 0.5],
      [800, 0.5],
      [1_000, 0.5],
      [1_000, 0.5],
    ]);
  });

  test("carrier anywhere is a reason to dial at once", () => {
    const bench = new SpeakerBench(saved());
    bench.pass(100);
    expect(only(bench.step({ type: "networkUp" }), "dial")).toHaveLength(1);
  });

  test("a replica that is no longer named gets a Bye, a new one is dialled", () => {
    const bench = speakerIn("owner", 2);
    const effects = bench.step({ type: "replicas", replicas: ["c2"] });
    expect(sent(effects)).toContainEqual({ type: "bye", reason: "lostController" });
    expect(only(effects, "dial")).toMatchObject([{ replica: "c2" }]);
  });
});

describe("the end", () => {
  test("SIGTERM asks every replica to take over, and ends when told that all is done", () => {
    const bench = speakerIn("owner", 2);
    expect(sent(bench.step({ type: "drain" }))).toEqual([{ type: "drain" }]);
    expect(bench.held).toBe("owner");
    bench.revoke(11);
    const effects = bench.hear({ type: "drained" });
    expect(sent(effects)).toContainEqual({ type: "bye", reason: "shutdown" });
    expect(effects.slice(-2)).toMatchObject([{ type: "persist" }, { type: "exit", code: 0, reason: "shutdown" }]);
  });

  test("nobody says so: it ends after 2 s, silent before it says goodbye, and keeps what it held for the next start", () => {
    const bench = speakerIn("owner", 2);
    bench.step({ type: "drain" });
    expect(only(bench.pass(1_975), "exit")).toEqual([]);
    bench.effects = [];
    bench.pass(25);
    const kinds = bench.effects.map((effect) => (effect.type === "send" ? effect.message.type : effect.type));
    expect(kinds.indexOf("answer")).toBeLessThan(kinds.indexOf("bye"));
    expect(kinds.indexOf("bye")).toBeLessThan(kinds.indexOf("exit"));
    expect(only(bench.effects, "persist").flatMap(({ forgotten }) => forgotten)).toEqual([]);
  });

  test("with no stream open there is nobody to wait for", () => {
    const bench = speakerIn("owner", 0);
    expect(only(bench.step({ type: "drain" }), "exit")).toHaveLength(1);
  });

  test("a stream that opens meanwhile is told to take over", () => {
    const bench = new SpeakerBench();
    bench.step({ type: "replicas", replicas: ["c1", "c2"] });
    const second = bench.dial;
    bench.dial = second - 1;
    bench.connect();
    bench.step({ type: "define", group: definition() });
    bench.step({ type: "drain" });
    bench.step({ type: "connected", dial: second });
    expect(sent(bench.step({ type: "opened", dial: second })).map(({ type }) => type)).toEqual(["hello", "drain"]);
  });

  test("a speaker that a newer process of its node has replaced ends with 1", () => {
    const bench = speakerIn("owner", 2);
    const effects = bench.step({ type: "closed", dial: bench.dial, replaced: true });
    expect(only(effects, "answer")).toEqual([{ type: "answer", group: GROUP, mode: "none" }]);
    expect(only(effects, "exit")).toEqual([{ type: "exit", code: 1, reason: "replaced" }]);
    expect(bench.pass(1_000)).toEqual([]);
  });
});
