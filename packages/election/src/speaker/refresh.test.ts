import { describe, expect, test } from "vitest";
import { definition, GROUP, only, SpeakerBench } from "../testing/speaker-bench.ts";

/** After how many milliseconds each of the coming announcements is made. */
function announcements(bench: SpeakerBench, ms: number): number[] {
  const begin = bench.now;
  const times: number[] = [];
  while (bench.now < begin + ms) {
    for (const _ of only(bench.pass(25), "announce")) times.push(bench.now - begin);
  }
  return times;
}

const refreshed = (refreshMs?: number) => ({ type: "define", group: { ...definition(), refreshMs } }) as const;

/** An owner from now on, whose first round is on the wire. */
function owner(refreshMs?: number): SpeakerBench {
  const bench = new SpeakerBench();
  bench.step(refreshed(refreshMs));
  bench.connect();
  bench.assign(10);
  bench.announced(10);
  return bench;
}

const SERIES = [1100, 2200, 3300, 4400];

describe("an owner's announcements", () => {
  test("end with their series", () => {
    expect(announcements(owner(), 60_000)).toEqual(SERIES);
  });

  test("are repeated after the series if the group says so", () => {
    expect(announcements(owner(1000), 7500)).toEqual([...SERIES, 5400, 6400, 7400]);
  });

  test("are repeated as often as the definition says last", () => {
    const bench = owner(1000);
    announcements(bench, 5500);
    bench.step(refreshed(2000));
    expect(announcements(bench, 11_000)).toEqual([6400, 8400, 10_400]);
    bench.step(refreshed());
    expect(announcements(bench, 60_000)).toEqual([]);
    bench.step(refreshed(1000));
    expect(announcements(bench, 6500)).toEqual([5400, 6400]);
  });

  test("are not repeated sooner because the same definition comes again", () => {
    const bench = owner(5000);
    announcements(bench, 9000);
    bench.step(refreshed(5000));
    expect(announcements(bench, 1000)).toEqual([400]);
  });

  test("of a group that gets another address are a series, and repeated after that", () => {
    const bench = owner(1000);
    announcements(bench, 5500);
    const addresses = [...definition().addresses, ...definition("192.0.2.2").addresses];
    bench.step({ type: "define", group: { id: GROUP, addresses, refreshMs: 1000 } });
    expect(announcements(bench, 5500)).toEqual([...SERIES, 5400]);
  });

  test("are confirmed by a repetition, too, if none was on the wire", () => {
    const bench = new SpeakerBench();
    bench.step(refreshed(1000));
    bench.connect();
    bench.assign(10);
    bench.pass(5000);
    expect(only(bench.pass(500), "announce")).toMatchObject([{ confirm: true }]);
  });
});

test.each<[string, (bench: SpeakerBench) => void]>([
  ["is leaving", (bench) => bench.leave(11)],
  ["has lost the group", (bench) => bench.revoke(11)],
  ["is told that the group is gone", (bench) => bench.step({ type: "undefine", group: GROUP })],
])("a node that %s repeats nothing", (_what, end) => {
  const bench = owner(1000);
  announcements(bench, 5500);
  end(bench);
  expect(announcements(bench, 3000)).toEqual([]);
});

test("a group that comes back is repeated once each time", () => {
  const bench = owner(1000);
  announcements(bench, 5500);
  bench.revoke(11);
  bench.assign(12);
  bench.announced(12);
  expect(announcements(bench, 7000)).toEqual([...SERIES, 5400, 6400]);
});
