import { describe, expect, test } from "vitest";
import { candidate, GROUP, groupSpec, leading } from "../testing/controller-bench.ts";
import type { ControllerConfig } from "./state.ts";
import { controllerStatus, stepController } from "./step.ts";

const NODES = ["a", "b", "c", "d", "e"] as const;
/** Owned by a, then by b. */
const spec = groupSpec(
  GROUP,
  NODES.map((node) => candidate(node)),
);

const isLive = (bench: ReturnType<typeof leading>, node: string) =>
  controllerStatus(bench.state, bench.now).speakers.find((speaker) => speaker.node === node)?.live;

describe("a speaker", () => {
  test("whose stream ends without Bye is dead after 20 ms", () => {
    const bench = leading(NODES, [spec]);
    bench.kill("a");
    bench.now += 19;
    bench.step({ type: "closed", stream: 999 });
    expect(bench.owner()).toBe("a");
    bench.now += 1;
    bench.step({ type: "closed", stream: 999 });
    expect(bench.owner()).toBe("b");
  });

  test("that says Hello before that is not", () => {
    const bench = leading(NODES, [spec]);
    const held = [...bench.speaker("a").held.values()];
    bench.kill("a");
    bench.now += 19;
    bench.speaker("a").beats = true;
    bench.hello("a", held);
    bench.pass(1_000);
    expect(bench.owner()).toBe("a");
    expect(bench.reasons).toEqual([]);
  });

  test("that says Bye(shutdown) is gone at once", () => {
    const bench = leading(NODES, [spec]);
    bench.say("a", { type: "bye", reason: "shutdown" });
    expect(bench.owner()).toBe("b");
  });

  test("that lost this controller is alive, and has D to come back", () => {
    const bench = leading(NODES, [spec]);
    bench.speaker("a").beats = false;
    bench.say("a", { type: "bye", reason: "lostController" });
    bench.pass(275);
    expect(bench.owner()).toBe("a");
    bench.pass(50);
    expect(bench.owner()).toBe("b");
  });

  test("that is silent for D loses what it owned: on the wire first, then its stream, then the next gets it", () => {
    const bench = leading(NODES, [spec]);
    bench.speaker("a").beats = false;
    const { stream } = bench.speaker("a");
    bench.pass(275);
    expect(bench.owner()).toBe("a");
    const effects = bench.pass(50);
    const story = effects.flatMap((effect) => {
      if (effect.type === "close") return [`close ${effect.stream === stream ? "a" : "?"} ${effect.reason}`];
      return effect.type === "send" && effect.message.type !== "reply" ? [effect.message.type] : [];
    });
    expect(story).toEqual(["revoke", "close a silent", "assign"]);
  });

  test("whose answering thread hangs counts as silent, whatever still carries its heartbeats", () => {
    const bench = leading(NODES, [spec]);
    bench.speaker("a").beats = false;
    for (let i = 0; i < 4; i++) {
      bench.beat("a", { workerAge: 300 });
      bench.pass(100);
    }
    expect(bench.owner()).toBe("b");
  });

  test("that comes back gets nothing back", () => {
    const bench = leading(NODES, [spec]);
    bench.kill("a");
    bench.pass(1_000);
    bench.clear();
    bench.speaker("a").beats = true;
    bench.hello("a");
    bench.pass(15_000);
    expect(bench.owner()).toBe("b");
    expect(bench.reasons).toEqual([]);
  });
});

