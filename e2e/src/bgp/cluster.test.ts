// From manifests to a router's table, with everything in between.
import { manifests, pass, serviceManifest, until } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createSite, endpoints, ROUTER_ASN, type Site, SPEAKER_ASN } from "./cluster.fixture.ts";

const NODES = ["node1", "node2", "node3"];
const PEER = { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN };
let site: Site;

beforeAll(async () => {
  site = await createSite({ name: "bgp" });
  const router = site.router;
  site.write("pool.yaml", ["IPAddressPool", "main", { addresses: ["10.64.1.0/24", "fd64::1:0/120"] }]);
  site.write("advertisement.yaml", ["BGPAdvertisement", "main", {}]);
  site.write("peers.yaml", ["BGPPeer", "router", { ...PEER, peerAddress: router.ipv4 }]);
  site.write("peers6.yaml", ["BGPPeer", "router6", { ...PEER, peerAddress: router.ipv6 }]);
  site.herald.write("web.yaml", manifests(serviceManifest({ name: "web" }), endpoints("web", NODES)));
}, 120_000);

afterAll(async () => {
  await site?.[Symbol.asyncDispose]();
});

afterEach(({ task }) => {
  if (task.result?.state === "fail") process.stderr.write(`${site.lab.logs()}\n`);
});

/** The Service's prefixes, IPv4 first. */
async function prefixes(service: string): Promise<readonly [string, string]> {
  const [v4, v6] = await site.herald.given(service, 2);
  return [`${v4}/32`, `${v6}/128`];
}

test("a Service's addresses are routed to all nodes, over IPv4 and IPv6", async () => {
  for (const prefix of await prefixes("web")) await site.routed(prefix, NODES);
  await until("the router forwards to all three", async () => {
    const { stdout } = await site.router.attempt(["ip", "route", "show", "proto", "bgp"]);
    return stdout.match(/nexthop via/g)?.length === NODES.length;
  });
});

test("that no L2Advertisement reaches it is nothing to warn of; that no endpoint serves it is", async () => {
  const log = () => site.herald.controller().log();
  expect(log()).not.toContain("nobody may announce");
  site.herald.write("web.yaml", manifests(serviceManifest({ name: "web" }), endpoints("web", [])));
  for (const prefix of await prefixes("web")) await site.routed(prefix, []);
  await site.herald.controller().logged(/"noEndpoints".*"nobody may announce"/);
  site.herald.write("web.yaml", manifests(serviceManifest({ name: "web" }), endpoints("web", NODES)));
  for (const prefix of await prefixes("web")) await site.routed(prefix, NODES);
  expect(log()).toContain("may be announced again");
});

test("with policy Local only from nodes that have an endpoint, which move with it", async () => {
  const local = serviceManifest({ name: "local", trafficPolicy: "Local" });
  site.herald.write("local.yaml", manifests(local, endpoints("local", ["node2"])));
  const [v4, v6] = await prefixes("local");
  await site.routed(v4, ["node2"]);
  await site.routed(v6, ["node2"]);
  site.herald.write("local.yaml", manifests(local, endpoints("local", ["node1", "node3"])));
  await site.routed(v4, ["node1", "node3"]);
  site.herald.remove("local.yaml");
  await site.routed(v4, []);
  await site.routed(v6, []);
});

test("attributes of advertisements and annotations reach the router", async () => {
  const spec = { communities: ["64512:7", "large:64512:1:2"], aggregationLength: 28, aggregationLengthV6: 120 };
  site.write("advertisement.yaml", [
    "BGPAdvertisement",
    "main",
    spec,
    { "heraldlb.io/as-path-prepend": "2", "heraldlb.io/med": "30" },
  ]);
  await site.routed("10.64.1.0/28", NODES);
  const { paths = [] } = (await site.frr.show("bgp ipv4 unicast 10.64.1.0/28")) as {
    readonly paths?: readonly { readonly metric?: number; readonly aspath?: { readonly string: string } }[];
  };
  expect(paths[0]).toMatchObject({
    metric: 30,
    aspath: { string: "64512 64512 64512" },
    community: { string: "64512:7" },
    largeCommunity: { string: "64512:1:2" },
  });
  site.write("advertisement.yaml", ["BGPAdvertisement", "main", {}]);
  const [v4] = await prefixes("web");
  await site.routed(v4, NODES);
  await site.routed("10.64.1.0/28", []);
});

