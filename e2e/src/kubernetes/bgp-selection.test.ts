// What a router is told, of which Service, by which node: BGPAdvertisements, their selectors and their attributes. Every
// Service has an address of each family, and every router a session over each.
import { pass } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BgpScene, NODES, on, setBgpScene } from "./bgp.fixture.ts";
import { both, from, type Table } from "./router.fixture.ts";
import { metallb, pods, printLogs, service } from "./scene.fixture.ts";

const PEERS = ["ext", "ext6", "int", "int6"];
const RANGES = { red: ["10.64.1.0/25", "fd64::1:0/120"], blue: ["10.64.1.128/25", "fd64::1:100/120"] };
const POOLS = Object.entries(RANGES).map(([name, addresses]) => metallb("IPAddressPool", name, { addresses }));
const LENGTHS = { aggregationLength: 25, aggregationLengthV6: 120 };
const WEB = { selector: { app: "web" } };

const advertisement = (name: string, spec: object = {}): unknown => metallb("BGPAdvertisement", name, spec);
const labelled = (...teams: readonly string[]): object => ({
  serviceSelectors: teams.map((team) => ({ matchLabels: { team } })),
});
const asking = (addresses: string): object => ({ annotations: { "metallb.io/loadBalancerIPs": addresses } });
const red = (labels: object = {}): unknown => service("red", WEB, { labels, ...asking("10.64.1.10,fd64::1:10") });
const blue = (labels: object = {}): unknown => service("blue", WEB, { labels, ...asking("10.64.1.130,fd64::1:130") });
/** What contains the addresses of a pool, from all nodes. */
const around = (pool: keyof typeof RANGES, attributes = ""): Table =>
  Object.fromEntries(RANGES[pool].map((prefix) => [prefix, from(NODES, attributes)]));

