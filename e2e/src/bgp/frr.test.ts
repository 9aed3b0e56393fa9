import { type Host, pass, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import type { BgpRoute } from "@heraldlb/speaker";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { DriverSettings } from "./driver-protocol.ts";
import {
  frrConfig,
  neighborOf,
  type PeerSettings,
  peer,
  ROUTER_ASN,
  route,
  routesOf,
  SPEAKER_ASN,
  useScene,
} from "./scene.fixture.ts";

const scene = useScene("s-frr", { beforeAll, afterEach, afterAll });

const SQUATTER = `require("node:net").createServer().listen(179)`;
const WEB = route("10.64.1.1/32");
const WEB6 = route("fd64::1:1/128");

interface Setting {
  /** Lines of FRR's configuration, where N is `neighbor` and the node's address. */
  readonly lines?: readonly string[];
  readonly families?: readonly string[];
  readonly neighbor?: Ip;
  readonly peer?: PeerSettings;
  readonly routes?: readonly BgpRoute[];
  readonly settings?: DriverSettings;
  readonly port?: number;
}

/** Starts both sides. The router's configuration and the peer fit together unless told otherwise. */
async function begin({ lines = [], families, neighbor, peer: change, routes = [WEB], settings, port }: Setting = {}) {
  const address = neighbor ?? scene.node.ipv4;
  const remote = lines.some((line) => line.includes("remote-as")) ? [] : [`N remote-as ${SPEAKER_ASN}`];
  const all = [...remote, ...lines].map((line) => line.replace(/^N /, `neighbor ${address} `));
  const frr = await scene.frr(frrConfig(address, all, families), port);
  await scene.start(settings);
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4, ...change })], routes });
  return frr;
}

/** Lets time pass, and expects no session to come up in it. */
async function staysDown(ms = 2500): Promise<void> {
  await pass(ms);
  expect((await scene.session())?.state).not.toBe("established");
}

test("an IPv4 session brings routes with all their attributes", async () => {
  const its = await begin({
    routes: [
      route("10.64.1.1/32", {
        communities: [0xfc00_0064, 0xffff_ff01],
        largeCommunities: [{ administrator: 64_512, local1: 1, local2: 2 }],
        med: 7,
        prepend: 2,
        linkBandwidth: 125_000_000,
      }),
      route("10.64.2.0/24"),
    ],
  });
  await scene.converged();
  const routes = await routesOf(its, "ipv4", 2);
  const nexthops = [{ ip: scene.node.ipv4 }];
  expect(routes["10.64.2.0/24"]).toMatchObject([{ path: "64512", metric: 0, nexthops }]);
  expect(routes["10.64.1.1/32"]).toMatchObject([{ path: "64512 64512 64512", metric: 7, nexthops }]);
  expect(await its.show("bgp ipv4 unicast 10.64.1.1/32")).toMatchObject({
    paths: [
      {
        community: { string: "64512:100 no-export" },
        largeCommunity: { string: "64512:1:2" },
        extendedCommunity: { string: expect.stringContaining("LB:64512:125000000") },
      },
    ],
  });
});

test("an IPv6 session brings IPv6 routes, from next hop to withdrawal", async () => {
  const neighbor = scene.node.ipv6;
  const its = await begin({
    neighbor,
    families: ["ipv6"],
    peer: { address: scene.routerHost.ipv6 },
    routes: [WEB6, WEB],
  });
  await scene.converged();
  expect((await routesOf(its, "ipv6", 1))["fd64::1:1/128"]).toMatchObject([{ nexthops: [{ ip: neighbor }] }]);
  await scene.ask({ type: "apply", changes: [{ type: "routeGone", id: WEB6.id }] });
  await routesOf(its, "ipv6", 0);
});

test("what a session sends is marked as the network's own (RFC 4271 appendix E)", async () => {
  await begin();
  await scene.replace({
    peers: [peer({ address: scene.routerHost.ipv4 }), peer({ name: "six", address: scene.routerHost.ipv6 })],
    routes: [WEB],
  });
  await scene.converged();
  const sockets = await scene.node.exec(["ss", "-HOtn", "--tos", "dport", "=", ":179"]);
  expect(sockets).toMatch(/10\.64\.0\.51:179.*tos:0xc0/);
});

test("a dual-stack session brings both families", async () => {
  const its = await begin({ families: ["ipv4", "ipv6"], peer: { isDualStack: true }, routes: [WEB, WEB6] });
  expect((await routesOf(its, "ipv4", 1))["10.64.1.1/32"]).toMatchObject([{ nexthops: [{ ip: scene.node.ipv4 }] }]);
  expect((await routesOf(its, "ipv6", 1))["fd64::1:1/128"]).toMatchObject([{ nexthops: [{ ip: scene.node.ipv6 }] }]);
});

