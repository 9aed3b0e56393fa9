import type { Ipv4 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { HoldingState } from "../group.ts";
import {
  definition,
  epoch,
  GROUP,
  HIGHER_MAC,
  LOWER_MAC,
  link,
  only,
  SpeakerBench,
  saved,
  speakerIn,
} from "../testing/speaker-bench.ts";
import { initialSpeaker } from "./state.ts";
import { holdingOf, speakerStatus } from "./step.ts";

describe("a speaker that comes back", () => {
  test("without a controller probes three times after D, and owns what stays clear for 225 ms", () => {
    const bench = new SpeakerBench(saved());
    expect(bench.held).toBe("verify");
    expect(only(bench.pass(275), "probe")).toEqual([]);
    const probes: number[] = [];
    const start = bench.now;
    while (bench.held === "verify" && bench.now < start + 2_000) {
      if (only(bench.pass(25), "probe").length > 0) probes.push(bench.now - start);
    }
    expect(probes.slice(0, 3)).toEqual([25, 75, 125]);
    expect(bench.held).toBe("owner");
    expect(bench.now - start).toBe(250);
  });

  test("with a leader waits silently for its word", () => {
    const bench = speakerIn("verify", 2);
    bench.pass(3_000);
    expect(only(bench.effects, "probe")).toEqual([]);
    expect(bench.held).toBe("verify");
  });

  test("helps itself when a leader does not decide for D and the start hold", () => {
    const bench = speakerIn("verify", 2);
    bench.pass(3_300 + 300);
    expect(bench.held).toBe("owner");
  });

  test("begins anew when it loses the leader in the middle", () => {
    const bench = new SpeakerBench(saved());
    bench.pass(400);
    bench.connect();
    bench.pass(1_000);
    expect(bench.held).toBe("verify");
    bench.loseController();
    bench.pass(225);
    expect(bench.held).toBe("verify");
    bench.pass(50);
    expect(bench.held).toBe("owner");
  });

  test("counts nothing that it can't have heard: a stall begins the verification anew", () => {
    const bench = new SpeakerBench(saved());
    bench.pass(400);
    bench.stall(150);
    bench.pass(200);
    expect(bench.held).toBe("verify");
    bench.pass(100);
    expect(bench.held).toBe("owner");
  });

  test("verifies nothing without carrier", () => {
    const bench = new SpeakerBench(saved());
    bench.step({ type: "links", links: [link({ carrier: false })] });
    bench.pass(2_000);
    expect(bench.held).toBe("verify");
    bench.step({ type: "links", links: [link()] });
    bench.pass(300);
    expect(bench.held).toBe("owner");
  });

  test("after a reboot remembers the term and nothing else", () => {
    const bench = new SpeakerBench(saved("boot-0"));
    expect(bench.held).toBe("none");
    expect(speakerStatus(bench.state).maxTerm).toBe(1);
  });

  test("probes thousands of groups at no more than 10,000 frames a second", () => {
    const groups = Array.from({ length: 5_000 }, (_, i) => ({
      ...definition(`10.1.${i >> 8}.${i & 255}`),
      epoch: epoch(i + 1),
    }));
    const bench = new SpeakerBench();
    bench.state = initialSpeaker(bench.config, { ...saved(), groups });
    bench.step({ type: "links", links: [link()] });
    bench.pass(300);
    const perSecond: number[] = [];
    for (let second = 0; second < 2; second++) perSecond.push(only(bench.pass(1_000), "probe").length);
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(11_100);
    expect(speakerStatus(bench.state).counts.owner).toBe(5_000);
    expect(holdingOf(bench.state, "10.1.0.0")?.state).toBe("owner");
  });
});

describe("a speaker that yielded", () => {
  test("without a controller asks every 500 ms, and verifies after 3 s without an answer", () => {
    const bench = speakerIn("yielded", 0);
    expect(only(bench.pass(2_975), "probe")).toHaveLength(5);
    expect(bench.held).toBe("yielded");
    bench.pass(100);
    expect(bench.held).toBe("verify");
    bench.pass(300);
    expect(bench.held).toBe("owner");
  });

  test("stays silent as long as its probes are answered", () => {
    const bench = speakerIn("yielded", 0);
    for (let i = 0; i < 20; i++) {
      bench.pass(500);
      bench.claim(HIGHER_MAC);
    }
    expect(bench.held).toBe("yielded");
  });

  test("under a leader waits for its word", () => {
    const bench = speakerIn("yielded", 1);
    bench.pass(10_000);
    expect(only(bench.effects, "probe")).toEqual([]);
    expect(bench.held).toBe("yielded");
  });
});

describe("time", () => {
  test("brings the owner's gratuitous rounds at 0, 1.1, 2.2, 3.3 and 4.4 s", () => {
    const bench = speakerIn("none", 2);
    const start = bench.now;
    const rounds: number[] = [];
    if (only(bench.assign(11), "announce").length > 0) rounds.push(0);
    while (bench.now < start + 6_000) {
      if (only(bench.pass(25), "announce").length > 0) rounds.push(bench.now - start);
    }
    expect(rounds).toEqual([0, 1_100, 2_200, 3_300, 4_400]);
  });

  test.each<[number, HoldingState, HoldingState]>([
    [101, "owner", "owner"],
    [300, "owner", "owner"],
    [301, "owner", "verify"],
    [301, "leaving", "verify"],
    [5_000, "yielded", "yielded"],
  ])("a stall of %i ms makes %s %s before anything is read", (ms, before, after) => {
    const bench = speakerIn(before, 2);
    const effects = bench.stall(ms);
    expect(effects[0]).toEqual({ type: "dropFrames" });
    expect(bench.held).toBe(after);
  });

  test("a short delay of the tick is no stall", () => {
    const bench = speakerIn("owner", 2);
    expect(only(bench.stall(100), "dropFrames")).toEqual([]);
  });

  test.each<[0 | 1 | 2, number]>([
    [0, 10],
    [1, 10],
    [2, 0],
  ])("at authority %i a sentinel probe leaves %i times a second, for each group in turn", (authority, count) => {
    const bench = speakerIn("owner", 2);
    bench.step({ type: "define", group: definition("192.0.2.2") });
    bench.assign(12, "192.0.2.2");
    bench.setAuthority(authority);
    const probes = only(bench.pass(1_000), "probe");
    expect(probes).toHaveLength(count);
    expect(new Set(probes.map(({ group }) => group)).size).toBe(count ? 2 : 0);
  });

  test("a leader that is lost in a hand-over leaves the old owner the owner, without an announcement", () => {
    const bench = speakerIn("leaving", 2);
    bench.loseController();
    const effects = bench.pass(25);
    expect(bench.held).toBe("owner");
    expect(only(effects, "announce")).toEqual([]);
  });

  test("but not once the new owner was heard", () => {
    const bench = speakerIn("leaving", 2);
    bench.claim(LOWER_MAC);
    bench.loseController();
    bench.pass(100);
    expect(bench.held).toBe("none");
  });
});

describe("links", () => {
  test.each<[string, Parameters<typeof link>[0], Parameters<typeof link>[0]]>([
    ["carrier back", { carrier: false }, {}],
    ["set up again", { up: false }, {}],
    ["created again", {}, { ifindex: 7 }],
    ["another MAC", {}, { mac: HIGHER_MAC }],
  ])("%s: under a leader the owner announces there, on the whole schedule", (_, before, after) => {
    const bench = speakerIn("owner", 2);
    bench.pass(5_000);
    bench.step({ type: "links", links: [link(before)] });
    bench.effects = [];
    bench.step({ type: "links", links: [link(after)] });
    bench.pass(5_000);
    const rounds = only(bench.effects, "announce");
    expect(rounds).toHaveLength(5);
    expect(rounds[0]).toMatchObject({ group: GROUP, interfaces: ["eth0"] });
  });

  test("what is assigned just after a link came up has the rounds of its own schedule only", () => {
    const bench = speakerIn("owner", 2);
    bench.pass(5_000);
    bench.step({ type: "links", links: [link({ carrier: false })] });
    bench.step({ type: "links", links: [link()] });
    const other = { id: "192.0.2.2", addresses: [{ address: "192.0.2.2" as Ipv4, interfaces: "all" as const }] };
    bench.step({ type: "define", group: other });
    bench.effects = [];
    bench.assign(12, other.id);
    bench.pass(5_000);
    const rounds = only(bench.effects, "announce").filter(({ group }) => group === other.id);
    expect(rounds.map(({ interfaces }) => interfaces)).toEqual(["all", "all", "all", "all", "all"]);
  });

  test("what is assigned just before the first link comes up has the rounds of that link only", () => {
    const bench = speakerIn("none", 2);
    bench.step({ type: "links", links: [link({ carrier: false })] });
    bench.assign(11);
    bench.effects = [];
    bench.step({ type: "links", links: [link()] });
    bench.pass(5_000);
    const rounds = only(bench.effects, "announce");
    expect(rounds.map(({ interfaces }) => interfaces)).toEqual(Array.from({ length: 5 }, () => ["eth0"]));
  });

  test("carrier back without a leader: the owner verifies before it answers", () => {
    const bench = speakerIn("owner", 0);
    bench.pass(300);
    bench.step({ type: "links", links: [link({ carrier: false })] });
    bench.step({ type: "links", links: [link()] });
    expect(bench.held).toBe("verify");
    bench.pass(300);
    expect(bench.held).toBe("owner");
  });

  test("an announcement that found no link is confirmed when one comes up", () => {
    const bench = speakerIn("none", 2);
    bench.step({ type: "links", links: [link({ carrier: false })] });
    bench.assign(11);
    const effects = bench.step({ type: "links", links: [link()] });
    expect(only(effects, "announce")).toMatchObject([{ interfaces: ["eth0"], confirm: true, epoch: epoch(11) }]);
  });

  test("what changes nothing announces nothing", () => {
    const bench = speakerIn("owner", 2);
    expect(only(bench.step({ type: "links", links: [link()] }), "announce")).toEqual([]);
    expect(only(bench.step({ type: "define", group: definition() }), "announce")).toEqual([]);
  });
});

test("a group that leaves the desired state is answered no longer, and forgotten", () => {
  const bench = speakerIn("owner", 2);
  const effects = bench.step({ type: "undefine", group: GROUP });
  expect(only(effects, "answer")).toEqual([{ type: "answer", group: GROUP, mode: "none" }]);
  expect(bench.claim(LOWER_MAC)).toEqual([]);
});
