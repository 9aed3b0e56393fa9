import type { Socket } from "node:net";
import { duplexPair } from "node:stream";
import { notification, type Open, shutdownNotification, shutdownText } from "@heraldlb/bgp";
import type { Ip, Ipv4, Prefix } from "@heraldlb/net";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { expect, test } from "vitest";
import type { BgpPeer, RouteAttributes } from "./desired.ts";
import { PeerSession, type SessionEnvironment } from "./peer-session.ts";
import { ROUTER, Router } from "./router.test.fixture.ts";

const OWN = "192.0.2.1" as Ipv4;
const RED: RouteAttributes = { med: 1 };
const BLUE: RouteAttributes = { med: 2 };

// Nobody is there, so that only the router's own connections matter.
const NOWHERE = "127.0.0.254" as Ip;

const PEER: BgpPeer = {
  name: "tor",
  address: NOWHERE,
  port: 1,
  asn: 64512,
  peerAsn: 64513,
  holdSeconds: 90,
  keepaliveSeconds: 30,
  connectRetrySeconds: 1000,
};

const RESTART = {
  type: "gracefulRestart",
  restarted: false,
  notification: false,
  restartSeconds: 120,
  entries: [{ family: "ipv4", forwarding: true }],
} as const;

interface Scene {
  readonly session: PeerSession;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
}

function start(change: Partial<BgpPeer> = {}, clock = new FakeClock()): Scene {
  const log = recordingLogger();
  const env: SessionEnvironment = {
    clock,
    log,
    random: () => 0,
    interfaces: () => [],
    keptRoutes: 0,
    node: "node1",
    restart: { hasRestarted: false, keptForwarding: false },
  };
  const session = new PeerSession({ ...PEER, ...change }, env);
  session.start();
  return { session, clock, log };
}

/** A router connects. */
function connect({ session }: Scene, open: Partial<Open> = {}): Router {
  const [near, far] = duplexPair();
  session.accept(Object.assign(near, { localAddress: OWN, remoteAddress: ROUTER }) as unknown as Socket);
  return new Router(far, open);
}

/** Lets all that is on its way arrive. */
const settle = async ({ clock }: Scene): Promise<void> => {
  for (let i = 0; i < 10; i++) await clock.advance(0);
};

async function up(scene: Scene, open: Partial<Open> = {}): Promise<Router> {
  const router = connect(scene, open);
  router.listen();
  await settle(scene);
  expect(scene.session.state).toBe("established");
  return router;
}

const prefix = (i: number): Prefix => `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}/32` as Prefix;

function wantMany(session: PeerSession, count: number, attributes: RouteAttributes | undefined): void {
  for (let i = 0; i < count; i++) session.setRoute(prefix(i), attributes);
  session.flush();
}

test("announces its routes, then the end of the table, and changes as they come", async () => {
  const scene = start();
  scene.session.setRoute(prefix(1), RED);
  const router = await up(scene);
  expect(router.heard.map(({ type }) => type)).toEqual(["open", "keepalive", "update", "update"]);
  expect(router.routes).toEqual(["10.0.0.1/32 1"]);
  expect(scene.session.isConverged).toBe(true);
  scene.session.setRoute(prefix(2), BLUE);
  scene.session.setRoute(prefix(1), undefined);
  scene.session.flush();
  await settle(scene);
  expect(router.routes).toEqual(["10.0.0.1/32 1", "-10.0.0.1/32", "10.0.0.2/32 2"]);
  expect(scene.session.routes).toEqual({ wanted: 1, announced: 1 });
});

/** A session whose router has stopped reading, with more routes than there is room for. */
async function stuck(scene: Scene, count: number): Promise<Router> {
  wantMany(scene.session, count, RED);
  const router = connect(scene);
  router.listen({ until: "keepalive" });
  await settle(scene);
  expect(scene.session.state).toBe("established");
  return router;
}

test("what a slow router has not been sent yet is replaced by what is wanted now", async () => {
  const scene = start();
  const count = 40_000;
  const router = await stuck(scene, count);
  const { announced } = scene.session.routes;
  expect(announced).toBeGreaterThan(0);
  expect(announced).toBeLessThan(count);
  wantMany(scene.session, count, BLUE);
  router.listen();
  while (!scene.session.isConverged) await scene.clock.advance(0);
  await settle(scene);
  const { routes } = router;
  expect(routes.filter((route) => route.endsWith(" 1")).length).toBe(announced);
  expect(routes.filter((route) => route.endsWith(" 2")).length).toBe(count);
});

test("RFC 9687: a router that takes nothing for eight minutes is given up", async () => {
  const scene = start({ holdSeconds: 0 });
  await stuck(scene, 40_000);
  await scene.clock.advance(479_000);
  expect(scene.session.state).toBe("established");
  await scene.clock.advance(1_000);
  expect(scene.session.trouble).toContain("sendHoldTimerExpired (8/0)");
});