test("a change that does not need it resets no session", async () => {
  const before = await site.establishments();
  const router = site.router;
  site.write("peers.yaml", ["BGPPeer", "router", { ...PEER, peerAddress: router.ipv4, connectTime: "7s" }]);
  site.herald.write("more.yaml", manifests(serviceManifest({ name: "more" }), endpoints("more", NODES)));
  const [v4] = await prefixes("more");
  await site.routed(v4, NODES);
  site.herald.remove("more.yaml");
  await site.routed(v4, []);
  expect(await site.establishments()).toEqual(before);
});

test("a router with a password is spoken to with that of a Secret, which no log shows", async () => {
  const router = site.router;
  const password = "correct-horse-battery";
  const nodes = site.lab.nodes.map(({ ipv4 }) => ipv4);
  const configure = (line: (address: string) => string) =>
    site.frr.run("configure terminal", `router bgp ${ROUTER_ASN}`, ...nodes.map(line));
  const before = await site.establishments();
  const begunAnew = async (times: number) => {
    const now = await site.establishments();
    return nodes.every((address) => (now[address] ?? 0) >= (before[address] ?? 0) + times);
  };
  await configure((address) => `neighbor ${address} password ${password}`);
  const secret = {
    ...{ apiVersion: "v1", kind: "Secret", type: "kubernetes.io/basic-auth" },
    stringData: { password },
  };
  site.herald.write(
    "secret.yaml",
    JSON.stringify({ ...secret, metadata: { name: "router", namespace: "metallb-system" } }),
  );
  site.write("peers.yaml", [
    "BGPPeer",
    "router",
    { ...PEER, peerAddress: router.ipv4, passwordSecret: { name: "router" } },
  ]);
  await until("the sessions came up with the password", () => begunAnew(1), { timeoutMs: 60_000 });
  const [v4] = await prefixes("web");
  await site.routed(v4, NODES);
  expect(site.lab.logs()).not.toContain(password);
  await configure((address) => `no neighbor ${address} password`);
  site.write("peers.yaml", ["BGPPeer", "router", { ...PEER, peerAddress: router.ipv4 }]);
  await until("the sessions came up without it", () => begunAnew(2), { timeoutMs: 60_000 });
  await site.routed(v4, NODES);
});

test("a controller that is started again sends routers nothing", async () => {
  const heard = async () => {
    const neighbors = Object.entries(await site.neighbors());
    return neighbors.map(([address, facts]) => [
      address,
      facts.connectionsEstablished,
      facts.messageStats?.updatesRecv,
    ]);
  };
  const before = await heard();
  site.herald.controller().kill("SIGKILL");
  await site.herald.controller().exited;
  await site.herald.startController();
  // Whatever it makes of the source has come to the speakers by the time that this has.
  site.herald.write("more.yaml", manifests(serviceManifest({ name: "more" }), endpoints("more", [])));
  await site.herald.given("more", 2);
  await pass(1_000);
  site.herald.remove("more.yaml");
  expect(await heard()).toEqual(before);
});

test("a node that the selectors of a router leave out ends its session, and begins another when they take it in", async () => {
  const { ipv4 } = site.router;
  const [v4] = await prefixes("web");
  const nodeSelectors = [
    { matchExpressions: [{ key: "kubernetes.io/hostname", operator: "NotIn", values: ["node3"] }] },
  ];
  site.write("peers.yaml", ["BGPPeer", "router", { ...PEER, peerAddress: ipv4, nodeSelectors }]);
  await site.routed(v4, ["node1", "node2"]);
  const { bgpState, lastNotificationReason } = (await site.neighbors())[site.lab.host("node3").ipv4] ?? {};
  expect(bgpState).not.toBe("Established");
  expect(lastNotificationReason).toBe("Cease/Peer De-configured");
  site.write("peers.yaml", ["BGPPeer", "router", { ...PEER, peerAddress: ipv4 }]);
  await site.routed(v4, NODES);
});

test("without a controller a restarted speaker goes on announcing", async () => {
  const [v4] = await prefixes("web");
  const [node] = site.lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  await site.herald.controller().stop();
  await site.herald.speaker(node).stop();
  await site.routed(v4, ["node2", "node3"]);
  site.herald.startSpeaker(node);
  await site.routed(v4, NODES);
  await site.herald.startController();
  await site.routed(v4, NODES);
});

test("a dead node's routes go with its session, and come back with it", async () => {
  const [v4] = await prefixes("web");
  const [node] = site.lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  site.herald.speaker(node).kill("SIGKILL");
  await site.routed(v4, ["node2", "node3"]);
  site.herald.startSpeaker(node);
  await site.routed(v4, NODES, 30_000);
});
