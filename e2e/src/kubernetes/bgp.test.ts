// Services: whole processes, a real API server and kube-proxy on one side, routers on the other.
import { MERGE_PATCH, type Pod } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import { type Ip, isIpv4 } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BgpScene, NODES, ofPeer, setBgpScene } from "./bgp.fixture.ts";
import { agrees, both, from, type Table } from "./router.fixture.ts";
import { metallb, POOL, pods, printLogs, service } from "./scene.fixture.ts";

const EVERYWHERE = metallb("BGPAdvertisement", "all", {});
const WEB = { selector: { app: "web" } };

const COUNTED = ["updates_total", "updates_total_received"].concat(
  ["opens", "keepalives", "total"].flatMap((name) => [`${name}_sent`, `${name}_received`]),
);
const prefixOf = (address: Ip): string => `${address}/${isIpv4(address) ? 32 : 128}`;
const announced = (addresses: readonly Ip[], nodes: readonly string[] = NODES): Table =>
  Object.fromEntries(addresses.map((address) => [prefixOf(address), from(nodes)]));

describe("by BGP, a Service", { timeout: 120_000 }, () => {
  let scene: BgpScene;
  let web: readonly Pod[];

  beforeAll(async () => {
    scene = await setBgpScene("bgp-cluster");
    web = await pods(scene.cluster, "web", NODES);
    await scene.pair();
  }, 180_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(scene));
    await scene.apply(POOL, EVERYWHERE);
  });
  afterEach(() => scene.clear({ keep: ["BGPPeer"] }));

  const apply = (...objects: readonly unknown[]) => scene.apply(...objects);
  const routers = () => [scene.external, scene.internal];

  test.each([
    ["IPv4", ["IPv4"], undefined],
    ["IPv6", ["IPv6"], undefined],
    ["both families", ["IPv4", "IPv6"], undefined],
    ["an IPv4 address that it asks for", ["IPv4"], "10.64.1.50"],
    ["addresses of both families that it asks for", ["IPv4", "IPv6"], "10.64.1.50,fd64::1:50"],
  ])("of policy Cluster with %s is routed to all nodes, and answers", async (_, ipFamilies, asked) => {
    const ipFamilyPolicy = ipFamilies.length > 1 ? "RequireDualStack" : "SingleStack";
    const annotations = asked === undefined ? {} : { "metallb.io/loadBalancerIPs": asked };
    await apply(service("web", { ipFamilies, ipFamilyPolicy }, { annotations }));
    const addresses = await scene.given("web", ipFamilies.length);
    if (asked !== undefined) expect(addresses).toEqual(asked.split(","));
    await scene.known(announced(addresses));
    for (const router of routers()) {
      for (const address of addresses) {
        await router.forwards(prefixOf(address), NODES);
        await router.answered(address, web);
      }
    }
  });

  test("whose routers are all away says so, which sessions it lacks, and no more when one is back", async () => {
    const { external, internal, cluster } = scene;
    const said = async () => {
      const { status } = (await cluster.request("GET", "/api/v1/namespaces/default/services/web")) as ShownService;
      return (status.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
    };
    await apply(service("web"));
    await scene.known(both(10, from(NODES)));
    await using _external = await external.configured(["N shutdown"]);
    {
      await using _internal = await internal.configured(["N shutdown"]);
      await agrees("conditions of web", ["heraldlb.io/NotAnnounced noSession"], said);
      await scene.told("web", /^notAnnounced .* \(BGPPeers ext, ext6, int, …; nodes node1, node2, node3\)/);
      await scene.measured("controller1", 'herald_services_not_announced{reason="noSession"} 1');
    }
    await agrees("conditions of web", [], said);
    await scene.measured("controller1", /^(?![\s\S]*\nherald_services_not_announced\{)/);
    await scene.known({}, both(10, from(NODES)));
  });

  test("of both families for one of which no session is up says so, and names its address", async () => {
    const { external, internal, cluster } = scene;
    const sessions = cluster.lab.nodes.map(({ ipv6 }) => `neighbor ${ipv6} shutdown`);
    await apply(service("web"));
    await scene.known(both(10, from(NODES)));
    await using _external = await external.configured(sessions);
    await using _internal = await internal.configured(sessions);
    await scene.known({ "10.64.1.10/32": from(NODES) });
    await scene.told(
      "web",
      /^notAnnounced no node announces fd64::1:10 of "default\/web" .* \(BGPPeers ext6, int6; nodes/,
    );
    await scene.measured("controller1", 'herald_services_not_announced{reason="noSession"} 1');
  });

  test("of policy Local is routed to nodes with an endpoint, which come and go", async () => {
    const { cluster, given } = scene;
    const podOn = async (node: string) => {
      const labels = { app: "local" };
      return await cluster.createPod({ name: `local-${node}`, node: cluster.lab.host(node), labels });
    };
    await apply(service("local", { externalTrafficPolicy: "Local" }));
    const first = await podOn("node1");
    const addresses = await given("local", 2);
    await scene.known(announced(addresses, ["node1"]));
    for (const address of addresses) await scene.external.answered(address, [first]);
    const second = await podOn("node3");
    await scene.known(announced(addresses, ["node1", "node3"]));
    await cluster.deletePod(first);
    await scene.known(announced(addresses, ["node3"]));
    for (const address of addresses) await scene.external.answered(address, [second]);
    await cluster.deletePod(second);
    await scene.known({});
    await scene.shows("local", {});
  });

  test("is withdrawn from a node whose last ready endpoint is ready no more, and everywhere when none is", async () => {
    const { cluster } = scene;
    await apply(service("web", { externalTrafficPolicy: "Local" }));
    const addresses = await scene.given("web", 2);
    await scene.known(announced(addresses));
    const [first, ...others] = web as [Pod, ...Pod[]];
    await cluster.setReady(first, false);
    await scene.known(announced(addresses, ["node2", "node3"]));
    await apply(service("web", { externalTrafficPolicy: "Cluster" }));
    await scene.known(announced(addresses));
    for (const pod of others) await cluster.setReady(pod, false);
    await scene.known({});
    await scene.shows("web", {});
    for (const pod of web) await cluster.setReady(pod, true);
    await scene.known(announced(addresses));
  });

  test.each([
    [
      "whose network is unavailable",
      async (is: boolean) => {
        const conditions = [
          { type: "Ready", status: "True" },
          { type: "NetworkUnavailable", status: is ? "True" : "False" },
        ];
        const options = { body: { status: { conditions } }, contentType: MERGE_PATCH };
        await scene.cluster.request("PATCH", "/api/v1/nodes/node2/status", options);
      },
    ],
    [
      "with the label that excludes it",
      (is: boolean) => {
        const label = "node.kubernetes.io/exclude-from-external-load-balancers";
        return scene.label("Node", "node2", { [label]: is ? "" : null });
      },
    ],
  ])("is not announced by a node %s", async (_, set) => {
    await apply(service("web"));
    const addresses = await scene.given("web", 2);
    await scene.known(announced(addresses));
    await set(true);
    await scene.known(announced(addresses, ["node1", "node3"]));
    await scene.external.paired(NODES);
    await set(false);
    await scene.known(announced(addresses));
  });

  test("shares its addresses with another one that has other ports, and keeps them when that is gone", async () => {
    const annotations = {
      "metallb.io/allow-shared-ip": "key",
      "metallb.io/loadBalancerIPs": "10.64.1.60,fd64::1:60",
    };
    const sharing = (name: string, port: number) =>
      service(name, { ...WEB, ports: [{ port, targetPort: 8080, protocol: "TCP" }] }, { annotations });
    await apply(sharing("one", 80), sharing("two", 81));
    const addresses = await scene.given("one", 2);
    expect(await scene.given("two", 2)).toEqual(addresses);
    await scene.known(announced(addresses));
    for (const port of [80, 81]) for (const address of addresses) await scene.external.answered(address, web, port);
    await scene.remove(sharing("one", 80));
    await scene.shows("one", {});
    for (const address of addresses) await scene.external.answered(address, web, 81);
    await scene.known(announced(addresses));
  });

  test.each([
    ["ranges", ["10.64.1.200-10.64.1.203", "fd64::1:200-fd64::1:203"]],
    ["prefixes", ["10.64.1.200/30", "fd64::1:200/126"]],
  ])("has addresses of a pool that is written as %s", async (_, addresses) => {
    await scene.remove(POOL);
    await apply(metallb("IPAddressPool", "other", { addresses }), service("web"));
    expect(await scene.given("web", 2)).toEqual(["10.64.1.200", "fd64::1:200"]);
    await scene.known(both(200, from(NODES)));
  });

  test("is announced by BGP and by layer 2 at once", async () => {
    const { cluster, external, given } = scene;
    await apply(metallb("L2Advertisement", "all", {}), service("web"));
    const addresses = await given("web", 2);
    await scene.known(announced(addresses));
    for (const address of addresses) {
      const found = await until(
        `one node answers for ${address}`,
        async () => {
          const macs = await external.host.resolve(address);
          return macs.length === 1 && cluster.lab.nodes.find(({ mac }) => mac === macs[0]);
        },
        { timeoutMs: 60_000 },
      );
      await scene.measured(found.name, announcedSeries("layer2", found.name, address));
      await external.answered(address, web);
    }
    await scene.known(announced(addresses));
  });

  test("counts in the measures that MetalLB has, and a wrong object does", async () => {
    const peerLabels = `{peer="${scene.external.host.ipv4}:179",vrf=""}`;
    await apply(service("web"));
    await scene.known(both(10, from(NODES)));
    await scene.measured(
      "controller1",
      ...[
        ["", 228, 2],
        ["ipv4_", 90, 1],
        ["ipv6_", 138, 1],
      ].flatMap(([family, total, used]) => [
        `metallb_allocator_${family}addresses_total{pool="lab"} ${total}`,
        `metallb_allocator_${family}addresses_in_use_total{pool="lab"} ${used}`,
      ]),
      "metallb_k8s_client_config_loaded_bool 1",
      "metallb_k8s_client_config_stale_bool 0",
      /^metallb_k8s_client_updates_total [1-9]/m,
      "metallb_k8s_client_update_errors_total 0",
    );
    await scene.measured(
      "node1",
      `metallb_bgp_session_up${peerLabels} 1`,
      `metallb_bgp_announced_prefixes_total${peerLabels} 1`,
      `metallb_bgp_pending_prefixes_total${peerLabels} 1`,
      ...(await scene.given("web", 2)).map((address) => announcedSeries("bgp", "node1", address)),
      ...[`${scene.external.host.ipv4}:179`, `${scene.external.host.ipv6}:179`].flatMap((router) => [
        ofPeer(router, "bgp_session_up", /1/),
        ofPeer(router, "bgp_announced_prefixes_total", /1/),
        ...COUNTED.map((name) => ofPeer(router, `bgp_${name}`, /[1-9]\d*/)),
        ...["notifications_sent", "route_refresh_sent"].map((name) => ofPeer(router, `bgp_${name}`, /0/)),
      ]),
    );
    await apply(metallb("BGPAdvertisement", "wrong", { communities: ["99999999:1"] }));
    await scene.measured("controller1", "metallb_k8s_client_config_stale_bool 1");
    await scene.known(both(10, from(NODES)));
    await scene.remove(metallb("BGPAdvertisement", "wrong", {}), service("web"));
    await scene.measured("controller1", "metallb_k8s_client_config_stale_bool 0");
    await scene.measured(
      "node1",
      `metallb_bgp_announced_prefixes_total${peerLabels} 0`,
      /^(?![\s\S]*\nmetallb_speaker_announced\{)/,
    );
  });
});

interface ShownService {
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] };
}

/** The series that says that a node announces an address of the Service `web`. */
function announcedSeries(protocol: "bgp" | "layer2", node: string, address: string): string {
  return `metallb_speaker_announced{service="default/web",protocol="${protocol}",node="${node}",ip="${address}"} 1`;
}
