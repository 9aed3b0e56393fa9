// What is left when a node is lost, with BFD and without.
import { flowsTo, manifests, movedShare, pass, serviceManifest, startProber, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createSite, endpoints, ROUTER_ASN, type Site, SPEAKER_ASN } from "./cluster.fixture.ts";

const NODES = ["node1", "node2", "node3"];
const HOLD_MS = 9_000;
const FLOWS = 300;
// For what must not happen.
const A_WHILE_MS = 2_000;
const PROFILE = { receiveInterval: 100, transmitInterval: 100, detectMultiplier: 3 };
let site: Site;
let services: readonly [Ip, Ip];

const writePeers = (change: object): void => {
  const peer = (peerAddress: Ip) => ({ myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress, ...change });
  const { ipv4, ipv6 } = site.router;
  site.write("peers.yaml", ["BGPPeer", "router", peer(ipv4)], ["BGPPeer", "router6", peer(ipv6)]);
};

beforeAll(async () => {
  site = await createSite({
    name: "loss",
    neighborLines: ["N bfd profile fast"],
    bfd: "bfd\nprofile fast\nreceive-interval 100\ntransmit-interval 100\ndetect-multiplier 3\nexit\nexit",
  });
  site.write("pool.yaml", ["IPAddressPool", "main", { addresses: ["10.64.1.1-10.64.1.99", "fd64::1:1-fd64::1:99"] }]);
  site.write("advertisement.yaml", ["BGPAdvertisement", "main", {}], ["BFDProfile", "fast", PROFILE]);
  writePeers({ bfdProfile: "fast" });
  site.herald.write("web.yaml", manifests(serviceManifest({ name: "web" }), endpoints("web", NODES)));
  services = (await site.herald.given("web", 2)) as [Ip, Ip];
}, 120_000);

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

beforeEach(whole);

/** Waits until the router forwards to all nodes. */
async function whole(): Promise<void> {
  const [v4, v6] = services;
  for (const prefix of [`${v4}/32`, `${v6}/128`]) {
    await site.routed(prefix, NODES, 40_000);
    await until("so the router's kernel", async () => (await site.kernelHops(prefix)).length === NODES.length);
  }
}

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") process.stderr.write(`${site.lab.logs()}\n`);
  await site.herald.mend();
});

/** Cuts off the node that answers a client, with its carrier kept. Returns how long the client goes without an answer. */
async function lose(service = services[0]): Promise<{ readonly lost: string; readonly outageMs: number }> {
  const { lab } = site;
  await using prober = await startProber(lab.host("client1"), [service]);
  const { by: lost } = await prober.answered(service, { since: 0 });
  await lab.setFaults([lab.cutOff("lan", [lab.host(lost)])]);
  await prober.answered(service, { since: 0, not: lost }, { timeoutMs: 4 * HOLD_MS });
  await prober.stop();
  return { lost, outageMs: prober.summary(service).longestOutageMs };
}

async function bfdStates(): Promise<readonly (string | undefined)[]> {
  const neighbors = await site.neighbors();
  return site.lab.nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].map((node) => neighbors[node]?.peerBfdInfo?.status));
}

test("node and router watch each other with BFD, both say so, and no session is reset for it", async () => {
  await until("FRR's sessions are up", async () => (await bfdStates()).every((state) => state === "Up"));
  for (const node of site.lab.nodes) {
    await until(`${node.name} says so`, async () => {
      const up = (await site.herald.metrics(node)).match(/^metallb_bfd_session_up\{.*\} 1$/gm);
      return up?.length === services.length;
    });
  }
  // Once BGP is up FRR begins its BFD session anew, from the address that it has learnt; if the first one was up by
  // then, that ends one BGP session, and the node says that it was told so.
  const established = await site.establishments();
  for (const node of site.lab.nodes) {
    const downs = bfdDowns(site.herald.speaker(node).log());
    expect(downs.filter((reason) => reason !== "neighborSignaledSessionDown")).toEqual([]);
    const times = [node.ipv4, node.ipv6].map((address) => established[address] ?? 0);
    expect(times.every((count) => count > 0)).toBe(true);
    expect(times.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(times.length + downs.length);
  }
  await pass(A_WHILE_MS);
  expect(await site.establishments()).toEqual(established);
});

/** Why BFD sessions that were up went down, as the speaker that wrote the log was told. */
function bfdDowns(log: string): string[] {
  const changes = log.split("\n").filter((line) => line.includes('"message":"BFD session changed"'));
  const told = changes.map((line) => JSON.parse(line) as { from: string; to: string; reason: string });
  return told.filter(({ from, to }) => from === "up" && to === "down").map(({ reason }) => reason);
}

test("with BFD a client of a node that is cut off waits less than the hold time, and the node is in again when it is back", async () => {
  await until("FRR's sessions are up", async () => (await bfdStates()).every((state) => state === "Up"));
  const { outageMs } = await lose();
  expect(outageMs).toBeLessThan(HOLD_MS / 3);
  await site.lab.setFaults([]);
  await whole();
  await until("BFD is up again", async () => (await bfdStates()).every((state) => state === "Up"));
});

test.each(["IPv4", "IPv6"])(
  "flows are spread over all nodes, and most stay where they are when one is lost: %s",
  async (family) => {
    const client = site.lab.host("client1");
    const service = services[family === "IPv4" ? 0 : 1];
    const before = await flowsTo(client, service, FLOWS);
    for (const name of NODES) {
      const share = [...before.values()].filter((by) => by === name).length / FLOWS;
      expect(share, name).toBeGreaterThan(0.15);
    }
    const { lost } = await lose(service);
    const after = await flowsTo(client, service, FLOWS);
    expect(after.size).toBe(FLOWS);
    expect([...after.values()]).not.toContain(lost);
    expect(movedShare(before, after, lost)).toBeLessThan(0.5);
  },
);

test("without BFD the client waits for the hold time; the change itself resets no session", async () => {
  const before = await site.establishments();
  // FRR 8 says that it is down when BFD is no longer asked for, and so must be told to say that it is off.
  await site.frr.run("configure terminal", "bfd", "profile fast", "shutdown");
  await until("FRR's BFD sessions are off", async () => !(await bfdStates()).includes("Up"));
  writePeers({});
  await until("so are the nodes'", async () => {
    const metrics = await Promise.all(site.lab.nodes.map((node) => site.herald.metrics(node)));
    return metrics.every((text) => !text.includes("metallb_bfd_session_up{"));
  });
  expect(await site.establishments()).toEqual(before);
  const { outageMs } = await lose();
  expect(outageMs).toBeGreaterThan(HOLD_MS / 3);
});
