import { BgpSessionState } from "@heraldlb/api";
import type { Action } from "@heraldlb/ipam";
import type { Ip } from "@heraldlb/net";
import { silentLogger } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { describe, expect, onTestFinished, test } from "vitest";
import { advertisement, node, pool, reading, service, slice, startController } from "../controller.test.fixture.ts";
import type { FakeSpeaker } from "../fake-speaker.test.fixture.ts";
import { FakeCluster } from "./fake-cluster.test.fixture.ts";
import { addPublishedMetrics } from "./published-metrics.ts";
import { PublishedStatuses } from "./published-statuses.ts";

/** What is published of `web/shop` while nothing is sent. */
function start() {
  const cluster = new FakeCluster();
  const service = cluster.put("/api/v1/services", { metadata: { name: "shop", namespace: "web" } });
  const published = new PublishedStatuses({
    kube: {
      ...{ namespace: undefined, close() {} },
      request: (method, path, options) => cluster.request(method, path, options),
      stream: (path, options) => cluster.stream(path, options),
    },
    ...{ namespace: "herald-system", clock: new FakeClock(), log: silentLogger, wallClock: () => 0, identity: "a" },
    ...{ loadBalancerClass: undefined, isFirm: () => true, find: () => service, written: () => undefined },
  });
  published.begin();
  const addresses = ["192.0.2.1" as Ip];
  const assign = (cause: "allocated" | "poolChanged"): Action => {
    return { type: "assign", service: "web/shop", addresses, pool: "lab", cause, refused: [] };
  };
  const release: Action = { type: "release", service: "web/shop", addresses, reason: "addressInUse", message: "" };
  const act = (action: Action) => published.onAction(action, addresses);
  /** How many Events wait. */
  const waiting = () => {
    published.end();
    return published.droppedEvents;
  };
  return { published, assign, release, act, waiting };
}

test("Events that wait are not told any more once another controller leads", () => {
  const { act, release, waiting } = start();
  act(release);
  expect(waiting()).toBe(1);
});

test("an assignment is told once it is stored, even if its pool was renamed meanwhile", () => {
  const { published, act, assign, waiting } = start();
  act(assign("allocated"));
  act(assign("poolChanged"));
  published.onStored("web/shop");
  expect(waiting()).toBe(1);
});

test("an assignment that was taken back before it was stored is not told", () => {
  const { published, act, assign, release, waiting } = start();
  act(assign("allocated"));
  act(release);
  published.onStored("web/shop");
  expect(waiting(), "the release").toBe(1);
});

/** What a leader publishes of `default/web`, which an API server has in the form of an earlier leader's. */
async function lead(
  objects: readonly Record<string, unknown>[],
  { status = {}, spec = {} }: { readonly status?: object; readonly spec?: Record<string, unknown> } = {},
) {
  const cluster = new FakeCluster();
  const kit = startController();
  const lab = pool("lab", ["10.0.0.1/32", "2001:db8::1/128"]);
  kit.controller.take(reading([lab, service("web", spec), slice("web", ["n1", "n2"]), ...objects]));
  const web = cluster.put("/api/v1/services", { metadata: { name: "web", namespace: "default" }, status });
  const published = new PublishedStatuses({
    kube: {
      ...{ namespace: undefined, close() {} },
      request: (method, path, options) => cluster.request(method, path, options),
      stream: (path, options) => cluster.stream(path, options),
    },
    ...{ namespace: "herald", clock: kit.clock, log: silentLogger, wallClock: () => 0, identity: "a" },
    ...{ loadBalancerClass: undefined, isFirm: () => true, find: () => web, written: () => undefined },
  });
  const ending = new AbortController();
  const ended = published.run(kit.controller, ending.signal);
  onTestFinished(async () => {
    ending.abort();
    await ended;
  });
  published.synced("Service", [web]);
  kit.lead(1, { speakers: ["n1", "n2"] });
  published.begin();
  const path = "/api/v1/namespaces/default/services/web";
  const registry = new Registry();
  addPublishedMetrics(registry, published);
  const conditions = () => cluster.object(path)?.status?.conditions as readonly Record<string, string>[] | undefined;
  return {
    ...{ kit, published, web },
    /** What the Service's condition says, if it has one. */
    said: () => conditions()?.map(({ reason }) => reason),
    message: () =>
      conditions()
        ?.map(({ message }) => message)
        .join(),
    /** How many Services nobody announces, by reason. */
    counted: async () => {
      const { values = [] } = (await registry.getSingleMetric("herald_services_not_announced")?.get()) ?? {};
      return values.map(({ labels: { reason }, value }) => [reason, value]);
    },
    /** How often the conditions were written. */
    writes: () => cluster.requests.filter((request) => request === `PATCH ${path}/status`).length,
    /** How many Events were written. */
    events: () => cluster.requests.filter((request) => /^(POST|PATCH) .*\/events/.test(request)).length,
  };
}