describe("most speakers silent at once", () => {
  test("are judged by nobody for as long as it lasts, up to 10 s", () => {
    const bench = leading(NODES, [spec]);
    for (const node of ["a", "b", "c"]) bench.speaker(node).beats = false;
    bench.pass(9_900);
    expect(bench.owner()).toBe("a");
    expect(controllerStatus(bench.state, bench.now).frozen).toBe(true);
    bench.pass(200);
    expect(bench.owner()).toBe("d");
  });

  test("include those that are still missing when the first are back, for D and 1 s more", () => {
    const bench = leading(NODES, [spec]);
    for (const node of ["a", "b", "c"]) bench.speaker(node).beats = false;
    bench.pass(2_000);
    for (const node of ["b", "c"]) bench.speaker(node).beats = true;
    bench.pass(1_300);
    expect(bench.owner()).toBe("a");
    bench.pass(200);
    expect(bench.owner()).toBe("b");
  });

  test("are judged 10 s after they were last heard, come what may", () => {
    const bench = leading(NODES, [spec]);
    for (const node of ["a", "b", "c"]) bench.speaker(node).beats = false;
    bench.pass(9_900);
    expect(bench.owner()).toBe("a");
    bench.pass(200);
    expect(bench.owner()).toBe("d");
  });

  test("are not what one late heartbeat during a death makes of it", () => {
    const bench = leading(["a", "b", "c"], [spec]);
    bench.speaker("a").beats = false;
    bench.speaker("b").beats = false;
    bench.pass(200);
    bench.speaker("b").beats = true;
    bench.pass(1_600);
    expect(bench.owner()).toBe("b");
  });

  test("are followed by 1 s in which nobody is judged, for who comes back last comes late", () => {
    const bench = leading(NODES, [spec]);
    for (const node of ["a", "b", "c"]) bench.speaker(node).beats = false;
    bench.pass(600);
    for (const node of ["a", "b", "c"]) bench.speaker(node).beats = true;
    bench.pass(100);
    bench.kill("a");
    bench.pass(900);
    expect(bench.owner()).toBe("a");
    bench.pass(1_200);
    expect(bench.owner()).toBe("b");
  });

  test("who lose their streams together are not dead either", () => {
    const bench = leading(NODES, [spec]);
    const held = [...bench.speaker("a").held.values()];
    for (const node of NODES) bench.kill(node);
    bench.pass(500);
    for (const node of NODES) {
      bench.speaker(node).beats = true;
      bench.hello(node, node === "a" ? held : []);
    }
    bench.pass(2_000);
    expect(bench.owner()).toBe("a");
    expect(bench.reasons).toEqual([]);
  });

  test("of two speakers both count, but one alone does not", () => {
    const bench = leading(["a", "b"], [groupSpec(GROUP, ["a", "b"])]);
    bench.speaker("a").beats = false;
    bench.pass(350);
    expect(bench.owner()).toBe("b");
  });
});

describe("a controller that was stopped", () => {
  test("blames nobody for what it did not hear, and from D on waits for all to redial", () => {
    const bench = leading(NODES, [spec]);
    bench.now += 5_000;
    bench.step({ type: "tick" });
    bench.speaker("a").beats = false;
    bench.pass(900);
    expect(bench.owner()).toBe("a");
    bench.pass(150);
    expect(bench.owner()).toBe("b");
  });

  test("is no less strict after a stall that was shorter", () => {
    const bench = leading(NODES, [spec]);
    bench.speaker("a").beats = false;
    bench.now += 150;
    bench.step({ type: "tick" });
    bench.pass(275);
    expect(bench.owner()).toBe("a");
    bench.pass(50);
    expect(bench.owner()).toBe("b");
  });

  test("notices it before it reads anything: a stream that ended meanwhile is no death", () => {
    const bench = leading(NODES, [spec]);
    const held = [...bench.speaker("a").held.values()];
    bench.now += 3_000;
    bench.kill("a");
    bench.speaker("a").beats = true;
    bench.hello("a", held);
    bench.pass(1_000);
    expect(isLive(bench, "a")).toBe(true);
    expect(bench.owner()).toBe("a");
  });
});

test("a speaker that has been gone for a day is forgotten, unless addresses are still its", () => {
  const bench = leading(["a", "b"], [spec]);
  for (const node of ["a", "b"]) bench.kill(node);
  bench.pass(20_000);
  // Else so long a step would be a stall.
  const config: ControllerConfig = { ...bench.config, without: new Set(["stall"]) };
  const tick = (hours: number) => {
    bench.now += hours * 3_600_000;
    const { state } = stepController(bench.state, { type: "tick", now: bench.now }, config);
    return controllerStatus(state, bench.now).speakers.map(({ node }) => node);
  };
  expect(tick(23)).toEqual(["a", "b"]);
  expect(tick(1)).toEqual(["a"]);
});
