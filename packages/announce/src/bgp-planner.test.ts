import { parseSelector, type Selector } from "@heraldlb/labels";
import { type Ip, parseIp } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { BgpAdvertisement, BgpPlan, BgpService, BgpWorld } from "./bgp.ts";
import { BgpPlanner } from "./bgp-planner.ts";
import type { AnnouncingNode, Endpoint } from "./layer2.ts";

function select(matchLabels: Readonly<Record<string, string>>): Selector {
  const selector = parseSelector({ matchLabels });
  return "problems" in selector ? expect.fail("invalid selector") : selector;
}

function ip(text: string): Ip {
  return parseIp(text) ?? expect.fail(`no address: ${text}`);
}

function node(name: string, rest: Partial<AnnouncingNode> = {}): AnnouncingNode {
  return { name, networkUnavailable: false, ...rest, labels: { name, ...rest.labels } };
}

function advertisement(name = "bgp", rest: Partial<BgpAdvertisement> = {}): BgpAdvertisement {
  return {
    ...{ name, pools: [], poolSelectors: [], nodeSelectors: [], serviceSelectors: [], peers: [], communities: [] },
    ...{ aggregationLength: 32, aggregationLengthV6: 128, localPref: 0, prepend: 0, linkBandwidth: false },
    ...rest,
  };
}

const on = (...nodes: string[]): Endpoint[] => nodes.map((name) => ({ node: name, ready: true }));

function service(rest: Partial<BgpService> = {}): BgpService {
  return {
    ...{ key: "ns/web", labels: { app: "web" }, pool: "pool", externalTrafficPolicy: "Cluster" },
    ...{ endpoints: on("iris1"), addresses: [ip("10.20.30.1")] },
    ...rest,
  };
}

function plan(world: Partial<BgpWorld>, what: Partial<BgpService> = {}): BgpPlan {
  return new BgpPlanner({
    advertisements: [advertisement()],
    pools: [{ name: "pool", labels: { tier: "gold" } }],
    nodes: [node("iris2"), node("iris1")],
    ignoreExcludeLabel: false,
    ...world,
  }).plan(service(what));
}

const reasons = ({ withheld }: BgpPlan) => Object.fromEntries(withheld.map(({ node, reason }) => [node, reason]));
const prefixes = ({ routes }: BgpPlan, name = "iris1") => routes.get(name)?.map(({ prefix }) => prefix);

describe("who announces", () => {
  test("every node that an advertisement selects, whether it has an endpoint or not", () => {
    expect([...plan({}).routes.keys()]).toEqual(["iris1", "iris2"]);
  });

  test.each<[string, Partial<BgpWorld>, Partial<BgpService>, Record<string, string>]>([
    ["no advertisement", { advertisements: [] }, {}, { iris1: "notOwner", iris2: "notOwner" }],
    [
      "none for the node",
      { advertisements: [advertisement("a", { nodeSelectors: [select({ name: "iris1" })] })] },
      {},
      { iris2: "notOwner" },
    ],
    [
      "none for the pool",
      { advertisements: [advertisement("a", { pools: ["other"] })] },
      {},
      { iris1: "notOwner", iris2: "notOwner" },
    ],
    [
      "none for the Service",
      { advertisements: [advertisement("a", { serviceSelectors: [select({ app: "dns" })] })] },
      {},
      { iris1: "noMatchingAdvertisement", iris2: "noMatchingAdvertisement" },
    ],
    [
      "the node's network is unavailable",
      { nodes: [node("iris1", { networkUnavailable: true }), node("iris2")] },
      {},
      { iris1: "nodeNetworkUnavailable" },
    ],
    [
      "the node is labelled to be left out",
      { nodes: [node("iris1", { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "" } })] },
      {},
      { iris1: "nodeLabeledExcludeBalancers" },
    ],
    [
      "that label is ignored",
      {
        nodes: [node("iris1", { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "" } })],
        ignoreExcludeLabel: true,
      },
      {},
      {},
    ],
    ["policy Local and no endpoint there", {}, { externalTrafficPolicy: "Local" }, { iris2: "noLocalEndpoints" }],
    [
      "policy Local and an endpoint that cannot serve",
      {},
      { externalTrafficPolicy: "Local", endpoints: [{ node: "iris1", ready: false }, ...on("iris2")] },
      { iris1: "noLocalEndpoints" },
    ],
    ["no endpoint at all", {}, { endpoints: [] }, { iris1: "noEndpoints", iris2: "noEndpoints" }],
    [
      "policy Local and no endpoint at all",
      {},
      { externalTrafficPolicy: "Local", endpoints: [{ node: "iris1", ready: false }] },
      { iris1: "noEndpoints", iris2: "noEndpoints" },
    ],
    ["an endpoint that is not ready but serving", {}, { endpoints: [{ ready: false, serving: true }] }, {}],
  ])("%s", (_what, world, what, expected) => {
    expect(reasons(plan(world, what))).toEqual(expected);
  });
});

