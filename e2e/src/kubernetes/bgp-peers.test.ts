// Sessions: BGPPeers of a real API server, and routers.
import type { Pod } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BgpScene, NODES, on, peer, setBgpScene } from "./bgp.fixture.ts";
import { both, from, OTHER_ASN, OWN_ASN, type Router } from "./router.fixture.ts";
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
    const configure = (line: string) =>
      external.frr.run(
        ...["configure terminal", `router bgp ${OTHER_ASN}`],
        ...cluster.lab.nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).map((address) => line.replace("N", address)),
      );
    await configure(`neighbor N password ${password}`);
    const [ext, ext6] = scene.peers({ passwordSecret: { name: "router" } });
    await apply(ext, ext6, service("web"), {
      ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "router", namespace: NAMESPACE } },
      ...{ type: "kubernetes.io/basic-auth", stringData: { password } },
    });
    for (const family of FAMILIES) await external.paired(NODES, family);
    await external.knows(both(10, from(NODES)));
    expect(cluster.lab.logs()).not.toContain(password);
    await configure("no neighbor N password");
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
    await scene.measured("node1", `metallb_bfd_session_up{peer="${external.host.ipv4}",vrf="default"} 1`);
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
    await scene.measured("node2", `metallb_bfd_session_up{peer="${external.host.ipv6}",vrf="default"} 1`);
    await external.answered("fd64::1:10" as Ip, web);
    expect(await established()).toEqual(before);
  });

  test.each(FAMILIES)(
    "of dualStackAddressFamily carries both families over %s, with all attributes",
    async (family) => {
      const { external, internal } = scene;
      const dual = (name: string, router: Router) =>
        peer(name, router, { peerAddress: router.host[family], dualStackAddressFamily: true });
      const single = (ipFamily: string) => service("web", { ipFamilyPolicy: "SingleStack", ipFamilies: [ipFamily] });
      const attributes = { communities: ["64512:7"], localPref: 300 };
      await apply(
        dual("ext", external),
        dual("int", internal),
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
    },
  );

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
