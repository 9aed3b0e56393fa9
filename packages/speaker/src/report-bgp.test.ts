import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import { notification } from "@heraldlb/bgp";
import type { Ip, Prefix } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BgpSpeaker } from "./bgp/bgp-speaker.ts";
import type { BgpChange, BgpRoute } from "./bgp/desired.ts";
import { ROUTER, Router } from "./bgp/router.test.fixture.ts";
import { BgpReports } from "./report-bgp.ts";

let clock: FakeClock;
let speaker: BgpSpeaker;
let reports: BgpReports;
let changed: string[];

beforeEach(() => {
  clock = new FakeClock();
  changed = [];
  const listener = {
    peerChanged: (name: string) => void changed.push(name),
    routesChanged: (ids: Iterable<string>) => void changed.push(...ids),
  };
  speaker = new BgpSpeaker({
    ...{ clock, log: recordingLogger(), random: () => 0, interfaces: () => [], keptRoutes: 0, node: "node1" },
    ...{ restart: { hasRestarted: false, keptForwarding: false }, listen: undefined },
    onChange: (session) => reports.sessionChanged(session),
    onRoutes: (ids) => listener.routesChanged(ids),
  });
  reports = new BgpReports(speaker, listener);
});
afterEach(async () => {
  const closed = speaker.close("shutdown", "test");
  await clock.advance(10_000);
  await closed;
});

// Nobody is there, so that only the router's own connections matter.
const peer = (name: string): BgpChange => ({
  type: "peer",
  peer: {
    ...{ name, address: "127.0.0.254" as Ip, port: 1, asn: 64512, peerAsn: 64513, holdSeconds: 90 },
    ...{ keepaliveSeconds: 30, connectRetrySeconds: 1_000 },
  },
});
const route = (id: string, change: Partial<BgpRoute> = {}): BgpChange => ({
  type: "route",
  route: { id, prefix: "10.0.0.1/32" as Prefix, attributes: {}, ...change },
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** What was told to have changed since the last call, each once, in order. */
const news = (): string[] => [...new Set(changed.splice(0))].sort();

/** Defines a router and has it connect; it has read everything then. */
async function connected(name: string): Promise<Router> {
  speaker.apply([peer(name)]);
  await turn();
  return await dialled(name);
}

async function dialled(name: string): Promise<Router> {
  const [near, far] = duplexPair();
  const socket = Object.assign(near, { localAddress: "192.0.2.1", remoteAddress: ROUTER }) as unknown as Socket;
  speaker.sessions.get(name)?.accept(socket);
  const router = new Router(far, {});
  router.listen();
  for (let i = 0; i < 10; i++) await clock.advance(0);
  expect(speaker.sessions.get(name)?.state).toBe("established");
  return router;
}

test("a router that is not reached is reported with the reason, each one once", async () => {
  speaker.apply([peer("a"), route("r")]);
  expect(reports.peer("a")).toEqual({ name: "a", state: "down", reason: "" });
  await expect.poll(() => reports.peer("a").reason).toMatch(/refused/i);
  expect(changed.filter((name) => name === "a")).toHaveLength(2);
  expect([[...reports.peers], [...reports.routes], reports.hearers("r")]).toEqual([["a"], [], []]);
  expect(reports.prefixHeard("r")).toBeUndefined();
});

test("routes are heard by the routers that were told of them, and by none once the session is lost", async () => {
  speaker.apply([route("r")]);
  const router = await connected("a");
  await connected("b");
  expect(news()).toEqual(["a", "b", "r"]);
  expect([reports.peer("a").state, reports.hearers("r"), [...reports.routes]]).toEqual([
    ...["established", ["a", "b"]],
    ["r"],
  ]);
  router.say(notification("administrativeShutdown"));
  for (let i = 0; i < 10; i++) await clock.advance(0);
  expect(news()).toEqual(["a", "r"]);
  expect(reports.peer("a")).toMatchObject({ state: "down", reason: /received NOTIFICATION/ });
  expect(reports.hearers("r")).toEqual(["b"]);
  expect(reports.prefixHeard("r")).toBe("10.0.0.1/32");
});

test("a change of a route concerns all routes of its prefix, and a change of none nothing", async () => {
  speaker.apply([route("r")]);
  await connected("a");
  await connected("b");
  news();
  speaker.apply([route("r a", { peers: ["a"], attributes: { med: 1 } })]);
  expect(news()).toEqual(["r", "r a"]);
  expect([reports.hearers("r"), reports.hearers("r a")]).toEqual([["b"], ["a"]]);
  speaker.apply([{ type: "routeGone", id: "r a" }]);
  expect(news()).toEqual(["r", "r a"]);
  expect([reports.hearers("r"), reports.hearers("r a")]).toEqual([["a", "b"], []]);
  speaker.apply([]);
  expect(news()).toEqual([]);
});

test("very many routes are reported when routers were told of them", async () => {
  await connected("a");
  news();
  const many = Array.from({ length: 10_001 }, (_, i) => {
    return route(`${i}`, { prefix: `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}/32` as Prefix });
  });
  speaker.apply(many);
  expect([news(), reports.hearers("10000")]).toEqual([[], []]);
  for (let i = 0; i < 20; i++) await clock.advance(0);
  expect(news()).toHaveLength(10_001);
  expect(reports.hearers("10000")).toEqual(["a"]);
});

test("a router that is not wanted any more is gone, and hears of nothing", async () => {
  speaker.apply([route("r")]);
  await connected("a");
  news();
  speaker.apply([{ type: "peerGone", name: "a" }]);
  reports.peerGone("a");
  for (let i = 0; i < 10; i++) await clock.advance(0);
  expect(news()).toEqual(["a", "r"]);
  expect([reports.peer("a").state, [...reports.peers], reports.hearers("r")]).toEqual(["gone", [], []]);
  reports.peerGone("a");
  expect(news()).toEqual([]);
});
