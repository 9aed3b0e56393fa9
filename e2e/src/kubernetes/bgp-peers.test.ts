// Sessions: BGPPeers of a real API server, and routers.
import type { Pod } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BgpScene, NODES, ofPeer, on, peer, setBgpScene } from "./bgp.fixture.ts";
import { agrees, both, type FrrSession, from, LIMIT, OWN_ASN, type Router, reachedOn } from "./router.fixture.ts";
import { metallb, NAMESPACE, POOL, pods, printLogs, service } from "./scene.fixture.ts";

const FAMILIES = ["ipv4", "ipv6"] as const;
const EVERYWHERE = metallb("BGPAdvertisement", "all", {});

describe("a BGPPeer", { timeout: 120_000 }, () => {
  let scene: BgpScene;
  let web: readonly Pod[];

  beforeAll(async () => {
    scene = await setBgpScene("bgp-peers");
    web = await pods(scene.cluster, "web", NODES);
  }, 180_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(scene));
    await scene.apply(POOL, EVERYWHERE);
  });
  afterEach(() => scene.clear());

  const apply = (...objects: readonly unknown[]) => scene.apply(...objects);
  const routers = () => [scene.external, scene.internal];

  test("has its password from a Secret, which nothing shows", async () => {
    const { external, cluster } = scene;
    const password = "correct-horse-battery";
    await using _signed = await external.configured([`N password ${password}`]);
    const [ext, ext6] = scene.peers({ passwordSecret: { name: "router" } });
    await apply(ext, ext6, service("web"), {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "router", namespace: NAMESPACE } },
      ...{ type: "kubernetes.io/basic-auth", stringData: { password } },
    });
    for (const family of FAMILIES) await external.paired(NODES, family);
    await external.knows(both(10, from(NODES)));
    expect(cluster.lab.logs()).not.toContain(password);
  });

  test.each([
    ["with defaults", {}, { "remote-receive-interval": 300, "remote-transmit-interval": 300 }],
    [
      "with everything set",
      { receiveInterval: 120, transmitInterval: 110, detectMultiplier: 15, passiveMode: false, minimumTtl: 254 },
      { "remote-receive-interval": 120, "remote-transmit-interval": 110, "remote-detect-multiplier": 15 },
    ],
  ])("watches its router with BFD %s, and goes on when Services come", async (_, profile, expected) => {
    const { external } = scene;
    await apply(metallb("BFDProfile", "fast", profile), ...scene.peers({ bfdProfile: "fast" }));
    for (const router of routers()) {
      await until(
        `${router.host.name} had BFD sessions with all`,
        async () => {
          const sessions = (await router.frr.show("bfd peers")) as readonly object[];
          for (const session of sessions) expect(session).toMatchObject({ status: "up", ...expected });
          return sessions.length === 2 * NODES.length;
        },
        { timeoutMs: 60_000, everyMs: 100 },
      );
    }
    for (const address of [external.host.ipv4, external.host.ipv6]) {
      const counted = ["control_packet_input", "control_packet_output", "session_up_events", "zebra_notifications"];
      const others = ["session_down_events", "echo_packet_input", "echo_packet_output"];
      await scene.measured(
        "node1",
        ofPeer(address, "bfd_session_up", /1/),
        ...counted.map((name) => ofPeer(address, `bfd_${name}`, /[1-9]\d*/)),
        ...others.map((name) => ofPeer(address, `bfd_${name}`, /\d+/)),
      );
    }
    const falls = async () => {
      const told = await scene.herald.metrics(scene.cluster.lab.host("node1"));
      return told.split("\n").filter((line) => line.startsWith("metallb_bfd_session_down_events{"));
    };
    const before = await falls();
    await apply(service("web"));
    await scene.known(both(10, from(NODES)));
    await external.answered("10.64.1.10" as Ip, web);
    expect(await falls()).toEqual(before);
  });

  test("sends its router BFD echo packets that come back, where the profile says so", async () => {
    const { ipv4 } = scene.external.host;
    const profile = { echoMode: true, echoInterval: 60 };
    await apply(metallb("BFDProfile", "echo", profile), peer("ext", scene.external, { bfdProfile: "echo" }));
    const counted = ["input", "output"].map((way) => ofPeer(ipv4, `bfd_echo_packet_${way}`, /[1-9]\d*/));
    for (const node of NODES) await scene.measured(node, ofPeer(ipv4, "bfd_session_up", /1/), ...counted);
    const watched = ((await scene.external.frr.show("bfd peers")) as readonly FrrBfd[]).flatMap((session) =>
      session.status === "up" ? session["remote-echo-receive-interval"] : [],
    );
    expect(watched).toEqual(NODES.map(() => 60));
  });

  test("shows its router the AS number, identifier, timers, port and capability that it has", async () => {
    const { external } = scene;
    const identity = { localASN: 64_600, routerID: "192.0.2.7", peerPort: 1_179, enableGracefulRestart: true };
    const applyWith = (timers: object) => apply(...scene.peers({ ...identity, ...timers }).slice(0, 2));
    const each = async (look: (session: FrrSession) => unknown) => Object.values(await external.sessions()).map(look);
    await reachedOn(1_179, external);
    await applyWith({ holdTime: "9s", keepaliveTime: "1s" });
    for (const family of FAMILIES) await external.paired(NODES, family);
    for (const session of Object.values(await external.sessions())) {
      expect(session).toMatchObject({
        ...{ remoteAs: 64_600, remoteRouterId: "192.0.2.7", bgpTimerHoldTimeMsecs: 9_000 },
        neighborCapabilities: { gracefulRestart: "advertisedAndReceived" },
      });
    }
    // A router sends three in the hold time, and Herald hardly more, unless it is told to.
    const isMore = ({ messageStats: { keepalivesRecv, keepalivesSent } }: FrrSession) =>
      keepalivesRecv > 2 * keepalivesSent + 1;
    const areMore = async () => (await each(isMore)).every(Boolean);
    await until("all had sent more KEEPALIVEs than the router", areMore, LIMIT);

    // New timers wait for a new session, which comes by itself.
    await applyWith({ holdTime: "7s", connectTime: "1s" });
    await scene.apply(service("web"));
    await external.knows(both(10, from(NODES)));
    const life = ({ connectionsEstablished = 0, bgpTimerHoldTimeMsecs: holdMs }: FrrSession) => [
      connectionsEstablished,
      holdMs,
    ];
    const before = (await each(life)) as readonly (readonly [number, number])[];
    expect(before.map(([, holdMs]) => holdMs)).toEqual(before.map(() => 9_000));
    await external.frr.run("clear bgp *");
    const anew = before.map(([times]) => [times + 1, 7_000]);
    await agrees("the lives and hold times of sessions", anew, () => each(life));
    for (const family of FAMILIES) await external.paired(NODES, family);
  });

  test("has no session with a router of another AS than it is to be of, and finds out which one it is", async () => {
    const external = scene.peers({ peerASN: undefined, dynamicASN: "external" });
    const internal = scene.peers({ peerASN: undefined, dynamicASN: "internal" });
    await apply(...internal.slice(0, 2), ...external.slice(2), service("web"));
    for (const router of routers()) {
      for (const neighbor of scene.cluster.lab.nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]))
        await router.frr.bgpd.logged(new RegExp(`received from neighbor ${neighbor} 2/2 .*Bad Peer AS`));
      await router.paired([]);
    }
    await scene.known({});
    await apply(...external.slice(0, 2), ...internal.slice(2));
    for (const router of routers()) for (const family of FAMILIES) await router.paired(NODES, family);
    await scene.known(both(10, from(NODES)));
  });

  test("takes no routes from its router, and passes none on", async () => {
    const { external, internal, cluster } = scene;
    const networks = { ipv4: "203.0.113.0/24", ipv6: "2001:db8:77::/48" };
    await using undo = new AsyncDisposableStack();
    for (const family of FAMILIES) {
      const part = `address-family ${family} unicast`;
      undo.use(await external.configured([`network ${networks[family]}`], part));
    }
    await apply(...scene.peers(), service("web"));
    await internal.knows(both(10, from(NODES)));
    for (const node of cluster.lab.nodes) {
      for (const family of FAMILIES) {
        const name = `${external.host[family]}:179`;
        await until(`${node.name} was sent a network`, async () => {
          const sent = await external.frr.run(`show bgp ${family} unicast neighbors ${node[family]} advertised-routes`);
          return sent.includes(networks[family]);
        });
        await scene.measured(node.name, ofPeer(name, "bgp_updates_total_received", /[1-9]\d*/));
      }
      const routes = await node.exec(["sh", "-c", "ip route show table all; ip -6 route show table all"]);
      for (const network of Object.values(networks)) expect(routes).not.toContain(network);
    }
    await internal.knows(both(10, from(NODES)));
  });

  test("has a router that is several hops away, and watches it with BFD", async () => {
    const { external, internal, cluster } = scene;
    const far = "192.0.2.254" as Ip;
    await using undo = new AsyncDisposableStack();
    const address = [`${far}/32`, "dev", "lo"];
    await external.host.exec(["ip", "addr", "add", ...address]);
    undo.defer(async () => void (await external.host.exec(["ip", "addr", "del", ...address])));
    const towards = [
      [internal.host, external.host],
      ...cluster.lab.nodes.map((node) => [node, internal.host] as const),
    ] as const;
    for (const [host, next] of towards) {
      await host.exec(["ip", "route", "add", `${far}/32`, "via", next.ipv4]);
      undo.defer(async () => void (await host.exec(["ip", "route", "del", `${far}/32`])));
    }
    undo.use(await external.configured(["N ebgp-multihop 5", `N update-source ${far}`]));
    const spec = { peerAddress: far, ebgpMultiHop: true, bfdProfile: "far" };
    await apply(metallb("BFDProfile", "far", { minimumTtl: 253 }), peer("ext", external, spec), service("web"));
    await external.paired(NODES);
    await external.knows({ "10.64.1.10/32": from(NODES) });
    await scene.measured("node1", ofPeer(far, "bfd_session_up", /1/));
  });

  test("comes into force as it comes, one after another, and gets BFD, while the sessions before it stay", async () => {
    const { external } = scene;
    const [ext, ext6, int, int6] = scene.peers() as [unknown, unknown, unknown, unknown];
    await apply(service("web"));
    await scene.given("web", 2);
    const established = async () =>
      Object.entries(await external.sessions()).map(([address, facts]) => [address, facts.connectionsEstablished]);
    await apply(ext);
    await external.paired(NODES, "ipv4");
    await external.knows({ "10.64.1.10/32": from(NODES) });
    await apply(ext6);
    await external.paired(NODES, "ipv6");
    await external.knows(both(10, from(NODES)));
    const before = await established();
    await apply(int, int6);
    await scene.known(both(10, from(NODES)));
    await apply(metallb("BFDProfile", "fast", { receiveInterval: 200 }), ...scene.peers({ bfdProfile: "fast" }));
    await scene.measured("node2", ofPeer(external.host.ipv6, "bfd_session_up", /1/));
    await external.answered("fd64::1:10" as Ip, web);
    expect(await established()).toEqual(before);
  });

  test.each([
    ["ipv4", ["ipv4"]],
    ["ipv6", ["ipv6"]],
    ["each of both", FAMILIES],
  ] as const)("of dualStackAddressFamily carries both families over %s, with all attributes", async (_, families) => {
    const { external, internal } = scene;
    const dual = (name: string, router: Router) =>
      families.map((family) =>
        peer(`${name}-${family}`, router, { peerAddress: router.host[family], dualStackAddressFamily: true }),
      );
    const single = (ipFamily: string) => service("web", { ipFamilyPolicy: "SingleStack", ipFamilies: [ipFamily] });
    const attributes = { communities: ["64512:7"], localPref: 300 };
    await apply(
      ...dual("ext", external),
      ...dual("int", internal),
      metallb("BGPAdvertisement", "all", attributes),
      service("web"),
    );
    await external.knows(both(10, from(NODES, "64512:7")));
    await internal.knows(both(10, from(NODES, "64512:7 pref 300")));
    for (const prefix of Object.keys(both(10, {}))) await external.forwards(prefix, NODES);
    for (const [ipFamily, prefix] of [
      ["IPv4", "10.64.1.10/32"],
      ["IPv6", "fd64::1:10/128"],
    ] as const) {
      await scene.remove(service("web"));
      await scene.known({});
      await apply(single(ipFamily));
      await external.knows({ [prefix]: from(NODES, "64512:7") });
    }
  });

  test("has sessions with the nodes that it selects, and moves them", async () => {
    const { external, internal } = scene;
    await apply(service("web"));
    for (const [outside, inside] of [
      [["node1"], ["node2", "node3"]],
      [["node1", "node2"], ["node3"]],
      [["node2"], [...NODES]],
    ] as const) {
      await apply(peer("ext", external, on(...outside)), peer("int", internal, on(...inside)));
      await external.paired(outside);
      await internal.paired(inside);
      await external.knows({ "10.64.1.10/32": from(outside) });
      await internal.knows({ "10.64.1.10/32": from(inside) });
      const names = (node: never) => [
        ...(outside.includes(node) ? ["ext"] : []),
        ...(inside.includes(node) ? ["int"] : []),
      ];
      await scene.shows("web", Object.fromEntries(NODES.map((node) => [node, names(node as never)])));
    }
  });

  test("may be of another AS on each node", async () => {
    const { external, cluster } = scene;
    const numbers = NODES.map((node, i) => [node, OWN_ASN + 100 + i] as const);
    await apply(
      ...numbers.map(([node, myASN]) => peer(`of-${node}`, external, { myASN, ...on(node) })),
      service("web"),
    );
    await external.paired(NODES);
    await external.knows({ "10.64.1.10/32": from(NODES) });
    const sessions = await external.sessions();
    expect(NODES.map((node) => [node, sessions[cluster.lab.host(node).ipv4]?.remoteAs])).toEqual(numbers);
  });
});

interface FrrBfd {
  readonly status: string;
  readonly "remote-echo-receive-interval": number;
}
