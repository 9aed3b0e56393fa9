import { BgpSessionState } from "@heraldlb/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromRequest, type Report } from "./messages.ts";
import { type ReportChanges, Reports } from "./reports.ts";

type Said = Partial<Pick<Report, "groups" | "peers" | "routes" | "complete">>;

function start() {
  const reports = new Reports();
  const told: { groups: string[]; routes: string[]; nodes: string[] }[] = [];
  reports.onChange(({ groups, routes, nodes }: ReportChanges) => {
    told.push({ groups: [...groups].sort(), routes: [...routes].sort(), nodes: [...nodes].sort() });
  });
  const say = (node: string, said: Said, stream = 1) =>
    reports.note({ node, stream }, { groups: [], peers: [], routes: [], complete: false, ...said });
  const turn = () => {
    told.length = 0;
    reports.endTurn();
    return told.at(0);
  };
  return { reports, say, turn };
}

const on = (group: string, ...interfaces: readonly string[]) => ({ group, interfaces });
const heard = (route: string, ...peers: readonly string[]) => ({ route, peers });
const session = (name: string, state: "down" | "established" | "gone", reason = "") => ({ name, state, reason });

describe("what nodes report", () => {
  test("is known by group, by route and by session, in order and each name once", () => {
    const { reports, say } = start();
    say("n1", { groups: [on("a", "eth1", "eth0", "eth1")], routes: [heard("r", "tor2", "tor1")] });
    say("n2", { routes: [heard("r", "tor1")], peers: [session("tor1", "established"), session("tor2", "down", "no")] });
    expect(reports.group("a")).toEqual([{ node: "n1", interfaces: ["eth0", "eth1"] }]);
    expect(reports.route("r")).toEqual([
      { node: "n1", peers: ["tor1", "tor2"] },
      { node: "n2", peers: ["tor1"] },
    ]);
    expect([...reports.sessions()]).toEqual([
      { node: "n2", peer: "tor1", state: "established", reason: "" },
      { node: "n2", peer: "tor2", state: "down", reason: "no" },
    ]);
    expect(reports.size).toEqual({ groups: 1, routes: 1 });
    expect([reports.group("b"), reports.route("a")]).toEqual([[], []]);
  });

  test("has sessions in two states; another reason why one is down changes nothing", () => {
    const { reports, say, turn } = start();
    say("n1", { peers: [session("tor1", "established"), session("tor2", "down")] });
    expect(turn()?.nodes).toEqual(["n1"]);
    expect([reports.session("n1", "tor2"), reports.session("n1", "x"), reports.established("n1")]).toEqual([
      ...["down", undefined],
      ["tor1"],
    ]);
    say("n1", { peers: [session("tor2", "down", "no answer")] });
    expect([turn(), [...reports.sessions()][1]?.reason]).toEqual([undefined, "no answer"]);
    say("n1", { peers: [session("tor2", "established")] });
    expect([turn()?.nodes, reports.established("n1"), reports.established("n2")]).toEqual([
      ["n1"],
      ["tor1", "tor2"],
      [],
    ]);
  });

  test("ends with what they report next: silent, heard by none, gone", () => {
    const { reports, say } = start();
    say("n1", { groups: [on("a", "eth0")], routes: [heard("r", "tor")], peers: [session("tor", "established")] });
    say("n1", { groups: [on("a")], routes: [heard("r")], peers: [session("tor", "gone")] });
    expect([reports.group("a"), reports.route("r"), [...reports.sessions()]]).toEqual([[], [], []]);
    expect(reports.size).toEqual({ groups: 0, routes: 0 });
  });

  test("is theirs alone: another node's part stays", () => {
    const { reports, say } = start();
    say("n1", { groups: [on("a", "eth0")] });
    say("n2", { groups: [on("a", "eth5")] });
    say("n2", { groups: [on("a")] });
    expect(reports.group("a")).toEqual([{ node: "n1", interfaces: ["eth0"] }]);
  });
});

describe("changes", () => {
  test("are told once a turn, together, and only if there are any", () => {
    const { say, turn } = start();
    say("n1", { groups: [on("b", "eth0"), on("a", "eth0")] });
    say("n2", { routes: [heard("r", "tor")], peers: [session("tor", "established")] });
    expect(turn()).toEqual({ groups: ["a", "b"], routes: ["r"], nodes: ["n2"] });
    expect(turn()).toBeUndefined();
    say("n1", { groups: [on("a", "eth0"), on("c")] });
    expect(turn()).toBeUndefined();
    say("n1", { groups: [on("a", "eth1")] });
    expect(turn()).toEqual({ groups: ["a"], routes: [], nodes: [] });
  });

  test("are not told any more to who does not want to hear of them", () => {
    const { reports, say } = start();
    let calls = 0;
    const heard = reports.onChange(() => calls++);
    heard[Symbol.dispose]();
    say("n1", { groups: [on("a", "eth0")] });
    reports.endTurn();
    expect(calls).toBe(0);
  });
});

