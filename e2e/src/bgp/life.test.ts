import { type Frr, monotonicMs, pass, until } from "@heraldlb/lab";
import type { BgpRoute } from "@heraldlb/speaker";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { DriverSettings } from "./driver-protocol.ts";
import {
  frrConfig,
  neighborOf,
  type PeerSettings,
  peer,
  route,
  routesOf,
  SPEAKER_ASN,
  useScene,
} from "./scene.fixture.ts";

const scene = useScene("s-life", { beforeAll, afterEach, afterAll });

const [A, B, C] = [route("10.64.1.1/32"), route("10.64.1.2/32"), route("10.64.1.3/32")] as const;

/** Starts FRR with more lines about its neighbor, the node. */
async function router(...lines: string[]): Promise<Frr> {
  const { ipv4 } = scene.node;
  const all = [`remote-as ${SPEAKER_ASN}`, "timers connect 1", ...lines].map((line) => `neighbor ${ipv4} ${line}`);
  return await scene.frr(frrConfig(ipv4, all));
}

async function speak(routes: readonly BgpRoute[], change: PeerSettings = {}, settings?: DriverSettings): Promise<void> {
  await scene.start(settings);
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4, ...change })], routes });
}

test("a graceful restart keeps the routes, and takes away what is not announced again", async () => {
  const its = await router("graceful-restart");
  await speak([A, B], { hasGracefulRestart: true });
  await scene.converged();
  await routesOf(its, "ipv4", 2);
  await scene.stop("restart");
  await until("FRR has noticed", async () => (await neighborOf(its, scene.node.ipv4)).bgpState !== "Established");
  expect(await its.show("bgp ipv4 unicast 10.64.1.1/32")).toMatchObject({ paths: [{ stale: true }] });
  await pass(500);
  await routesOf(its, "ipv4", 2);
  await speak([A, C], { hasGracefulRestart: true }, { restart: { hasRestarted: true, keptForwarding: true } });
  await scene.converged();
  const routes = await routesOf(its, "ipv4", 2);
  expect(Object.keys(routes)).toEqual(["10.64.1.1/32", "10.64.1.3/32"]);
  const { paths } = (await its.show("bgp ipv4 unicast 10.64.1.1/32")) as { paths: readonly { stale?: boolean }[] };
  expect(paths[0]?.stale).toBeUndefined();
});

test("a graceful restart after a reboot keeps nothing", async () => {
  const its = await router("graceful-restart");
  await speak([A], { hasGracefulRestart: true });
  await scene.converged();
  await scene.stop("restart");
  await speak([], { hasGracefulRestart: true }, { restart: { hasRestarted: true, keptForwarding: false } });
  await scene.converged();
  await routesOf(its, "ipv4", 0);
});

test("a crash keeps the routes, too, where graceful restart was agreed on", async () => {
  const its = await router("graceful-restart");
  await speak([A], { hasGracefulRestart: true });
  await scene.converged();
  scene.driver.kill("SIGKILL");
  await scene.driver.exited;
  await pass(1000);
  await routesOf(its, "ipv4", 1);
});

test.each([
  ["shutdown", true],
  ["restart", false],
] as const)("a %s, graceful restart %s, withdraws and tells the router why", async (ending, hasGracefulRestart) => {
  const its = await router(...(hasGracefulRestart ? ["graceful-restart"] : []));
  await speak([A], { hasGracefulRestart });
  await scene.converged();
  await routesOf(its, "ipv4", 1);
  await scene.stop(ending, "node is drained");
  await routesOf(its, "ipv4", 0);
  expect(await neighborOf(its, scene.node.ipv4)).toMatchObject({
    lastShutdownDescription: "node is drained",
    lastNotificationReason: "Cease/Administrative Shutdown",
  });
});

test("a router that falls silent is given up after the hold time, and found again", async () => {
  const its = await router();
  await speak([A], { holdSeconds: 3, keepaliveSeconds: 1 });
  await scene.converged();
  const silentAt = monotonicMs();
  its.bgpd.kill("SIGSTOP");
  try {
    await until("the session is lost", async () => (await scene.session())?.state !== "established");
  } finally {
    its.bgpd.kill("SIGCONT");
  }
  // It was last heard up to a second before.
  expect(monotonicMs() - silentAt).toBeGreaterThan(1900);
  expect((await scene.session())?.trouble).toContain("holdTimerExpired");
  await scene.converged();
  await routesOf(its, "ipv4", 1);
});

