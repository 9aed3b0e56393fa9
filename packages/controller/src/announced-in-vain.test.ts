import type { Family } from "@heraldlb/net";
import { FakeClock } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { announcedInVain, type Means } from "./announced-in-vain.ts";
import { Reports } from "./reports.ts";
import { Outages } from "./reports-outages.ts";

const LIMIT_MS = 20_000;

/** Nodes n1 to n3 have speakers that have told all: each has eth0, and of the sessions with r1 and r2 those that are up. */
function start({ up = {}, known = ["n1", "n2", "n3"], heard = known }: State = {}) {
  const clock = new FakeClock();
  const reports = new Reports();
  const outages = new Outages({ clock, limitMs: LIMIT_MS, onLasting: () => {} });
  for (const node of known) {
    const source = { node, stream: 1 };
    reports.noteLinks(source, [{ name: "eth0", present: true }]);
    const peers = ["r1", "r2"].map((name) => {
      return { name, state: up[node]?.includes(name) ? "established" : "down", reason: "" } as const;
    });
    const empty = { groups: [], routes: [], peers: [] };
    reports.note(source, { ...empty, peers, complete: true });
    reports.note(source, { ...empty, complete: false });
    if (!heard.includes(node)) reports.lost(source);
  }
  const speakers = new Set(known);
  return {
    clock,
    of: (means: Partial<Means>) => announcedInVain({ ...NONE, ...means }, { speakers, reports, outages }),
  };
}

type ByRouters = Means["routes"] extends ReadonlyMap<Family, infer T> ? T : never;

interface State {
  /** Sessions that are up, by node. */
  readonly up?: Readonly<Record<string, readonly string[]>>;
  /** Nodes with a speaker that was heard once. */
  readonly known?: readonly string[];
  /** Those of them whose speaker is heard still. */
  readonly heard?: readonly string[];
}

const NONE: Means = { reach: new Map(), routes: new Map() };
const EVERYWHERE = { interfaces: "all" } as const;
const on = (...interfaces: string[]) => ({ interfaces });
const reach = (...nodes: string[]) => ({ reach: new Map(nodes.map((node) => [node, EVERYWHERE])) });
const hearers = (names: readonly string[], ...nodes: string[]) => new Map(nodes.map((node) => [node, new Set(names)]));
const routers = (names: readonly string[], ...nodes: string[]) => ({
  routes: new Map([["ipv4", hearers(names, ...nodes)]] as const),
});
/** Routes of both families. */
const both = (ipv4: ByRouters, ipv6: ByRouters) => ({
  routes: new Map<Family, ByRouters>([
    ["ipv4", ipv4],
    ["ipv6", ipv6],
  ]),
});
const HEARD = { routes: new Map([["ipv4", "heard"]] as const) };
const noSession = (nodes: readonly string[], peers: readonly string[]) => ({ reason: "noSession", nodes, peers });
const noSpeaker = (wasHeard: boolean, ...nodes: string[]) => ({ reason: "noSpeaker", nodes, wasHeard });

describe("what is said at once of a Service", () => {
  test.each<readonly [string, Partial<Means>, State, readonly unknown[]]>([
    [
      "whose nodes all lack the interfaces",
      { reach: new Map(Object.entries({ n2: on("eth8", "eth9"), n1: on("eth9") })) },
      {},
      [{ reason: "interfacesMissing", nodes: ["n1", "n2"] }],
    ],
    [
      "whose nodes lack them, but for some that never had a speaker",
      { reach: new Map(Object.entries({ n1: on("eth9"), other: on("eth9") })) },
      {},
      [{ reason: "interfacesMissing", nodes: ["n1"] }],
    ],
    [
      "whose nodes lack them, though routers hear of it",
      { reach: new Map([["n1", on("eth9")]]), ...HEARD },
      {},
      [{ reason: "interfacesMissing", nodes: ["n1"] }],
    ],
    [
      "that reaches only nodes that never had a speaker",
      { reach: new Map(Object.entries({ x: EVERYWHERE, other: on("eth0") })) },
      {},
      [noSpeaker(false, "other", "x")],
    ],
    [
      "that reaches only such nodes, by either protocol",
      { ...reach("x"), ...routers(["r1"], "x") },
      {},
      [noSpeaker(false, "x")],
    ],
    ["that reaches only such nodes, though routers hear of it", { ...reach("x"), ...HEARD }, {}, []],
    [
      "that reaches only such nodes, though a router may hear of it",
      { ...reach("x"), ...routers(["r1"], "n1") },
      { up: { n1: ["r1"] } },
      [],
    ],
    [
      "of which one node has an interface",
      { reach: new Map(Object.entries({ n1: on("eth9"), n2: on("eth0", "eth9") })) },
      {},
      [],
    ],
    ["on all interfaces", reach("n1"), {}, []],
    ["that reaches no node", {}, {}, []],
    ["while there is no speaker yet", { ...reach("n1"), ...routers(["r1"], "n1") }, { known: [] }, []],
    ["of which a router may hear", routers(["r1", "r2"], "n1", "n2"), { up: { n2: ["r2"] } }, []],
    [
      "of which routers may hear by both families",
      both("heard", hearers(["r2"], "n1", "n2")),
      { up: { n2: ["r2"] } },
      [],
    ],
    [
      "of which routers hear by one family, though a node may answer for both",
      { ...reach("n1"), ...both("heard", hearers(["r2"], "n1")) },
      {},
      [],
    ],
    [
      "that reaches only nodes that never had a speaker by one family",
      both(hearers(["r1"], "n1"), hearers(["r2"], "x")),
      { up: { n1: ["r1"] } },
      [{ ...noSpeaker(false, "x"), family: "ipv6" }],
    ],
    ["of which no router may hear, though a node may answer", { ...reach("n1"), ...routers(["r1"], "n1") }, {}, []],
  ])("%s", (_, means, state, expected) => {
    expect(start(state).of(means)).toEqual(expected);
  });
});