describe("all there is", () => {
  test("is known with the first report that is no part of it", () => {
    const { reports, say, turn } = start();
    say("n1", { complete: true, groups: [on("a", "eth0")] });
    say("n1", { complete: true, groups: [on("b", "eth0")] });
    expect([reports.isKnown("n1"), reports.group("a").length]).toEqual([false, 1]);
    turn();
    say("n1", {});
    expect(reports.isKnown("n1")).toBe(true);
    expect(turn()).toEqual({ groups: [], routes: [], nodes: ["n1"] });
  });

  test("said anew puts an end to what was said before", () => {
    const { reports, say } = start();
    say("n1", { complete: true, groups: [on("a", "eth0")], peers: [session("tor", "down")] });
    say("n1", { groups: [on("b", "eth0")] });
    say("n1", { complete: true, groups: [on("c", "eth0")] });
    expect(["a", "b", "c"].map((id) => reports.group(id).length)).toEqual([0, 0, 1]);
    expect([reports.isKnown("n1"), [...reports.sessions()]]).toEqual([false, []]);
  });
});

describe("a stream that ends", () => {
  test("takes everything of its node with it", () => {
    const { reports, say, turn } = start();
    say("n1", { complete: true, groups: [on("a", "eth0")], routes: [heard("r", "tor")] });
    say("n1", { peers: [session("tor", "established")] });
    say("n2", { groups: [on("a", "eth0")] });
    turn();
    reports.lost({ node: "n1", stream: 1 });
    expect(turn()).toEqual({ groups: ["a"], routes: ["r"], nodes: ["n1"] });
    expect([reports.isKnown("n1"), reports.group("a"), reports.route("r"), [...reports.sessions()]]).toEqual([
      ...[false, [{ node: "n2", interfaces: ["eth0"] }]],
      ...[[], []],
    ]);
  });

  test("takes nothing if the node has a later one, and has no say any more", () => {
    const { reports, say } = start();
    say("n1", { groups: [on("a", "eth0"), on("b", "eth0")] }, 1);
    say("n1", { complete: true, groups: [on("b", "eth0")] }, 2);
    reports.lost({ node: "n1", stream: 1 });
    say("n1", { groups: [on("b")] }, 1);
    expect(["a", "b"].map((id) => reports.group(id).length)).toEqual([0, 1]);
    reports.lost({ node: "n1", stream: 2 });
    expect(reports.group("b")).toEqual([]);
  });

  test("of a node that has said nothing takes nothing", () => {
    const { reports, turn } = start();
    reports.lost({ node: "n1", stream: 1 });
    expect(turn()).toBeUndefined();
  });
});

describe("interfaces", () => {
  const links = (...names: readonly string[]) => names.map((name) => ({ name, present: name !== "gone" }));

  test("that a node does not have are lacked, as soon as it has told which it has", () => {
    const { reports, turn } = start();
    expect(reports.lacks("n1", ["eth9"])).toBe(false);
    reports.noteLinks({ node: "n1", stream: 1 }, links("eth1", "eth0", "gone"));
    expect(turn()).toEqual({ groups: [], routes: [], nodes: ["n1"] });
    const asked = [["eth9"], ["eth9", "eth0"], ["gone"], [], "all"] as const;
    expect(asked.map((interfaces) => reports.lacks("n1", interfaces))).toEqual([true, false, true, true, false]);
    reports.noteLinks({ node: "n1", stream: 1 }, links("eth0", "eth1"));
    expect(turn()).toBeUndefined();
    reports.noteLinks({ node: "n1", stream: 1 }, links("eth9"));
    expect([turn()?.nodes, reports.lacks("n1", ["eth9"])]).toEqual([["n1"], false]);
  });

  test("are not known of a node whose stream has ended, nor told by an earlier stream", () => {
    const { reports } = start();
    reports.noteLinks({ node: "n1", stream: 2 }, links("eth0"));
    reports.noteLinks({ node: "n1", stream: 1 }, links("eth9"));
    expect(reports.lacks("n1", ["eth9"])).toBe(true);
    reports.lost({ node: "n1", stream: 2 });
    expect(reports.lacks("n1", ["eth9"])).toBe(false);
  });

  test("are told anew by a new stream, with everything else", () => {
    const { reports, say } = start();
    reports.noteLinks({ node: "n1", stream: 1 }, links("eth0"));
    say("n1", { complete: true });
    expect(reports.lacks("n1", ["eth9"])).toBe(true);
  });
});

test("a node that says too much is not listened to beyond a bound, and others are", () => {
  const { reports, say } = start();
  const long = "x".repeat(1024 * 1024);
  for (let i = 0; i < 60; i++) say("n1", { groups: [on(`${i}${long}`, "eth0")] });
  for (let i = 0; i < 60; i++) say("n1", { groups: [on("same", `${i}${long}`)] });
  const peers = Array.from({ length: 2_000 }, (_, i) => session(`${i}`, "down", long));
  say("n1", { peers: [...peers, session(long, "down")] });
  expect(reports.size.groups).toBeLessThan(17);
  const kept = [...reports.sessions()];
  expect(kept).toHaveLength(1_000);
  expect(kept.every(({ reason }) => reason.length < 1_000)).toBe(true);
  expect(reports.refused).toBeGreaterThan(1_100);
  say("n2", { groups: [on("a", "eth0")] });
  expect(reports.group("a")).toHaveLength(1);
  // What it takes back makes room again.
  reports.lost({ node: "n1", stream: 1 });
  say("n1", { groups: [on("a", "eth0")] }, 2);
  expect(reports.group("a")).toHaveLength(2);
});

