import { BgpSessionState } from "@heraldlb/api";
import type { GroupDefinition, InterfaceSet, Link } from "@heraldlb/election";
import type { Ip, Mac } from "@heraldlb/net";
import { FakeClock } from "@heraldlb/runtime/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BgpFacts, type PeerReport, Reporter, type WireReport } from "./report.ts";
import { toReport } from "./report-translate.ts";

const MAC = "02:00:00:00:00:01" as Mac;
const link = (name: string, change: Partial<Link> = {}): Link => ({
  ...{ name, ifindex: 1, present: true, up: true, carrier: true, mac: MAC, arp: true, ndp: true },
  ...change,
});
const group = (id: string, interfaces: InterfaceSet = "all", ...more: readonly string[]): GroupDefinition => ({
  id,
  addresses: [id, ...more].map((address) => ({ address: address as Ip, interfaces })),
});
const [A, B, C] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"] as const;

function start() {
  const clock = new FakeClock();
  const sent: [number, WireReport][] = [];
  const shown = new Set<string>();
  const peers = new Map<string, PeerReport>();
  const heard = new Map<string, readonly string[]>();
  const facts: BgpFacts = {
    get peers() {
      return peers.keys();
    },
    get routes() {
      return heard.keys();
    },
    peer: (name) => peers.get(name) ?? { name, state: "gone", reason: "" },
    hearers: (id) => heard.get(id) ?? [],
    prefixHeard: () => undefined,
  };
  const reporter = new Reporter({
    clock,
    bgp: () => (peers.size > 0 ? facts : undefined),
    send: (dial, report) => void sent.push([dial, report]),
    show: (address, isAnswered) => void (isAnswered ? shown.add(address) : shown.delete(address)),
  });
  reporter.linksChanged([link("eth0")]);
  const take = (dial = 1) => sent.splice(0).flatMap(([to, report]) => (to === dial ? report : []));
  return { clock, reporter, sent, take, shown, peers, heard };
}

const report = (change: Partial<WireReport> = {}): WireReport => ({
  ...{ type: "report", groups: [], peers: [], routes: [], complete: false },
  ...change,
});
const on = (id: string, ...interfaces: readonly string[]) => ({ group: id, interfaces });

describe("a new stream", () => {
  test("is told everything at once, and that it was everything", () => {
    const { reporter, peers, heard, take } = start();
    reporter.answer(A, group(A));
    const tor = { name: "tor", state: "established", reason: "" } as const;
    peers.set("tor", tor);
    heard.set("r", ["tor"]);
    reporter.begin(1);
    const all = { groups: [on(A, "eth0")], peers: [tor], routes: [{ route: "r", peers: ["tor"] }] };
    expect(take()).toEqual([report({ ...all, complete: true }), report()]);
  });

  test("is told that there is nothing", () => {
    const { reporter, take } = start();
    reporter.begin(1);
    expect(take()).toEqual([report({ complete: true }), report()]);
  });

  test("is told of thousands in several parts, one every 50 ms", async () => {
    const { reporter, clock, take, heard, peers } = start();
    for (let i = 0; i < 1_100; i++) reporter.answer(`10.0.${i >> 8}.${i & 255}`, group(`10.0.${i >> 8}.${i & 255}`));
    for (let i = 0; i < 300; i++) heard.set(`r${i}`, ["tor"]);
    peers.set("tor", { name: "tor", state: "established", reason: "" });
    reporter.begin(1);
    const sizes = () =>
      take().map(({ groups, peers, routes, complete }) => [...[groups.length, peers.length, routes.length], complete]);
    expect(sizes()).toEqual([[500, 0, 0, true]]);
    await clock.advance(50);
    expect(sizes()).toEqual([[500, 0, 0, true]]);
    // What changes meanwhile belongs to it.
    reporter.answer(A, group(A));
    await clock.advance(50);
    expect(sizes()).toEqual([
      [101, 1, 300, true],
      [0, 0, 0, false],
    ]);
    await clock.advance(1_000);
    expect(sizes()).toEqual([]);
  });
});