/** What each router hears of. */
const ROUTES = { tor: "10.0.0.1/32", tor6: "2001:db8::1/128" } as const;

/** What a speaker reports of its sessions and routes: whether routers hear of theirs; alone: the only one, `tor`. */
function reports(speaker: FakeSpeaker, isUp: boolean | Readonly<Record<keyof typeof ROUTES, boolean>>): void {
  const { tor, tor6 } = typeof isUp === "boolean" ? { tor: isUp } : isUp;
  const all = (
    [
      ["tor", tor],
      ["tor6", tor6],
    ] as const
  ).flatMap(([name, up]) => (up === undefined ? [] : { name, up }));
  const bgpPeers = all.map(({ name, up }) => {
    return { name, state: up ? BgpSessionState.ESTABLISHED : BgpSessionState.DOWN, reason: "" };
  });
  const bgpRoutes = all.map(({ name, up }) => ({ route: ROUTES[name], peers: up ? [name] : [] }));
  const value = { groups: [], conflicts: [], bgpPeers, bgpRoutes, complete: true };
  speaker.say({ $case: "report", value });
  speaker.say({ $case: "report", value: { ...value, bgpPeers: [], bgpRoutes: [], complete: false } });
}

test("a Service whose interfaces no node has is told of, also if nodes say so only after this process began to lead", async () => {
  const { kit, said } = await lead([advertisement("lab", { interfaces: ["eth9"] })]);
  await kit.advance(5_000);
  kit.dial("n1");
  kit.dial("n2");
  await kit.advance(5_000);
  expect(said()).toEqual(["interfacesMissing"]);
});