test("ten thousand routes of five nodes are taken in at once", () => {
  const { reports, say } = start();
  const routes = Array.from({ length: 10_000 }, (_, i) => heard(`10.0.${i >>> 8}.${i & 255}/32`, "tor1", "tor2"));
  for (let node = 0; node < 5; node++) say(`n${node}`, { complete: true, routes });
  expect(reports.route("10.0.0.1/32")).toHaveLength(5);
  expect(reports.refused).toBe(0);
});

test("whatever nodes say and whichever streams end: what is known is what was said last", () => {
  const name = fc.constantFrom("a", "b", "c");
  const names = fc.subarray(["x", "y", "z"]);
  const event = fc.oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constantFrom("n1", "n2"), name, names, fc.boolean()) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom("n1", "n2")) },
  );
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const { reports, say, turn } = start();
      const model = new Map<string, Map<string, readonly string[]>>();
      const telling = new Set<string>();
      let before = "";
      for (const [node, id, list, complete] of events) {
        const mine = model.get(node) ?? new Map<string, readonly string[]>();
        model.set(node, mine);
        if (id === undefined || list === undefined || complete === undefined) {
          reports.lost({ node, stream: 1 });
          mine.clear();
          telling.delete(node);
        } else {
          say(node, { groups: [on(id, ...list)], complete });
          if (complete && !telling.has(node)) mine.clear();
          if (complete) telling.add(node);
          else telling.delete(node);
          if (list.length > 0) mine.set(id, list);
          else mine.delete(id);
        }
        const known = ["a", "b", "c"].map((each) => [
          each,
          reports.group(each).toSorted((a, b) => (a.node < b.node ? -1 : 1)),
        ]);
        const expected = ["a", "b", "c"].map((each) => [
          each,
          ["n1", "n2"].flatMap((node) => {
            const interfaces = model.get(node)?.get(each);
            return interfaces ? [{ node, interfaces }] : [];
          }),
        ]);
        expect(known).toEqual(expected);
        const now = JSON.stringify(known);
        // Told of whenever it is different.
        const changes = turn();
        if (now !== before && before !== "") expect(changes?.groups.length).toBeGreaterThan(0);
        before = now;
      }
    }),
  );
});

test("a report is understood, and what a later version says is left out", () => {
  const report = {
    groups: [on("a", "eth0")].map(({ group, interfaces }) => ({ group, interfaces: [...interfaces] })),
    conflicts: [],
    bgpPeers: [
      { name: "up", state: BgpSessionState.ESTABLISHED, reason: "" },
      { name: "down", state: BgpSessionState.DOWN, reason: "connection closed" },
      { name: "gone", state: BgpSessionState.GONE, reason: "" },
      { name: "new", state: BgpSessionState.UNRECOGNIZED, reason: "" },
      { name: "none", state: BgpSessionState.UNSPECIFIED, reason: "" },
    ],
    bgpRoutes: [{ route: "r", peers: ["up"] }],
    complete: true,
  };
  expect(fromRequest({ message: { $case: "report", value: report } })).toEqual({
    type: "report",
    groups: [{ group: "a", interfaces: ["eth0"] }],
    conflicts: [],
    peers: [session("up", "established"), session("down", "down", "connection closed"), session("gone", "gone")],
    routes: [{ route: "r", peers: ["up"] }],
    complete: true,
  });
});

test("what nodes could not apply is known as each has said last, told of when it changes, and bounded", () => {
  const { reports, say } = start();
  const changed: string[][] = [];
  reports.onChange(({ failures }) => void changed.push([...failures]));
  const wrong = (group: string) => ({ group, reason: "invalidGroup", message: "bad" }) as const;
  const note = (...groups: string[]) => {
    const added = reports.noteApplied("n1", groups.map(wrong));
    reports.endTurn();
    return added.map(({ group }) => group);
  };
  expect([note("a"), note("a", "a"), note("b", "a"), note("b"), note("b")]).toEqual([["a"], [], ["b"], [], []]);
  expect(changed).toEqual([["n1"], ["n1"], ["n1"]]);
  say("n1", { complete: true });
  reports.lost({ node: "n1", stream: 1 });
  expect([reports.failures("n1"), reports.failures("n2")]).toMatchObject([[{ group: "b", message: "bad" }], []]);
  expect(note(...Array.from({ length: 1_000 }, (_, i) => `${i}`.padStart(10_000))).length).toBeLessThan(1_000);
  expect(JSON.stringify(reports.failures("n1")).length).toBeLessThan(1_000_000);
  expect([note(), reports.failures("n1")]).toEqual([[], []]);
});