test("a paused speaker that the router still waits for goes on as if nothing had been", async () => {
  const its = await router();
  await speak([A], { holdSeconds: 9, keepaliveSeconds: 1 });
  await scene.converged();
  scene.driver.kill("SIGSTOP");
  await pass(6000);
  scene.driver.kill("SIGCONT");
  await pass(3500);
  expect((await neighborOf(its, scene.node.ipv4)).connectionsEstablished).toBe(1);
});

test("a router that restarts is told everything again", async () => {
  const first = await router();
  await speak([A, B]);
  await scene.converged();
  await first[Symbol.asyncDispose]();
  await until("the session is lost", async () => (await scene.session())?.state !== "established");
  const second = await router();
  await scene.converged();
  await routesOf(second, "ipv4", 2);
});

test("a router that asks for the table is sent it again", async () => {
  const its = await router();
  await speak([A]);
  await scene.converged();
  await routesOf(its, "ipv4", 1);
  const before = (await neighborOf(its, scene.node.ipv4)).messageStats.updatesRecv;
  await its.run(`clear bgp ipv4 unicast ${scene.node.ipv4} in`);
  await until("FRR has been sent the table again", async () => {
    const { messageStats } = await neighborOf(its, scene.node.ipv4);
    return messageStats.updatesRecv > before;
  });
  await routesOf(its, "ipv4", 1);
  expect((await neighborOf(its, scene.node.ipv4)).connectionsEstablished).toBe(1);
});

test("only changes that need it open a session again", async () => {
  const its = await router();
  await speak([A]);
  await scene.converged();
  const { ipv4: address } = scene.routerHost;
  const established = async () => (await neighborOf(its, scene.node.ipv4)).connectionsEstablished;
  for (const change of [
    { holdSeconds: 30, keepaliveSeconds: 10 },
    { connectRetrySeconds: 5 },
    { peerAsn: "external" },
    { routerId: scene.node.ipv4 },
    { sourceAddress: scene.node.ipv4 },
    { isMultiHop: true },
  ] as const) {
    await scene.replace({ peers: [peer({ address, ...change })], routes: [A, B] });
    await routesOf(its, "ipv4", 2);
    await scene.replace({ peers: [peer({ address })], routes: [A] });
    await routesOf(its, "ipv4", 1);
  }
  expect(await established()).toBe(1);
  await scene.replace({ peers: [peer({ address, hasAddPath: true })], routes: [A] });
  await until("the session is open again", async () => (await established()) === 2);
  await scene.converged();
  await routesOf(its, "ipv4", 1);
});

test("a peer that is not wanted any more is told so, and loses the routes", async () => {
  const its = await router();
  await speak([A]);
  await scene.converged();
  await routesOf(its, "ipv4", 1);
  await scene.replace({ peers: [], routes: [A] });
  await routesOf(its, "ipv4", 0);
  expect((await neighborOf(its, scene.node.ipv4)).lastNotificationReason).toBe("Cease/Peer De-configured");
});

test("10,000 routes go out and come in", async () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `10.${100 + (i >>> 16)}.${(i >>> 8) & 255}.${i & 255}/32`);
  const networks = many.map((prefix) => `network ${prefix.replace(/^10\.100/, "10.200")}`);
  const config = frrConfig(scene.node.ipv4, [`neighbor ${scene.node.ipv4} remote-as ${SPEAKER_ASN}`]);
  const frr = await scene.frr(config.replace("  neighbor", `  ${networks.join("\n  ")}\n  neighbor`));
  await speak(
    many.map((prefix) => route(prefix)),
    {},
    { keptRoutes: 20_000 },
  );
  await scene.converged();
  await routesOf(frr, "ipv4", 20_000);
  await until("the node has FRR's routes", async () => {
    const { received = [] } = (await scene.session()) ?? {};
    return received.filter((prefix) => prefix.startsWith("10.200.")).length === 10_000;
  });
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4 })], routes: [] });
  await routesOf(frr, "ipv4", 10_000);
});
