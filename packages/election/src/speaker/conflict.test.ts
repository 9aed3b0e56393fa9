import type { Mac } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { HoldingState } from "../group.ts";
import {
  ADDRESS,
  definition,
  GROUP,
  HIGHER_MAC,
  LOWER_MAC,
  link,
  OWN_MAC,
  only,
  SpeakerBench,
  sent,
  speakerIn,
} from "../testing/speaker-bench.ts";
import type { Authority } from "./state.ts";

/** Claims every 25 ms until the owner yields; how long that took, or undefined when it doesn't within 1.5 s. */
function patienceOf(authority: Authority, rival: Mac): number | undefined {
  const bench = speakerIn("owner", authority);
  const start = bench.now;
  for (; bench.now <= start + 1_500; bench.pass(25)) {
    bench.claim(rival);
    if (bench.held === "yielded") return bench.now - start;
  }
  return undefined;
}

describe("a claim by another", () => {
  test.each<[HoldingState, HoldingState | "none"]>([
    ["verify", "yielded"],
    ["yielded", "yielded"],
  ])("makes a silent holder in %s %s", (before, after) => {
    const bench = speakerIn(before, 0);
    bench.claim(HIGHER_MAC);
    expect(bench.held).toBe(after);
  });

  test("is nothing to a speaker that holds nothing", () => {
    const bench = speakerIn("none", 0);
    expect(bench.claim(HIGHER_MAC)).toEqual([]);
  });

  test("ends leaving 100 ms later", () => {
    const bench = speakerIn("leaving", 2);
    bench.claim(LOWER_MAC);
    bench.pass(75);
    expect(bench.held).toBe("leaving");
    bench.pass(25);
    expect(bench.held).toBe("none");
  });

  test.each<[Authority, string, Mac, number | undefined]>([
    [0, "lower", HIGHER_MAC, 100],
    [0, "higher", LOWER_MAC, 0],
    [1, "lower", HIGHER_MAC, 300],
    [1, "higher", LOWER_MAC, 200],
    [2, "lower", HIGHER_MAC, undefined],
    [2, "higher", LOWER_MAC, undefined],
  ])(
    "at authority %i is borne by an owner with the %s MAC for as long as its patience",
    (authority, _, rival, patience) => {
      expect(patienceOf(authority, rival)).toBe(patience);
    },
  );

  test("is answered by an announcement under full authority, at most once a second", () => {
    const bench = speakerIn("owner", 2);
    bench.pass(100);
    bench.effects = [];
    for (let i = 0; i < 80; i++) {
      bench.claim(HIGHER_MAC);
      bench.pass(25);
    }
    const own = only(bench.effects, "announce");
    expect(own.length).toBeGreaterThanOrEqual(2);
    // Two defences, and the one round of the gratuitous schedule that falls into these 2 s.
    expect(own.length).toBeLessThanOrEqual(3);
  });

  test("is reported with its MAC, and so is its end", () => {
    const bench = speakerIn("owner", 2);
    bench.claim(HIGHER_MAC);
    expect(sent(bench.pass(25))).toContainEqual(
      expect.objectContaining({ type: "holdings", changed: [expect.objectContaining({ conflictMac: HIGHER_MAC })] }),
    );
    const changes = sent(bench.pass(1_000)).flatMap((message) => (message.type === "holdings" ? message.changed : []));
    expect(changes).toEqual([expect.not.objectContaining({ conflictMac: HIGHER_MAC })]);
  });

  test.each([
    ["a host", [LOWER_MAC], "warn"],
    ["another node, as during a hand-over,", [HIGHER_MAC], "info"],
  ] as const)("of %s is logged at the level that it deserves", (_, macs, level) => {
    const bench = speakerIn("owner", 2);
    bench.step({ type: "peers", macs });
    expect(only(bench.claim(HIGHER_MAC), "log")).toMatchObject([{ level, message: "address claimed by another" }]);
  });

  test("at less than full authority makes the owner ask for its other groups", () => {
    const bench = speakerIn("owner", 2);
    bench.step({ type: "define", group: definition("192.0.2.2") });
    bench.assign(12, "192.0.2.2");
    bench.pass(200);
    bench.setAuthority(0);
    const effects = bench.claim(HIGHER_MAC);
    expect(only(effects, "probe")).toEqual([{ type: "probe", group: "192.0.2.2", interfaces: "all" }]);
  });

  test("of a host that is no Herald node makes nobody yield while there is a leader", () => {
    const bench = speakerIn("owner", 1);
    bench.step({ type: "peers", macs: [LOWER_MAC] });
    for (let i = 0; i < 40; i++) {
      bench.claim(HIGHER_MAC);
      bench.pass(25);
    }
    expect(bench.held).toBe("owner");
    for (let i = 0; i < 40; i++) {
      bench.claim(LOWER_MAC);
      bench.pass(25);
    }
    expect(bench.held).toBe("yielded");
  });

  test("counts anew when the conflict is over", () => {
    const bench = speakerIn("owner", 0);
    bench.claim(HIGHER_MAC);
    bench.pass(825);
    bench.claim(HIGHER_MAC);
    expect(bench.held).toBe("owner");
    bench.pass(100);
    bench.claim(HIGHER_MAC);
    expect(bench.held).toBe("yielded");
  });

  test.each<[string, Mac, string]>([
    ["from this node's own MAC", OWN_MAC, "eth0"],
    ["on an interface that is not known", LOWER_MAC, "eth9"],
  ])("%s is ignored", (_, mac, name) => {
    const bench = speakerIn("owner", 0);
    bench.step({ type: "claim", address: ADDRESS, mac, interface: name });
    expect(bench.held).toBe("owner");
  });

  test("on an interface where the address is not announced is ignored", () => {
    const bench = speakerIn("owner", 0);
    bench.step({ type: "links", links: [link(), link({ name: "eth1", ifindex: 3 })] });
    bench.step({ type: "define", group: { id: GROUP, addresses: [{ address: ADDRESS, interfaces: ["eth0"] }] } });
    bench.step({ type: "claim", address: ADDRESS, mac: LOWER_MAC, interface: "eth1" });
    expect(bench.held).toBe("owner");
  });
});