describe("a Service that is announced by BGP", () => {
  const metallb = { metadata: { name: "tor", namespace: "metallb-system" } };
  const peer = (name: string, peerAddress: string) => ({
    ...{ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer", metadata: { name, namespace: "metallb-system" } },
    spec: { myASN: 64_512, peerASN: 64_513, peerAddress },
  });
  const router = [
    { apiVersion: "metallb.io/v1beta1", kind: "BGPAdvertisement", ...metallb, spec: {} },
    peer("tor", "192.0.2.1"),
  ];

  async function paired(isUp = true, status: object = {}) {
    const scene = await lead(router, { status });
    const speakers = [scene.kit.dial("n1"), scene.kit.dial("n2")];
    const report = (up: boolean) => {
      for (const speaker of speakers) reports(speaker, up);
    };
    report(isUp);
    await scene.kit.advance(1_000);
    return { ...scene, speakers, report };
  }

  test("says so once no session has been up for a while, and no more when one is", async () => {
    const { kit, published, said, message, counted, writes, report, speakers } = await paired();
    expect(said()).toBeUndefined();
    report(false);
    await kit.advance(19_000);
    expect([said(), await counted()]).toEqual([undefined, []]);
    await kit.advance(2_000);
    expect([said(), await counted()]).toEqual([["noSession"], [["noSession", 1]]]);
    expect(message()).toContain('"default/web" by BGP');
    expect(message()).toContain("BGPPeers tor; nodes n1, n2");
    await kit.advance(100_000);
    report(false);
    await kit.advance(30_000);
    expect(writes()).toBe(1);
    const [n1] = speakers as [FakeSpeaker];
    reports(n1, true);
    await kit.advance(2_000);
    expect([said(), writes(), await counted()]).toEqual([[], 2, []]);
    report(false);
    await kit.advance(21_000);
    expect(await counted()).toEqual([["noSession", 1]]);
    published.end();
    expect(await counted(), "another one leads").toEqual([]);
  });

  test("is counted no more once it is gone, though it was looked at once more before that was taken in", async () => {
    const { kit, published, web, counted, report } = await paired(false);
    await kit.advance(21_000);
    expect(await counted()).toEqual([["noSession", 1]]);
    published.observe("Service", { changed: [], removed: [web] });
    expect(await counted()).toEqual([]);
    report(false);
    await kit.advance(2_000);
    kit.controller.take(reading(router));
    published.onChange({ services: ["default/web"] });
    await kit.advance(1_000);
    expect(await counted()).toEqual([]);
  });

  test("says nothing of a router that is away for a moment, again and again", async () => {
    const { kit, said, writes, report } = await paired();
    for (let round = 0; round < 5; round++) {
      report(false);
      await kit.advance(15_000);
      report(true);
      await kit.advance(1_000);
    }
    expect([said(), writes()]).toEqual([undefined, 0]);
  });

  test("says so if its speakers are away, and no more when one is back and its sessions are", async () => {
    const { kit, said, message, writes, speakers } = await paired();
    for (const speaker of speakers) speaker.kill();
    await kit.advance(19_000);
    expect(said()).toBeUndefined();
    await kit.advance(2_000);
    expect(said()).toEqual(["noSpeaker"]);
    expect(message()).toContain("no speaker is heard on those that may (n1, n2)");
    const back = kit.dial("n1", { instance: "n1-2" });
    reports(back, false);
    await kit.advance(10_000);
    expect([said(), writes()]).toEqual([["noSpeaker"], 1]);
    reports(back, true);
    await kit.advance(2_000);
    expect([said(), writes()]).toEqual([[], 2]);
  });

  test("says so if no session is up by which routers are to hear of its addresses of one family", async () => {
    const spec = { ipFamilyPolicy: "RequireDualStack", ipFamilies: ["IPv4", "IPv6"] };
    const { kit, said, message, counted, writes } = await lead([...router, peer("tor6", "2001:db8:1::1")], { spec });
    const speakers = [kit.dial("n1"), kit.dial("n2")];
    const report = (tor: boolean, tor6: boolean) => {
      for (const speaker of speakers) reports(speaker, { tor, tor6 });
    };
    report(true, true);
    await kit.advance(1_000);
    report(true, false);
    await kit.advance(19_000);
    expect(said()).toBeUndefined();
    await kit.advance(2_000);
    expect([said(), await counted()]).toEqual([["noSession"], [["noSession", 1]]]);
    expect(message()).toMatch(
      /^no node announces 2001:db8::1 of "default\/web" by BGP: .*\(BGPPeers tor6; nodes n1, n2\)/,
    );
    report(false, false);
    await kit.advance(21_000);
    expect([said(), writes()]).toEqual([["noSession"], 2]);
    expect(message()).toMatch(/^no node announces "default\/web" by BGP: .*\(BGPPeers tor, tor6; nodes n1, n2\)/);
    report(false, true);
    await kit.advance(21_000);
    expect(message()).toMatch(/^no node announces 10\.0\.0\.1 of "default\/web" by BGP: .*\(BGPPeers tor; nodes/);
    report(true, true);
    await kit.advance(2_000);
    expect([said(), writes(), await counted()]).toEqual([[], 4, []]);
  });

  test("keeps what an earlier leader said as long as it is not known, and neither writes nor tells it again", async () => {
    const before = await paired(false);
    await before.kit.advance(21_000);
    expect([before.said(), before.writes(), before.events()]).toEqual([["noSession"], 1, 1]);
    const condition = { type: "heraldlb.io/NotAnnounced", status: "True", reason: "noSession" };
    const conditions = [{ ...condition, message: before.message(), lastTransitionTime: "1970-01-01T00:00:00Z" }];
    const { kit, said, counted, writes, events, report } = await paired(false, { conditions });
    expect(await counted()).toEqual([["noSession", 1]]);
    await kit.advance(60_000);
    expect([said(), await counted(), writes(), events()]).toEqual([["noSession"], [["noSession", 1]], 0, 0]);
    report(true);
    await kit.advance(2_000);
    expect([said(), await counted(), writes()]).toEqual([[], [], 1]);
  });
});

test("a Service that layer 2 announces says so if its nodes' speakers are away", async () => {
  const { kit, said, message, writes } = await lead([advertisement("lab")]);
  const speakers = [kit.dial("n1"), kit.dial("n2")];
  for (const speaker of speakers) reports(speaker, false);
  await kit.advance(30_000);
  expect(said()).toBeUndefined();
  for (const speaker of speakers) speaker.kill();
  await kit.advance(19_000);
  expect(said()).toBeUndefined();
  await kit.advance(3_000);
  expect(said()).toEqual(["noSpeaker"]);
  expect(message()).toContain("no speaker is heard on those that may (n1, n2)");
  reports(kit.dial("n2", { instance: "n2-2" }), false);
  await kit.advance(3_000);
  expect([said(), writes()]).toEqual([[], 2]);
});

test("a Service that only nodes without a speaker may announce names the label that keeps the others from it", async () => {
  const excluded = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
  const nodes = [node("n1", excluded), node("n2", excluded), node("bare"), node("bald", excluded)];
  const { kit, said, message } = await lead([advertisement("lab"), ...nodes], {
    spec: { externalTrafficPolicy: "Cluster" },
  });
  for (const name of ["n1", "n2"]) reports(kit.dial(name), false);
  await kit.advance(30_000);
  expect(said()).toEqual(["noSpeaker"]);
  expect(message()).toContain(
    "there is no speaker on those that may (bare); the label node.kubernetes.io/exclude-from-external-load-balancers keeps others from it (n1, n2)",
  );
});
