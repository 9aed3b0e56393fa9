// What is left when a node is lost, with BFD and without.
import { flowsTo, type Host, manifests, movedShare, serviceManifest, startProber, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createSite, endpoints, ROUTER_ASN, type Site, SPEAKER_ASN } from "./cluster.fixture.ts";

const NODES = ["node1", "node2", "node3"];
const HOLD_MS = 9_000;
const FLOWS = 300;
const PROFILE = { receiveInterval: 100, transmitInterval: 100, detectMultiplier: 3 };
let site: Site;
let router: Host;
let service: Ip;

const writePeer = (change: object): void => {
  const spec = { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress: router.ipv4, ...change };
  site.write("peers.yaml", ["BGPPeer", "router", spec]);
};

beforeAll(async () => {
  site = await createSite({
    name: "loss",
    clients: 2,
    neighborLines: ["N bfd profile fast"],
    bfd: "bfd\nprofile fast\nreceive-interval 100\ntransmit-interval 100\ndetect-multiplier 3\nexit\nexit",
  });
  router = site.lab.host("client1");
  site.write("pool.yaml", ["IPAddressPool", "main", { addresses: ["10.64.1.1-10.64.1.99"] }]);
  site.write("advertisement.yaml", ["BGPAdvertisement", "main", {}], ["BFDProfile", "fast", PROFILE]);
  writePeer({ bfdProfile: "fast" });
  const web = serviceManifest({ name: "web", families: ["ipv4"] });
  site.herald.write("web.yaml", manifests(web, endpoints("web", NODES)));
  [service] = (await site.herald.given("web", 1)) as [Ip];
  await forward(router, site.lab.host("client2"));
}, 120_000);

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await site.routed(`${service}/32`, NODES, 40_000);
  await until("so the router's kernel", async () => (await site.kernelHops(`${service}/32`)).length === NODES.length);
});

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") process.stderr.write(`${site.lab.logs()}\n`);
  await site.herald.mend();
});

/** Lets a client reach Services by way of the router, which spreads flows by addresses and ports. */
async function forward(by: Host, client: Host): Promise<void> {
  const settings = [
    "ip_forward=1",
    "fib_multipath_hash_policy=1",
    "conf.all.send_redirects=0",
    "conf.lan0.send_redirects=0",
  ];
  await by.exec(["sysctl", "-q", "-w", ...settings.map((setting) => `net.ipv4.${setting}`)]);
  await client.exec(["ip", "route", "add", "10.64.1.0/24", "via", by.ipv4]);
}

/** Cuts off the node that answers a client, with its carrier kept. Returns how long the client goes without an answer. */
async function lose(): Promise<{ readonly lost: string; readonly outageMs: number }> {
  const { lab } = site;
  await using prober = await startProber(lab.host("client2"), [service]);
  const { by: lost } = await prober.answered(service, { since: 0 });
  await lab.setFaults([lab.cutOff("lan", [lab.host(lost)])]);
  await prober.answered(service, { since: 0, not: lost }, { timeoutMs: 4 * HOLD_MS });
  await prober.stop();
  return { lost, outageMs: prober.summary(service).longestOutageMs };
}

async function bfdStates(): Promise<readonly (string | undefined)[]> {
  const neighbors = await site.neighbors();
  return site.lab.nodes.map(({ ipv4 }) => neighbors[ipv4]?.peerBfdInfo?.status);
}

test("node and router watch each other with BFD, and both say so", async () => {
  await until("FRR's sessions are up", async () => (await bfdStates()).every((state) => state === "Up"));
  for (const node of site.lab.nodes) {
    await until(`${node.name} says so`, async () =>
      /metallb_bfd_session_up\{[^}]*\} 1/.test(await site.herald.metrics(node)),
    );
  }
});

test("with BFD a client of a node that is cut off waits less than the hold time, and the node is in again when it is back", async () => {
  await until("FRR's sessions are up", async () => (await bfdStates()).every((state) => state === "Up"));
  const { outageMs } = await lose();
  expect(outageMs).toBeLessThan(HOLD_MS / 3);
  await site.lab.setFaults([]);
  await site.routed(`${service}/32`, NODES, 40_000);
  await until("BFD is up again", async () => (await bfdStates()).every((state) => state === "Up"));
});

test("flows are spread over all nodes, and most stay where they are when one is lost", async () => {
  const client = site.lab.host("client2");
  const before = await flowsTo(client, service, FLOWS);
  for (const name of NODES) {
    const share = [...before.values()].filter((by) => by === name).length / FLOWS;
    expect(share, name).toBeGreaterThan(0.15);
  }
  const { lost } = await lose();
  const after = await flowsTo(client, service, FLOWS);
  expect(after.size).toBe(FLOWS);
  expect([...after.values()]).not.toContain(lost);
  expect(movedShare(before, after, lost)).toBeLessThan(0.5);
});

test("without BFD the client waits for the hold time; the change itself resets no session", async () => {
  const before = await site.establishments();
  // FRR 8 says that it is down when BFD is no longer asked for, and so must be told to say that it is off.
  await site.frr.run("configure terminal", "bfd", "profile fast", "shutdown");
  await until("FRR's BFD sessions are off", async () => !(await bfdStates()).includes("Up"));
  writePeer({});
  await until("so are the nodes'", async () => {
    const metrics = await Promise.all(site.lab.nodes.map((node) => site.herald.metrics(node)));
    return metrics.every((text) => !text.includes("metallb_bfd_session_up{"));
  });
  expect(await site.establishments()).toEqual(before);
  const { outageMs } = await lose();
  expect(outageMs).toBeGreaterThan(HOLD_MS / 3);
});