describe("what is announced", () => {
  test("each address by itself, IPv4 and IPv6", () => {
    const addresses = [ip("10.20.30.1"), ip("2001:db8::1")];
    expect(prefixes(plan({}, { addresses }))).toEqual(["10.20.30.1/32", "2001:db8::1/128"]);
  });

  test("its prefix of the advertisement's length", () => {
    const advertisements = [advertisement("a", { aggregationLength: 26, aggregationLengthV6: 64 })];
    const addresses = [ip("10.20.30.70"), ip("2001:db8::1")];
    expect(prefixes(plan({ advertisements }, { addresses }))).toEqual(["10.20.30.64/26", "2001:db8::/64"]);
  });

  test("with the advertisement's attributes", () => {
    const advertisements = [
      advertisement("a", {
        localPref: 200,
        communities: ["64512:2", "64512:1"],
        med: 5,
        prepend: 2,
        peers: ["r2", "r1"],
      }),
    ];
    expect(plan({ advertisements }).routes.get("iris1")).toEqual([
      {
        prefix: "10.20.30.1/32",
        localPref: 200,
        communities: ["64512:1", "64512:2"],
        med: 5,
        prepend: 2,
        weight: undefined,
        peers: ["r1", "r2"],
      },
    ]);
  });

  test("weighted by the node's endpoints, one at least", () => {
    const advertisements = [advertisement("a", { linkBandwidth: true })];
    const { routes } = plan({ advertisements }, { endpoints: on("iris1", "iris1", "iris1") });
    expect([routes.get("iris1")?.[0]?.weight, routes.get("iris2")?.[0]?.weight]).toEqual([3, 1]);
  });

  test("a stranded address, by advertisements that name its former pool", () => {
    const advertisements = [advertisement("a", { pools: ["gone"] }), advertisement("b", { pools: ["pool"] })];
    expect(prefixes(plan({ advertisements, pools: [] }, { pool: "gone" }))).toEqual(["10.20.30.1/32"]);
  });
});

describe("two advertisements with different LOCAL_PREFs", () => {
  const first = advertisement("first", { localPref: 100 });

  test("for one route: the earlier one counts, and the other's owner is told", () => {
    const { routes, conflicts } = plan({ advertisements: [first, advertisement("second", { localPref: 200 })] });
    expect(routes.get("iris1")?.map(({ localPref }) => localPref)).toEqual([100]);
    expect(conflicts).toEqual([
      {
        kept: "first",
        ignored: "second",
        message:
          "advertisements 'first' and 'second' have conflicting LOCAL_PREF (100 vs 200); 'first' was there first and counts",
      },
    ]);
  });

  test.each<[string, Partial<BgpAdvertisement>, Partial<BgpAdvertisement>]>([
    ["of different length", {}, { aggregationLength: 24 }],
    ["for different peers", { peers: ["a"] }, { peers: ["b"] }],
    [
      "on different nodes",
      { nodeSelectors: [select({ name: "iris1" })] },
      { nodeSelectors: [select({ name: "iris2" })] },
    ],
  ])("%s: both count", (_what, one, other) => {
    const second = advertisement("second", { localPref: 200, ...other });
    const { routes, conflicts } = plan({ advertisements: [{ ...first, ...one }, second] });
    expect(conflicts).toEqual([]);
    const announced = [...routes.values()].flat().map(({ localPref }) => localPref);
    expect(new Set(announced)).toEqual(new Set([100, 200]));
  });
});

describe("when no node announces", () => {
  const [iris1, iris2] = [select({ name: "iris1" }), select({ name: "iris2" })];

  test.each<[string, Partial<BgpWorld>, Partial<BgpService>, string]>([
    [
      "no advertisement reaches it",
      { advertisements: [] },
      {},
      'no BGPAdvertisement reaches it from pool "pool" on any node',
    ],
    ["there are no nodes", { nodes: [] }, {}, "there are no nodes"],
    ["no endpoint can serve", {}, { endpoints: [] }, "no endpoint can serve"],
    [
      "endpoints are on other nodes than are selected",
      { advertisements: [advertisement("a", { nodeSelectors: [iris2] })] },
      { externalTrafficPolicy: "Local" },
      "externalTrafficPolicy is Local, and no selected node has an endpoint that can serve",
    ],
    [
      "the selected node's network is unavailable",
      {
        advertisements: [advertisement("a", { nodeSelectors: [iris1] })],
        nodes: [node("iris1", { networkUnavailable: true }), node("iris2")],
      },
      {},
      "the network of the selected nodes is unavailable",
    ],
  ])("because %s, that is said", (_what, world, what, detail) => {
    expect(plan(world, what).warning?.message).toBe(`no node may announce "ns/web" by BGP: ${detail}`);
  });

  test("nothing is said while one does", () => {
    expect(plan({}, { externalTrafficPolicy: "Local" }).warning).toBeUndefined();
  });
});