test("a silent router is given up after the hold time", async () => {
  const scene = start();
  const router = await up(scene);
  await scene.clock.advance(89_000);
  router.say({ type: "keepalive" });
  await settle(scene);
  await scene.clock.advance(89_000);
  expect(scene.session.state).toBe("established");
  await scene.clock.advance(1_000);
  await settle(scene);
  expect(router.last).toMatchObject({ type: "notification", error: "holdTimerExpired" });
  expect(router.isClosed).toBe(true);
  expect(scene.session.trouble).toBe("sent NOTIFICATION holdTimerExpired (4/0)");
});

test.each([
  { ending: "restart", agreed: true, says: [] },
  { ending: "restart", agreed: false, says: ["update", "notification"] },
  { ending: "shutdown", agreed: true, says: ["update", "notification"] },
  { ending: "removed", agreed: true, says: ["update", "notification"] },
] as const)("at the end, $ending with graceful restart $agreed, it says $says", async ({ ending, agreed, says }) => {
  const scene = start({ hasGracefulRestart: agreed });
  scene.session.setRoute(prefix(1), RED);
  const capabilities = [{ type: "fourByteAs" } as const, ...(agreed ? [RESTART] : [])];
  const router = await up(scene, { capabilities });
  const before = router.heard.length;
  const ended = scene.session.end(ending, shutdownNotification("administrativeShutdown", "bye"));
  await settle(scene);
  await scene.clock.advance(2_000);
  await ended;
  expect(router.heard.slice(before).map(({ type }) => type)).toEqual(says);
  expect(router.isClosed).toBe(true);
  if (says.length === 0) return;
  expect(router.routes.at(-1)).toBe("-10.0.0.1/32");
  expect(router.last?.type === "notification" && shutdownText(router.last)).toBe("bye");
});

test("settings that need no new session leave it alone, others open it again", async () => {
  const scene = start();
  const router = await up(scene);
  scene.session.configure({ ...PEER, holdSeconds: 9, keepaliveSeconds: 3 });
  await settle(scene);
  expect(router.isClosed).toBe(false);
  scene.session.configure({ ...PEER, holdSeconds: 9, keepaliveSeconds: 3, hasGracefulRestart: true });
  await settle(scene);
  expect(router.last).toMatchObject({ type: "notification", error: "otherConfigurationChange" });
  // The new one has all the new settings.
  const next = await up(scene);
  expect(next.heard[0]).toMatchObject({ type: "open", holdSeconds: 9 });
  expect(next.heard[0]).toMatchObject({
    capabilities: expect.arrayContaining([expect.objectContaining({ restartSeconds: 120 })]),
  });
});

test("BFD's loss ends the session, and the router may come again after a while", async () => {
  const scene = start({ connectRetrySeconds: undefined });
  const router = await up(scene);
  scene.session.fail(notification("bfdDown"));
  await settle(scene);
  expect(router.last).toMatchObject({ error: "bfdDown" });
  const tooSoon = connect(scene);
  tooSoon.listen();
  await settle(scene);
  expect(tooSoon.heard).toEqual([]);
  await scene.clock.advance(1_000);
  await up(scene);
});

test("a router with TTL security is not taken from the listener, and none after the end", async () => {
  const secured = start({ ttlSecurityHops: 1 });
  const router = connect(secured);
  router.listen();
  await settle(secured);
  expect(router.heard).toEqual([]);
  const ended = start();
  await ended.session.end("removed", notification("peerDeconfigured"));
  const late = connect(ended);
  late.listen();
  await settle(ended);
  expect(late.heard).toEqual([]);
});

test("says that nobody answers when an attempt to connect takes too long", async () => {
  const clock = new FakeClock();
  const expiries: (() => void)[] = [];
  clock.timer = (_ms, onExpiry) => {
    expiries.push(onExpiry);
    return { [Symbol.dispose]() {} };
  };
  const { session, log } = start({}, clock);
  // Before the kernel can say anything.
  for (const expire of expiries.splice(0)) expire();
  expect(log.entries.filter(({ level }) => level !== "debug")).toMatchObject([
    { level: "warn", message: "BGP peer not reached", fields: { peer: "tor", address: NOWHERE, reason: "no answer" } },
  ]);
  await session.end("removed", notification("peerDeconfigured"));
});

test("logs the same trouble once, and never a password", async () => {
  const scene = start({ password: "sesame", peerAsn: 1, connectRetrySeconds: undefined });
  for (let i = 0; i < 3; i++) {
    const router = connect(scene);
    router.listen();
    await settle(scene);
    expect(router.last).toMatchObject({ error: "badPeerAs" });
    await scene.clock.advance(20_000);
  }
  const lines = scene.log.entries.filter(({ message }) => message === "BGP session not established");
  expect(lines).toMatchObject([{ fields: { peer: "tor", reason: "sent NOTIFICATION badPeerAs (2/2)" } }]);
  expect(JSON.stringify(scene.log.entries)).not.toContain("sesame");
});