describe("changes", () => {
  test("wait for 50 ms and go to every stream together, as they are then", async () => {
    const { reporter, clock, sent } = start();
    reporter.begin(1);
    reporter.begin(2);
    sent.length = 0;
    reporter.answer(A, group(A));
    await clock.advance(30);
    reporter.answer(B, group(B));
    reporter.answer(A, undefined);
    expect(sent).toEqual([]);
    await clock.advance(20);
    const expected = report({ groups: [on(A), on(B, "eth0")] });
    expect(sent).toEqual([
      [1, expected],
      [2, expected],
    ]);
  });

  test("are not told to a stream that has ended, nor to one that has not begun", async () => {
    const { reporter, clock, sent } = start();
    reporter.begin(1);
    reporter.end(1);
    sent.length = 0;
    reporter.answer(A, group(A));
    await clock.advance(100);
    expect(sent).toEqual([]);
  });

  test("of a definition count if the group is answered for", async () => {
    const { reporter, clock, take, shown } = start();
    reporter.answer(A, group(A));
    reporter.begin(1);
    take();
    reporter.redefine([group(A, ["eth1"], C), group(B)]);
    await clock.advance(50);
    expect(take()).toEqual([report({ groups: [on(A)] })]);
    expect([...shown]).toEqual([A, C]);
  });

  test.each<[string, readonly Link[], readonly string[] | undefined]>([
    ["another interface comes", [link("eth0"), link("eth1")], ["eth0", "eth1"]],
    ["the carrier goes", [link("eth0", { carrier: false })], []],
    ["the interface goes", [], []],
    ["ARP is switched off", [link("eth0", { arp: false })], []],
    ["a MAC address changes", [link("eth0", { mac: "02:00:00:00:00:09" as Mac })], undefined],
  ])("of interfaces count if groups are answered for elsewhere: %s", async (_, links, interfaces) => {
    const { reporter, clock, take } = start();
    reporter.answer(A, group(A));
    reporter.begin(1);
    take();
    reporter.linksChanged(links);
    await clock.advance(50);
    expect(take()).toEqual(interfaces ? [report({ groups: [on(A, ...interfaces)] })] : []);
  });

  test("of sessions and routes are told as they are then", async () => {
    const { reporter, clock, take, peers, heard } = start();
    reporter.begin(1);
    take();
    peers.set("tor", { name: "tor", state: "down", reason: "connection refused" });
    reporter.peerChanged("tor");
    reporter.peerChanged("old");
    heard.set("r", ["tor"]);
    reporter.routesChanged(["r", "s"]);
    await clock.advance(50);
    expect(take()).toEqual([
      report({
        peers: [
          { name: "tor", state: "down", reason: "connection refused" },
          { name: "old", state: "gone", reason: "" },
        ],
        routes: [
          { route: "r", peers: ["tor"] },
          { route: "s", peers: [] },
        ],
      }),
    ]);
  });
});

test("a group is answered for on the interfaces that its addresses allow and that can carry them", () => {
  const { reporter, take } = start();
  reporter.linksChanged([
    link("arp", { ndp: false }),
    link("both"),
    link("down", { up: false }),
    link("ndp", { arp: false }),
  ]);
  reporter.answer(A, group(A, ["both", "down", "ndp", "none"]));
  reporter.answer(B, group(B, "all", "2001:db8::1"));
  reporter.begin(1);
  expect(take()[0]?.groups).toEqual([on(A, "both"), on(B, "arp", "both", "ndp")]);
});

test("whatever happens, whoever adds the reports up knows what is answered for", async () => {
  const ids = [A, B, C];
  const step = fc.oneof(
    fc.tuple(fc.constant("answer" as const), fc.constantFrom(...ids), fc.boolean()),
    fc.tuple(fc.constant("links" as const), fc.subarray(["eth0", "eth1"]), fc.constant(true)),
    fc.tuple(fc.constant("redefine" as const), fc.constantFrom(...ids), fc.boolean()),
    fc.tuple(fc.constant("wait" as const), fc.constant(""), fc.boolean()),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step), async (steps) => {
      const { reporter, clock, sent } = start();
      let links: readonly string[] = ["eth0"];
      const answered = new Map<string, InterfaceSet>();
      reporter.begin(1);
      for (const [type, what, flag] of steps) {
        const interfaces: InterfaceSet = flag ? "all" : ["eth1"];
        if (type === "answer") {
          reporter.answer(what, flag ? group(what) : undefined);
          if (flag) answered.set(what, "all");
          else answered.delete(what);
        } else if (type === "links") {
          links = what;
          reporter.linksChanged(what.map((name) => link(name)));
        } else if (type === "redefine") {
          reporter.redefine([group(what, interfaces)]);
          if (answered.has(what)) answered.set(what, interfaces);
        } else await clock.advance(flag ? 50 : 10);
      }
      await clock.advance(100);
      const known = new Map<string, readonly string[]>();
      for (const [, { groups }] of sent) for (const { group, interfaces } of groups) known.set(group, interfaces);
      for (const id of ids) {
        const allowed = answered.get(id) ?? [];
        expect(known.get(id) ?? []).toEqual(links.filter((name) => allowed === "all" || allowed.includes(name)));
      }
    }),
  );
});

test("a report has its form on the wire", () => {
  const said = report({
    groups: [on(A, "eth0")],
    peers: [
      { name: "a", state: "established", reason: "" },
      { name: "b", state: "down", reason: "connection closed" },
      { name: "c", state: "gone", reason: "" },
    ],
    routes: [{ route: "r", peers: ["a"] }],
    complete: true,
  });
  expect(toReport(said)).toEqual({
    groups: [{ group: A, interfaces: ["eth0"] }],
    conflicts: [],
    bgpPeers: [
      { name: "a", state: BgpSessionState.ESTABLISHED, reason: "" },
      { name: "b", state: BgpSessionState.DOWN, reason: "connection closed" },
      { name: "c", state: BgpSessionState.GONE, reason: "" },
    ],
    bgpRoutes: [{ route: "r", peers: ["a"] }],
    complete: true,
  });
});
