import { expect, test } from "vitest";
import { controllerStatus } from "./controller/step.ts";
import { speakerStatus } from "./speaker/step.ts";
import { groupSpec, leading } from "./testing/controller-bench.ts";
import { definition, SpeakerBench } from "./testing/speaker-bench.ts";

const IDS = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);

/** Milliseconds that it takes, the best of three. */
function cost(run: () => void): number {
  return Math.min(
    ...[0, 1, 2].map(() => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }),
  );
}

test("a speaker's tick, heartbeat and frame cost the same with 10,000 groups as with one", () => {
  const benches = [1, 10_000].map((count) => {
    const bench = new SpeakerBench();
    bench.connect();
    for (const id of IDS.slice(0, count)) {
      bench.step({ type: "define", group: definition(id) });
      bench.assign(1, id);
    }
    bench.pass(6_000);
    bench.effects = [];
    expect(speakerStatus(bench.state).counts.owner).toBe(count);
    return bench;
  });
  const [one, many] = benches.map((bench) => cost(() => void bench.pass(5_000))) as [number, number];
  expect(many).toBeLessThan(20 * one + 20);
});

test("a controller's tick and heartbeat cost the same with 10,000 groups as with one", () => {
  const nodes = ["a", "b", "c"];
  const benches = [1, 10_000].map((count) =>
    leading(
      nodes,
      IDS.slice(0, count).map((id) => groupSpec(id, nodes)),
    ),
  );
  const [one, many] = benches.map((bench) => cost(() => void bench.pass(5_000))) as [number, number];
  expect(many).toBeLessThan(20 * one + 20);
});

test("a node with thousands of groups dies, and all are placed in one pass, evenly", () => {
  const nodes = ["a", "b", "c"];
  const bench = leading(
    nodes,
    IDS.map((id) => groupSpec(id, nodes)),
  );
  bench.kill("a");
  const start = performance.now();
  bench.pass(50);
  expect(performance.now() - start).toBeLessThan(2_000);
  const { unowned, speakers } = controllerStatus(bench.state, bench.now);
  expect(unowned).toBe(0);
  expect(speakers.map(({ owns }) => owns)).toEqual([0, 5_000, 5_000]);
});