describe("a probe by another", () => {
  test.each<[string, Mac, boolean, HoldingState]>([
    ["a lower MAC, once we have probed", LOWER_MAC, true, "yielded"],
    ["a lower MAC, before we have probed", LOWER_MAC, false, "verify"],
    ["a higher MAC", HIGHER_MAC, true, "verify"],
  ])("from %s leaves a verifying speaker %#", (_, mac, hasProbed, after) => {
    const bench = speakerIn("verify", 0);
    bench.pass(hasProbed ? 325 : 100);
    bench.probe(mac);
    expect(bench.held).toBe(after);
  });

  test.each<[Authority, number]>([
    [0, 1],
    [1, 1],
    [2, 0],
  ])("at authority %i is returned by the owner %i times, and not again for 100 ms", (authority, count) => {
    const bench = speakerIn("owner", authority);
    const back = { type: "probe", group: GROUP, interfaces: ["eth0"], to: LOWER_MAC };
    expect(only(bench.probe(LOWER_MAC), "probe")).toEqual(count ? [back] : []);
    expect(only(bench.probe(LOWER_MAC), "probe")).toEqual([]);
    bench.now += 100;
    expect(only(bench.probe(LOWER_MAC), "probe")).toEqual(count ? [back] : []);
  });

  test("is not returned by one that leaves", () => {
    const bench = speakerIn("leaving", 1);
    expect(bench.probe(LOWER_MAC)).toEqual([]);
  });
});

test("a frame that comes with a stall was queued in it, and counts for nothing", () => {
  const bench = new SpeakerBench();
  bench.connect();
  bench.assign(10);
  bench.loseController();
  bench.now += 200;
  const effects = bench.claim(LOWER_MAC);
  expect(only(effects, "dropFrames")).toHaveLength(1);
  expect(bench.held).toBe("owner");
});