test("a link-local session brings IPv4 routes with IPv6 next hops where the interface has no IPv4 address", async () => {
  const linkLocal = async (host: Host): Promise<Ip> => {
    const shown = await host.exec(["ip", "-json", "-6", "addr", "show", "dev", "lan0", "scope", "link"]);
    // Addresses of another scope are empty objects.
    const [entry] = JSON.parse(shown) as { readonly addr_info: readonly { readonly local?: Ip }[] }[];
    return entry?.addr_info.find(({ local }) => local)?.local as Ip;
  };
  const [own, its] = [await linkLocal(scene.node), await linkLocal(scene.routerHost)];
  await scene.node.exec(["ip", "addr", "del", `${scene.node.ipv4}/16`, "dev", "lan0"]);
  try {
    const router = await begin({
      neighbor: own,
      families: ["ipv4", "ipv6"],
      lines: ["N interface lan0", "N capability extended-nexthop"],
      peer: { address: undefined, interface: "lan0" },
      routes: [WEB, WEB6],
    });
    await staysDown(300);
    await scene.ask({ type: "neighbor", interface: "lan0", address: its });
    await scene.ask({ type: "neighbor", interface: "lan0", address: its });
    await scene.converged();
    // IPv4 routes have FRR's notion of the IPv6 next hop.
    expect((await routesOf(router, "ipv4", 1))["10.64.1.1/32"]).toMatchObject([{ nexthops: [{ afi: "ipv6" }, {}] }]);
    expect((await routesOf(router, "ipv6", 1))["fd64::1:1/128"]).toMatchObject([
      {
        nexthops: [
          { ip: scene.node.ipv6, scope: "global" },
          { ip: own, scope: "link-local" },
        ],
      },
    ]);
    // As soon as the interface has an IPv4 address, that is the next hop.
    await scene.node.exec(["ip", "addr", "add", `${scene.node.ipv4}/16`, "dev", "lan0"]);
    await until("the next hop has changed", async () => {
      const [path] = (await routesOf(router, "ipv4", 1))["10.64.1.1/32"] ?? [];
      return path?.nexthops[0]?.ip === scene.node.ipv4;
    });
    expect((await neighborOf(router, own)).connectionsEstablished).toBe(1);
  } finally {
    await scene.node.attempt(["ip", "addr", "add", `${scene.node.ipv4}/16`, "dev", "lan0"]);
  }
});

test("an internal session has LOCAL_PREF, and no AS in the path", async () => {
  const its = await begin({
    lines: [`N remote-as ${ROUTER_ASN}`],
    peer: { asn: ROUTER_ASN, peerAsn: "internal" },
    routes: [WEB, route("10.64.1.2/32", { localPref: 250 })],
  });
  const routes = await routesOf(its, "ipv4", 2);
  expect(routes["10.64.1.1/32"]).toMatchObject([{ path: "", locPrf: 100 }]);
  expect(routes["10.64.1.2/32"]).toMatchObject([{ path: "", locPrf: 250 }]);
});

test("a router several hops away is reached from the address that was set", async () => {
  const far = "10.99.0.1" as Ip;
  await scene.routerHost.exec(["ip", "addr", "add", `${far}/32`, "dev", "lo"]);
  await scene.node.exec(["ip", "route", "add", `${far}/32`, "via", scene.routerHost.ipv4]);
  try {
    const its = await begin({
      lines: ["N ebgp-multihop 5", "N update-source 10.99.0.1"],
      peer: { address: far, isMultiHop: true, sourceAddress: scene.node.ipv4 },
    });
    await scene.converged();
    await routesOf(its, "ipv4", 1);
  } finally {
    await scene.node.exec(["ip", "route", "del", `${far}/32`]);
    await scene.routerHost.exec(["ip", "addr", "del", `${far}/32`, "dev", "lo"]);
  }
});

test("a source address that the node does not have is no session, and says so", async () => {
  await begin({ peer: { sourceAddress: "10.64.9.9" as Ip } });
  await staysDown(500);
  expect((await scene.session())?.trouble).toContain("10.64.9.9");
});

test("a session is signed with the password; a wrong one, or none, is no session", async () => {
  const its = await begin({ lines: ["N password right"], peer: { password: "wrong" } });
  await staysDown();
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4, password: "right" })], routes: [WEB] });
  await scene.converged();
  await routesOf(its, "ipv4", 1);
  expect(scene.driver.log()).not.toMatch(/right|wrong/);
});

test("a peer with TTL security is reached with TTL security only", async () => {
  const its = await begin({ lines: ["N ttl-security hops 1"], peer: { connectRetrySeconds: 1 } });
  await staysDown();
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4, ttlSecurityHops: 1 })], routes: [WEB] });
  await scene.converged();
  await routesOf(its, "ipv4", 1);
});

test("a session is bound to the device that was set", async () => {
  await begin({ peer: { vrf: "lan0" } });
  await scene.converged();
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4, vrf: "lo" })], routes: [WEB] });
  await staysDown(1500);
});

test("a peer of another AS is refused, again and again but not in a storm", async () => {
  const its = await begin({ peer: { peerAsn: 64_999 } });
  await staysDown(4000);
  expect((await scene.session())?.trouble).toContain("badPeerAs (2/2)");
  const { connectionsDropped } = await neighborOf(its, scene.node.ipv4);
  expect(connectionsDropped).toBeLessThan(8);
});

test("accepts the connections of a router that does not listen, signed and on a port that was taken at first", async () => {
  const listen = { address: "0.0.0.0" as Ip, port: 179 };
  const squatter = scene.node.start([process.execPath, "-e", SQUATTER], { name: "squatter" });
  await until("the port is taken", async () => (await scene.node.exec(["ss", "-Htln"])).includes(":179"));
  const its = await begin({
    port: 0,
    lines: ["N password right", "N timers connect 1"],
    peer: { password: "right" },
    settings: { listen },
  });
  await staysDown(500);
  expect(scene.driver.log()).toContain("cannot listen");
  await squatter[Symbol.asyncDispose]();
  await scene.converged();
  await routesOf(its, "ipv4", 1);
});

test("two sides that call each other end up with one session", async () => {
  const listen = { address: "::" as Ip, port: 179 };
  const its = await begin({
    lines: ["N timers connect 1", "N password right"],
    peer: { password: "right" },
    settings: { listen },
  });
  await scene.converged();
  await routesOf(its, "ipv4", 1);
  await pass(2500);
  const { bgpState, connectionsEstablished } = await neighborOf(its, scene.node.ipv4);
  expect(bgpState).toBe("Established");
  expect(connectionsEstablished).toBe(1);
});