describe("BGPAdvertisements", { timeout: 120_000 }, () => {
  let scene: BgpScene;

  beforeAll(async () => {
    scene = await setBgpScene("bgp-selection", { kubeProxy: "none" });
    await pods(scene.cluster, "web", NODES);
    await scene.pair();
  }, 180_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(scene));
    await scene.apply(...POOLS);
  });
  afterEach(() => scene.clear({ keep: ["BGPPeer"] }));

  const apply = (...objects: readonly unknown[]) => scene.apply(...objects);
  const known: BgpScene["known"] = (...tables) => scene.known(...tables);
  const allShown = (peers: readonly string[], nodes: readonly string[] = NODES) =>
    Object.fromEntries(nodes.map((node) => [node, peers]));

  describe("with attributes", () => {
    test.each([
      [
        "communities and a local preference",
        { communities: ["65535:65282", "64512:7"], localPref: 50 },
        "64512:7 noAdvertise",
        50,
      ],
      [
        "large communities and a local preference",
        { communities: ["large:1:2:4294967295"], localPref: 50 },
        "large:1:2:4294967295",
        50,
      ],
      ["a local preference", { localPref: 300 }, "", 300],
      ["communities", { communities: ["64512:7", "large:1:2:3"] }, "64512:7 large:1:2:3", 100],
      ["a community by its name", { communities: ["vpn", "64512:7"] }, "64512:3 64512:7", 100],
    ])("%s: communities reach every router, local preferences the internal one", async (...row) => {
      const [, spec, communities, preference] = row;
      const pref = preference === 100 ? [] : [`pref ${preference}`];
      await apply(
        metallb("Community", "names", { communities: [{ name: "vpn", value: "64512:3" }] }),
        advertisement("a", spec),
        red(),
      );
      const inside = [communities, ...pref].filter((part) => part !== "").join(" ");
      await known(both(10, from(NODES, communities)), both(10, from(NODES, inside)));
    });

    test("they belong to the pools that the advertisement selects", async () => {
      const pools = { ipAddressPoolSelectors: [{ matchLabels: { color: "blue" } }] };
      await apply(advertisement("a", { communities: ["64512:7"], localPref: 300, ...pools }), red(), blue());
      await scene.label("IPAddressPool", "blue", { color: "blue" });
      await known(both(130, from(NODES, "64512:7")), both(130, from(NODES, "64512:7 pref 300")));
      await scene.label("IPAddressPool", "blue", { color: null });
      await scene.label("IPAddressPool", "red", { color: "blue" });
      await known(both(10, from(NODES, "64512:7")), both(10, from(NODES, "64512:7 pref 300")));
    });

    test("of all advertisements of a prefix communities come together", async () => {
      await apply(
        advertisement("a", { communities: ["64512:1"] }),
        advertisement("b", { communities: ["64512:2"] }),
        red(),
      );
      await known(both(10, from(NODES, "64512:1 64512:2")));
      await scene.remove(advertisement("a"));
      await known(both(10, from(NODES, "64512:2")));
    });

    test("are replaced by others, and addresses by what contains them, until their Services are gone", async () => {
      await apply(advertisement("a", { communities: ["64512:1"], localPref: 50 }), red(), blue());
      const specifics = (attributes: string): Table => ({
        ...both(10, from(NODES, attributes)),
        ...both(130, from(NODES, attributes)),
      });
      await known(specifics("64512:1"), specifics("64512:1 pref 50"));
      await apply(advertisement("a", { communities: ["64512:2"], localPref: 150 }));
      await known(specifics("64512:2"), specifics("64512:2 pref 150"));
      await apply(advertisement("a", { communities: ["64512:2"], localPref: 150, ...LENGTHS }));
      const inside = "64512:2 pref 150";
      await known(
        { ...around("red", "64512:2"), ...around("blue", "64512:2") },
        { ...around("red", inside), ...around("blue", inside) },
      );
      await scene.remove(red());
      await known(around("blue", "64512:2"), around("blue", inside));
      await scene.shows("red", {});
      await scene.remove(blue());
      await known({});
    });
  });

  describe("for some BGPPeers", () => {
    test("reach no others, whose ServiceBGPStatuses follow", async () => {
      await apply(advertisement("a", { peers: ["ext", "ext6"] }), red());
      await known(both(10, from(NODES)), {});
      await scene.shows("red", allShown(["ext", "ext6"]));
      await apply(advertisement("a", { peers: ["int"] }));
      await known({}, { "10.64.1.10/32": from(NODES) });
      await scene.shows("red", allShown(["int"]));
      await apply(advertisement("a", { peers: ["int6"], ...on("node2", "node3") }));
      await known({}, { "fd64::1:10/128": from(["node2", "node3"]) });
      await scene.shows("red", allShown(["int6"], ["node2", "node3"]));
      await apply(advertisement("a"));
      await known(both(10, from(NODES)));
      await scene.shows("red", allShown(PEERS));
      await scene.remove(red());
      await known({});
      await scene.shows("red", {});
    });

    test("of two, each router hears its own", async () => {
      await apply(
        advertisement("a", { peers: ["ext", "ext6"], communities: ["64512:1"] }),
        advertisement("b", { peers: ["int", "int6"], communities: ["64512:2"] }),
        red(),
      );
      await known(both(10, from(NODES, "64512:1")), both(10, from(NODES, "64512:2")));
      await scene.shows("red", allShown(PEERS));
    });
  });

  describe("for some nodes", () => {
    test.each([
      [["node1"], ["node2", "node3"]],
      [
        ["node1", "node2"],
        ["node2", "node3"],
      ],
      [[...NODES], ["node2"]],
      [["node3"], []],
    ])("two Services are announced by %j and by %j", async (first, second) => {
      await apply(
        advertisement("a", { ipAddressPools: ["red"], ...on(...first) }),
        advertisement("b", { ipAddressPools: ["blue"], ...on(...(second.length > 0 ? second : ["elsewhere"])) }),
        ...[red(), blue()],
      );
      await known({ ...both(10, from(first)), ...(second.length > 0 ? both(130, from(second)) : {}) });
      await scene.shows("red", allShown(PEERS, first));
      await scene.shows("blue", allShown(PEERS, second));
    });

    test.each([
      [["node1"], ["node2"]],
      [
        ["node1", "node2"],
        ["node2", "node3"],
      ],
      [[...NODES], [...NODES]],
      [["node1", "node3"], []],
    ])(
      "two for one Service, for %j and for %j, come together, each node with the communities of its own",
      async (...row) => {
        const [first, second] = row;
        await apply(
          advertisement("a", { communities: ["64512:1"], ...on(...first) }),
          advertisement("b", { communities: ["64512:2"], ...on(...(second.length > 0 ? second : ["elsewhere"])) }),
          red(),
        );
        const nodes = NODES.filter((node) => [...first, ...second].includes(node));
        const communities = (node: string) => [
          ...(first.includes(node) ? ["64512:1"] : []),
          ...(second.includes(node) ? ["64512:2"] : []),
        ];
        await known(both(10, Object.fromEntries(nodes.map((node) => [node, communities(node).join(" ")]))));
      },
    );

    test("a node that is labelled anew begins to announce, and ceases", async () => {
      await apply(advertisement("a", { nodeSelectors: [{ matchLabels: { edge: "yes" } }] }), red());
      await known({});
      await scene.label("Node", "node2", { edge: "yes" });
      await known(both(10, from(["node2"])));
      await scene.label("Node", "node3", { edge: "yes" });
      await known(both(10, from(["node2", "node3"])));
      await scene.label("Node", "node2", { edge: null });
      await scene.label("Node", "node3", { edge: null });
      await known({});
    });

    test("that are no more, the one Service is withdrawn and the other one is not touched", async () => {
      await apply(
        advertisement("a", { ipAddressPools: ["red"], ...on("node1") }),
        advertisement("b", { ipAddressPools: ["blue"], ...on("node1") }),
        ...[red(), blue()],
      );
      await known({ ...both(10, from(["node1"])), ...both(130, from(["node1"])) });
      await using changes = scene.external.host.start(["ip", "monitor", "route"], { name: "route-changes" });
      await pass(200);
      await apply(advertisement("a", { ipAddressPools: ["red"], ...on("elsewhere") }));
      await known(both(130, from(["node1"])));
      await changes.logged(/Deleted 10\.64\.1\.10 /);
      expect(changes.log()).not.toContain("10.64.1.130 ");
    });
  });

  describe("for some Services", () => {
    test("announce those that both their pools and their labels select", async () => {
      await apply(advertisement("a", { ipAddressPools: ["red"], ...labelled("a") }), red(), blue({ team: "a" }));
      await scene.given("blue", 2);
      await scene.given("red", 2);
      await known({});
      await apply(red({ team: "a" }));
      await known(both(10, from(NODES)));
    });

    test("need one of their selectors to match", async () => {
      await apply(advertisement("a", labelled("a", "b")), red({ team: "a" }), blue({ team: "b" }));
      await known({ ...both(10, from(NODES)), ...both(130, from(NODES)) });
      await apply(blue({ team: "c" }));
      await known(both(10, from(NODES)));
    });

    test("follow a change of their selectors", async () => {
      await apply(advertisement("a", labelled("a")), red({ team: "a" }), blue({ team: "b" }));
      await known(both(10, from(NODES)));
      await apply(advertisement("a", labelled("b")));
      await known(both(130, from(NODES)));
      await apply(advertisement("a"));
      await known({ ...both(10, from(NODES)), ...both(130, from(NODES)) });
    });

    test("follow a change of a Service's labels", async () => {
      await apply(advertisement("a", labelled("a")), red({ team: "b" }));
      await scene.given("red", 2);
      await known({});
      await apply(red({ team: "a" }));
      await known(both(10, from(NODES)));
      await scene.shows("red", allShown(PEERS));
      await apply(red({ team: "b" }));
      await known({});
      await scene.shows("red", {});
    });

    test("add addresses of their own to what contains all of them", async () => {
      await apply(
        advertisement("all", LENGTHS),
        advertisement("a", { ...labelled("a"), communities: ["64512:1"] }),
        ...[red({ team: "a" }), blue()],
      );
      await known({ ...around("red"), ...around("blue"), ...both(10, from(NODES, "64512:1")) });
      await apply(red());
      await known({ ...around("red"), ...around("blue") });
    });

    test("add their communities to those of all", async () => {
      await apply(
        advertisement("all", { communities: ["64512:1"] }),
        advertisement("a", { ...labelled("a"), communities: ["64512:2"] }),
        ...[red({ team: "a" }), blue()],
      );
      await known({ ...both(10, from(NODES, "64512:1 64512:2")), ...both(130, from(NODES, "64512:1")) });
    });

    test("keep their communities apart where they select different ones", async () => {
      await apply(
        advertisement("a", { ...labelled("a"), communities: ["64512:1"] }),
        advertisement("b", { ...labelled("b"), communities: ["64512:2"] }),
        ...[red({ team: "a" }), blue({ team: "b" })],
      );
      await known({ ...both(10, from(NODES, "64512:1")), ...both(130, from(NODES, "64512:2")) });
    });
  });

  test("change without any session being opened again, and with Events that tell who announces", async () => {
    await apply(advertisement("a"), red());
    await known(both(10, from(NODES)));
    for (const router of [scene.external, scene.internal]) {
      const times = Object.values(await router.sessions()).map(({ connectionsEstablished }) => connectionsEstablished);
      expect(times).toEqual(Array.from({ length: 2 * NODES.length }, () => 1));
    }
    await scene.told("red", /nodeAssigned .*announcing from node "node[123]" with protocol "bgp"/);
  });
});