describe("nothing is known at first, and later it is said, of a Service", () => {
  test.each<readonly [string, Partial<Means>, State, readonly unknown[]]>([
    ["whose sessions are down", routers(["r2", "r1"], "n2", "n1"), {}, [noSession(["n1", "n2"], ["r1", "r2"])]],
    [
      "whose sessions are down on the nodes that are left",
      routers(["r1"], "n1", "n2", "x"),
      { heard: ["n1"] },
      [noSession(["n1", "n2", "x"], ["r1"])],
    ],
    [
      "for whose routers other sessions are up",
      routers(["r1"], "n1"),
      { up: { n1: ["r2"], n2: ["r1"] } },
      [noSession(["n1"], ["r1"])],
    ],
    [
      "of which routers hear by one family alone",
      both("heard", hearers(["r2"], "n2", "n1")),
      {},
      [{ ...noSession(["n1", "n2"], ["r2"]), family: "ipv6" }],
    ],
    [
      "of which routers may hear by one family alone",
      both(hearers(["r1"], "n1"), hearers(["r2"], "n2")),
      { up: { n2: ["r2"] } },
      [{ ...noSession(["n1"], ["r1"]), family: "ipv4" }],
    ],
    [
      "whose sessions of both families are down",
      both(hearers(["r1"], "n1"), hearers(["r2"], "n1", "n2")),
      {},
      [noSession(["n1", "n2"], ["r1", "r2"])],
    ],
    [
      "of which routers hear by one family alone, and which nobody answers for",
      { ...reach("x"), ...both(hearers(["r1"], "n1"), "heard") },
      {},
      [
        { ...noSpeaker(false, "x"), family: "ipv4" },
        { ...noSession(["n1"], ["r1"]), family: "ipv4" },
      ],
    ],
    ["whose router no node has told of", routers(["r3"], "n1"), {}, [noSession(["n1"], ["r3"])]],
    ["whose nodes' speakers are all gone", reach("n2", "n1"), { heard: ["n3"] }, [noSpeaker(true, "n1", "n2")]],
    [
      "whose nodes' speakers are all gone, for BGP",
      routers(["r1"], "n1", "x"),
      { heard: [] },
      [noSpeaker(true, "n1", "x")],
    ],
    [
      "whose nodes' speakers are gone, or lack the interface",
      { reach: new Map(Object.entries({ n1: on("eth9"), n2: on("eth9") })) },
      { heard: ["n1"] },
      [{ reason: "interfacesMissing", nodes: ["n1"] }],
    ],
    [
      "which another node was to answer for",
      { ...reach("x"), ...routers(["r1"], "n1") },
      {},
      [noSpeaker(false, "x"), noSession(["n1"], ["r1"])],
    ],
  ])("%s", async (_, means, state, expected) => {
    const { clock, of } = start(state);
    expect(of(means)).toBeUndefined();
    await clock.advance(LIMIT_MS - 1);
    expect(of(means)).toBeUndefined();
    await clock.advance(1);
    expect(of(means)).toEqual(expected);
  });
});
