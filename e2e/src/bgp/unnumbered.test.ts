import { decodeEthernet } from "@heraldlb/ethernet";
import { Frr, type Host, pass, until } from "@heraldlb/lab";
import { decodeNdpPacket } from "@heraldlb/ndp";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { frrConfig, type PeerSettings, peer, ROUTER_ASN, route, routesOf, useScene } from "./scene.fixture.ts";

const scene = useScene("u-peers", { beforeAll, afterEach, afterAll });

const WEB = route("10.64.1.1/32");
const WEB6 = route("fd64::1:1/128");
const SLOW = { timeoutMs: 30_000 };

/** Starts FRR with the node as its neighbor at the other end of an interface. */
async function startRouter(remote = "external"): Promise<Frr> {
  const lines = [`neighbor lan0 interface remote-as ${remote}`, "neighbor lan0 timers connect 1"];
  return await Frr.start(scene.routerHost, { bgp: frrConfig("lan0", lines, ["ipv4", "ipv6"]) });
}

/** Starts the node's sessions, with a peer that has nothing but an interface. */
async function startNode(change: PeerSettings = {}): Promise<void> {
  await scene.start({ findsNeighbors: true });
  const router = peer({ peerAsn: "external", interface: "lan0", connectRetrySeconds: 1, ...change });
  await scene.replace({ peers: [router], routes: [WEB, WEB6] });
}

async function isUp(): Promise<void> {
  await until("the router knows everything", async () => (await scene.session())?.isConverged, SLOW);
}

async function isDown(): Promise<void> {
  await until("the session is lost", async () => (await scene.session())?.state !== "established", SLOW);
}

/** The link-local address of a host on the link. */
async function linkLocalOf(host: Host): Promise<Ip> {
  return await until(`${host.name} has a link-local address`, async () => {
    const shown = await host.exec(["ip", "-json", "-6", "addr", "show", "dev", "lan0", "scope", "link", "-tentative"]);
    // Addresses of another scope are empty objects.
    const [entry] = JSON.parse(shown) as { readonly addr_info: readonly { readonly local?: Ip }[] }[];
    return entry?.addr_info.find(({ local }) => local)?.local;
  });
}

describe("on an interface without an IPv4 address", () => {
  const ipv4 = () => `${scene.node.ipv4}/16`;

  beforeAll(async () => void (await scene.node.exec(["ip", "addr", "del", ipv4(), "dev", "lan0"])));
  afterAll(async () => void (await scene.node.exec(["ip", "addr", "add", ipv4(), "dev", "lan0"])));

  /** Both families, each with the node's link-local address as next hop (RFC 8950 for IPv4). */
  async function bothRouted(frr: Frr): Promise<void> {
    await isUp();
    const linkLocal = expect.objectContaining({ ip: await linkLocalOf(scene.node), scope: "link-local" });
    const routes = { ...(await routesOf(frr, "ipv4", 1)), ...(await routesOf(frr, "ipv6", 1)) };
    for (const { prefix } of [WEB, WEB6]) expect(routes[prefix]?.[0]?.nexthops).toContainEqual(linkLocal);
  }

  test.each([
    ["external", {}],
    ["internal", { asn: ROUTER_ASN, peerAsn: "internal" }],
  ] as const)("an %s session comes up, whoever is there first", async (remote, settings) => {
    {
      await using frr = await startRouter(remote);
      // It has advertised itself at its start, and does so every 10 s.
      await pass(5000);
      await startNode(settings);
      await bothRouted(frr);
      await scene.stop("shutdown");
    }
    await startNode(settings);
    await pass(1500);
    await using frr = await startRouter(remote);
    await bothRouted(frr);
  });
});

test("a router that is restarted has the routes again, also with another link-local address", async () => {
  const own = await linkLocalOf(scene.routerHost);
  await startNode();
  for (const _ of ["first", "second"]) {
    await using frr = await startRouter();
    await isUp();
    // A router prefers the node's IPv4 address.
    expect((await routesOf(frr, "ipv4", 1))[WEB.prefix]?.[0]?.nexthops).toMatchObject([{ ip: scene.node.ipv4 }]);
    await routesOf(frr, "ipv6", 1);
  }
  await isDown();

  const other = "fe80::77" as Ip;
  const change = async (verb: "add" | "del", address: Ip) =>
    await scene.routerHost.exec(["ip", "addr", verb, `${address}/64`, "dev", "lan0"]);
  await change("add", other);
  await change("del", own);
  try {
    await using frr = await startRouter();
    await isUp();
    expect((await scene.session())?.address).toBe(other);
    await routesOf(frr, "ipv4", 1);
  } finally {
    await change("add", own);
    await change("del", other);
  }
});

test("a node with several link-local addresses connects from the one that the router has been told", async () => {
  const own = await linkLocalOf(scene.node);
  // The kernel would take it, being the newest.
  const other = "fe80::ffff:ffff:ffff:ffff/64";
  await scene.node.exec(["ip", "addr", "add", other, "dev", "lan0", "nodad"]);
  try {
    await startNode();
    await using frr = await startRouter();
    await isUp();
    expect(await frr.show("bgp neighbors lan0")).toMatchObject({ lan0: { bgpNeighborAddr: own } });
  } finally {
    await scene.node.exec(["ip", "addr", "del", other, "dev", "lan0"]);
  }
});

test("an interface that is down at first, and again later, brings the session whenever it is up", async () => {
  const set = async (state: "up" | "down") => await scene.node.exec(["ip", "link", "set", "lan0", state]);
  await set("down");
  try {
    await startNode({ holdSeconds: 3, keepaliveSeconds: 1 });
    await using frr = await startRouter();
    await scene.driver.logged(/interface is down/);
    await set("up");
    await isUp();
    await set("down");
    await isDown();
    await set("up");
    await isUp();
    await routesOf(frr, "ipv6", 1);
  } finally {
    await set("up");
  }
});

test("what is sent says only that the node is there, on that interface alone", async () => {
  const filter = "icmp6 and (ip6[40] == 133 or ip6[40] == 134)";
  const own = await linkLocalOf(scene.node);
  await using link = await scene.lab.capture(scene.node, filter);
  await using management = await scene.lab.capture("mgmt", filter);
  await startNode();
  await pass(1500);
  await using _frr = await startRouter();
  await isUp();
  const messages = link.frames
    .map(({ bytes }) => decodeNdpPacket(decodeEthernet(bytes).payload))
    .flatMap(({ source, message }) => (source === own ? message : []));
  const options = [{ type: "sourceLinkLayer", mac: scene.node.mac }];
  const nothing = { hopLimit: 0, managed: false, otherConfig: false, reachableMs: 0, retransmitMs: 0 };
  expect(messages).toContainEqual({ type: "routerSolicitation", options });
  const advertisement = { type: "routerAdvertisement", lifetimeSeconds: 0, ...nothing, options };
  const advertisements = messages.filter(({ type }) => type === "routerAdvertisement");
  // One at the beginning, and one at once for the router.
  expect(advertisements.slice(0, 2)).toEqual([advertisement, advertisement]);
  expect(new Set(advertisements.map((message) => JSON.stringify(message)))).toHaveProperty("size", 1);
  expect(management.frames).toEqual([]);
});
