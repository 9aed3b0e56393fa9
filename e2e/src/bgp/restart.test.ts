// What a router keeps, and what it hears, when a speaker ends in good order.
import {
  type Host,
  manifests,
  monotonicMs,
  nodeManifest,
  type Prober,
  serviceManifest,
  startProber,
  until,
} from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createSite, endpoints, ROUTER_ASN, type Site, SPEAKER_ASN, seenDuring } from "./cluster.fixture.ts";

const HOLD_MS = 9_000;
const NODES = ["node1", "node2"];
let site: Site;
let graceful: Host;
let plain: Host;
let web: string;

beforeAll(async () => {
  site = await createSite({
    name: "restart",
    nodes: 2,
    neighborLines: ["N graceful-restart", "N bfd"],
    bfd: "",
  });
  [graceful, plain] = site.lab.nodes as [Host, Host];
  const peer = (node: Host) => {
    const nodeSelectors = [{ matchLabels: { "kubernetes.io/hostname": node.name } }];
    return { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress: site.router.ipv4, nodeSelectors };
  };
  site.write(
    "bgp.yaml",
    ["IPAddressPool", "main", { addresses: ["10.64.1.1-10.64.1.99"] }],
    ["BGPAdvertisement", "main", {}],
    ["BFDProfile", "usual", {}],
    ["BGPPeer", "graceful", { ...peer(graceful), enableGracefulRestart: true, bfdProfile: "usual" }],
    ["BGPPeer", "plain", peer(plain), { "heraldlb.io/graceful-shutdown": "1s" }],
  );
  web = `${await give("web", "Cluster", NODES)}/32`;
  await site.routed(web, NODES);
}, 120_000);

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

afterEach(({ task }) => {
  if (task.result?.state === "fail") process.stderr.write(`${site.lab.logs()}\n`);
});

async function give(name: string, trafficPolicy: "Cluster" | "Local", on: readonly string[]): Promise<Ip> {
  const service = serviceManifest({ name, trafficPolicy, families: ["ipv4"] });
  site.herald.write(`${name}.yaml`, manifests(service, endpoints(name, on)));
  const [address] = await site.herald.given(name, 1);
  return address as Ip;
}

/** A client's view of a Service that it reaches by way of the router. */
async function probe(service: Ip): Promise<Prober> {
  const prober = await startProber(site.lab.host("client1"), [service]);
  await prober.answered(service, { since: monotonicMs() });
  return prober;
}

/** What the router has of a prefix from a node; undefined: nothing. */
async function pathFrom(node: Host, prefix: string): Promise<Path | undefined> {
  const { paths = [] } = (await site.frr.show(`bgp ipv4 unicast ${prefix}`)) as { readonly paths?: readonly Path[] };
  return paths.find(({ peer }) => peer.peerId === node.ipv4);
}

interface Path {
  readonly peer: { readonly peerId: Ip };
  readonly stale?: boolean;
  readonly community?: { readonly string: string };
}

test.each<[string, NodeJS.Signals]>([
  ["is stopped", "SIGTERM"],
  ["crashes", "SIGKILL"],
])(
  "with graceful restart a router keeps the routes of a speaker that %s, though BFD ends with it",
  async (_how, signal) => {
    const local = await give("local", "Local", [graceful.name]);
    const prefix = `${local}/32`;
    await site.routed(prefix, [graceful.name]);
    const isWatched = async () => (await site.neighbors())[graceful.ipv4]?.peerBfdInfo?.status === "Up";
    await until("BFD is up", isWatched);
    const { connectionsEstablished: before = 0 } = (await site.neighbors())[graceful.ipv4] ?? {};
    await using prober = await probe(local);

    const restart = async () => {
      site.herald.speaker(graceful).kill(signal);
      await site.herald.speaker(graceful).exited;
      await until("the router has noticed", async () => (await pathFrom(graceful, prefix))?.stale === true);
      await until("so has its BFD", async () => !(await isWatched()));
      site.herald.startSpeaker(graceful);
      await until("the session is up again", async () => {
        return (await site.neighbors())[graceful.ipv4]?.connectionsEstablished === before + 1;
      });
      await until("the route is fresh", async () => {
        const path = await pathFrom(graceful, prefix);
        return path !== undefined && path.stale !== true;
      });
      await until("BFD is up again", isWatched);
    };
    expect(await seenDuring(restart, async () => `${await site.kernelHops(prefix)}`)).toEqual([graceful.name]);
    const { gracefulRestartInfo } = (await site.neighbors())[graceful.ipv4] ?? {};
    expect(gracefulRestartInfo).toMatchObject({
      rBit: true,
      ipv4Unicast: { fBit: true },
      endOfRibRecv: { ipv4Unicast: true },
    });
    await prober.stop();
    expect(prober.summary(local).longestOutageMs).toBeLessThan(500);
  },
);

test("a node that is lost is out by BFD in spite of graceful restart", async () => {
  const { lab } = site;
  await lab.setFaults([lab.cutOff("lan", [graceful])]);
  const from = monotonicMs();
  await site.routed(web, [plain.name], 4 * HOLD_MS);
  expect(monotonicMs() - from).toBeLessThan(HOLD_MS / 2);
  await lab.setFaults([]);
  await site.routed(web, NODES, 40_000);
});

test("without it the router hears first that traffic had better go elsewhere, then of the end", async () => {
  const local = `${await give("local", "Local", [plain.name])}/32`;
  await site.routed(local, [plain.name]);
  const stopped = site.herald.speaker(plain).stop();
  const path = await until("routes ask for it", async () => {
    const found = await pathFrom(plain, web);
    return found?.community?.string.includes("graceful-shutdown") ? found : undefined;
  });
  expect(path.community?.string).toContain("graceful-shutdown");
  await until("the router prefers others", async () => `${await site.kernelHops(web)}` === graceful.name);
  await site.routed(web, [graceful.name]);
  await until(
    "the router knew no other way to what it alone had",
    async () => (await site.kernelHops(local)).length === 0,
  );
  expect((await stopped).code).toBe(0);
  const { lastNotificationReason, bgpState } = (await site.neighbors())[plain.ipv4] ?? {};
  expect(lastNotificationReason).toMatch(/^Cease\//);
  expect(bgpState).not.toBe("Established");
  site.herald.startSpeaker(plain);
  await site.routed(web, NODES);
});

test("a Node that is excluded withdraws its routes, and keeps its session", async () => {
  const before = await site.establishments();
  const [labelled, again] = ["    node.kubernetes.io/exclude-from-external-load-balancers: ''\n", ""].map((label) =>
    manifests(...NODES.map((name) => nodeManifest(name) + (name === plain.name ? label : ""))),
  );
  site.herald.write("nodes.yaml", labelled ?? "");
  await site.routed(web, [graceful.name]);
  expect((await site.neighbors())[plain.ipv4]?.bgpState).toBe("Established");
  site.herald.write("nodes.yaml", again ?? "");
  await site.routed(web, NODES);
  expect(await site.establishments()).toEqual(before);
});
