import { parseSelector, type Selector } from "@heraldlb/labels";
import { describe, expect, test } from "vitest";
import type { AnnouncedService, AnnouncingNode, Endpoint, Layer2Advertisement, Layer2World } from "./layer2.ts";
import { Layer2Planner } from "./planner.ts";

function select(matchLabels: Readonly<Record<string, string>>): Selector {
  const selector = parseSelector({ matchLabels });
  return "problems" in selector ? expect.fail("invalid selector") : selector;
}

const host = (name: string) => select({ "kubernetes.io/hostname": name });

function node(name: string, rest: Partial<AnnouncingNode> = {}): AnnouncingNode {
  const labels = { "kubernetes.io/hostname": name, ...rest.labels };
  return { name, networkUnavailable: false, ...rest, labels };
}

function advertisement(rest: Partial<Layer2Advertisement> = {}): Layer2Advertisement {
  const none = {
    pools: [],
    poolSelectors: [],
    nodeSelectors: [],
    serviceSelectors: [],
    interfaces: [],
    preferredNodes: [],
  };
  return { name: "l2", ...none, ...rest };
}

const on = (...nodes: string[]): Endpoint[] => nodes.map((node) => ({ node, ready: true }));

function service(rest: Partial<AnnouncedService> = {}): AnnouncedService {
  const base = { key: "ns/web", labels: { app: "web" }, pool: "pool", sharingRequested: false } as const;
  return { ...base, externalTrafficPolicy: "Cluster", endpoints: on("iris1"), ...rest };
}

function planner(rest: Partial<Layer2World> = {}): Layer2Planner {
  return new Layer2Planner({
    advertisements: [advertisement()],
    pools: [{ name: "pool", labels: { tier: "gold" } }],
    nodes: [node("iris2"), node("iris1")],
    ignoreExcludeLabel: false,
    ...rest,
  });
}

const names = (plan: ReturnType<Layer2Planner["plan"]>) => plan.candidates.map(({ node }) => node);

describe("endpoints", () => {
  test.each<[string, Endpoint[], string[]]>([
    ["ready", [{ node: "iris1", ready: true }], ["iris1", "iris2"]],
    ["ready unknown", [{ node: "iris1" }], ["iris1", "iris2"]],
    ["ready, not serving", [{ node: "iris1", ready: true, serving: false }], ["iris1", "iris2"]],
    ["serving, not ready", [{ node: "iris1", ready: false, serving: true }], ["iris1", "iris2"]],
    ["not ready", [{ node: "iris1", ready: false }], []],
    ["none", [], []],
    ["one of two ready", [{ node: "iris1", ready: false }, { node: "iris2" }], ["iris1", "iris2"]],
  ])("with Cluster policy, %s: everybody or nobody", (_what, endpoints, expected) => {
    const plan = planner().plan(service({ endpoints }));
    expect(names(plan)).toEqual(expected);
    if (expected.length > 0) expect(plan.warning).toBeUndefined();
    else {
      expect(plan.warning).toEqual({
        reason: "notOwner",
        message: 'no node may announce "ns/web": no endpoint can serve',
      });
      expect(plan.withheld).toEqual(["iris1", "iris2"].map((node) => ({ node, reason: "notOwner" })));
    }
  });

  test.each<[string, Endpoint[], string[]]>([
    ["on one node", on("iris2"), ["iris2"]],
    ["on both", on("iris1", "iris2"), ["iris1", "iris2"]],
    ["without a node", [{ ready: true }], []],
    ["not ready on one of two nodes", [{ node: "iris1", ready: false }, ...on("iris2")], ["iris2"]],
    ["on an unknown node", on("iris9"), []],
  ])("with Local policy, %s: only nodes with an endpoint that can serve", (_what, endpoints, expected) => {
    const plan = planner().plan(service({ endpoints, externalTrafficPolicy: "Local" }));
    expect(names(plan)).toEqual(expected);
    if (expected.length === 0) expect(plan.warning?.reason).toBe("noLocalEndpoint");
  });
});

describe("advertisements", () => {
  test.each<[string, Partial<Layer2Advertisement>, boolean]>([
    ["without pools or selectors", {}, true],
    ["naming the pool", { pools: ["other", "pool"] }, true],
    ["naming another pool", { pools: ["other"] }, false],
    ["selecting the pool", { poolSelectors: [select({ tier: "gold" })] }, true],
    ["selecting another pool", { poolSelectors: [select({ tier: "iron" })] }, false],
    ["naming another pool but selecting this one", { pools: ["other"], poolSelectors: [select({})] }, true],
    ["selecting the Service", { serviceSelectors: [select({ app: "web" })] }, true],
    ["selecting the Service among others", { serviceSelectors: [select({ a: "b" }), select({ app: "web" })] }, true],
    ["selecting another Service", { serviceSelectors: [select({ app: "db" })] }, false],
  ])("one %s", (_what, rest, reaches) => {
    const plan = planner({ advertisements: [advertisement(rest)] }).plan(service());
    expect(names(plan)).toEqual(reaches ? ["iris1", "iris2"] : []);
    expect(plan.warning?.reason).toBe(reaches ? undefined : "noMatchingAdvertisement");
  });

  test("none at all is worth a warning that names the pool", () => {
    const plan = planner({ advertisements: [] }).plan(service());
    expect(plan.warning?.message).toBe(
      'no node may announce "ns/web": no L2Advertisement reaches it from pool "pool" on any node',
    );
  });

  test("node selectors are alternatives, and say why the others may not", () => {
    const nodes = [node("a"), node("b"), node("c")];
    const advertisements = [advertisement({ nodeSelectors: [host("a"), host("b")] })];
    const plan = planner({ nodes, advertisements }).plan(service());
    expect(names(plan)).toEqual(["a", "b"]);
    expect(plan.withheld).toEqual([{ node: "c", reason: "noMatchingAdvertisement" }]);
  });

  test("the union of several advertisements' nodes may announce", () => {
    const advertisements = [
      advertisement({ nodeSelectors: [host("iris1")] }),
      advertisement({ nodeSelectors: [host("iris2")], pools: ["pool"] }),
    ];
    expect(names(planner({ advertisements }).plan(service()))).toEqual(["iris1", "iris2"]);
  });

  test("those of a pool that is gone go on reaching its stranded addresses by name", () => {
    const advertisements = [advertisement({ pools: ["gone"] })];
    expect(names(planner({ advertisements }).plan(service({ pool: "gone" })))).toEqual(["iris1", "iris2"]);
  });

  test("a shared address is not announced over one that selects Services", () => {
    const advertisements = [advertisement(), advertisement({ serviceSelectors: [select({ app: "web" })] })];
    const sharing = planner({ advertisements }).plan(service({ sharingRequested: true }));
    expect(sharing.warning?.reason).toBe("sharedIPWithServiceSelector");
    expect(names(planner({ advertisements }).plan(service()))).toEqual(["iris1", "iris2"]);
    expect(names(planner().plan(service({ sharingRequested: true })))).toEqual(["iris1", "iris2"]);
  });
});

describe("interfaces", () => {
  test.each<[string, string[][], "all" | string[]]>([
    ["one without a list: all", [[]], "all"],
    ["the list, sorted", [["eth1", "eth0"]], ["eth0", "eth1"]],
    ["the union of lists", [["eth1"], ["eth0", "eth1"]], ["eth0", "eth1"]],
    ["all, if any has no list", [["eth1"], []], "all"],
  ])("%s", (_what, lists, expected) => {
    const advertisements = lists.map((interfaces) => advertisement({ interfaces }));
    const plan = planner({ advertisements }).plan(service());
    expect(plan.candidates.map(({ interfaces }) => interfaces)).toEqual([expected, expected]);
  });

  test("only advertisements that select the node count", () => {
    const advertisements = [
      advertisement({ interfaces: ["eth1"] }),
      advertisement({ interfaces: ["eth2"], nodeSelectors: [host("iris2")] }),
    ];
    const { candidates } = planner({ advertisements }).plan(service());
    expect(candidates.map(({ interfaces }) => interfaces)).toEqual([["eth1"], ["eth1", "eth2"]]);
  });
});

describe("preferences", () => {
  const preferred = (weight: number, selector: Selector) => ({ weight, selector });

  test("weights of matching preferences add up, over advertisements too", () => {
    const advertisements = [
      advertisement({ preferredNodes: [preferred(10, host("iris1")), preferred(5, select({}))] }),
      advertisement({ preferredNodes: [preferred(7, host("iris1"))] }),
    ];
    const { candidates } = planner({ advertisements }).plan(service());
    expect(candidates.map(({ preference }) => preference)).toEqual([22, 5]);
  });

  test("an advertisement prefers only nodes that it selects", () => {
    const advertisements = [
      advertisement(),
      advertisement({ nodeSelectors: [host("iris2")], preferredNodes: [preferred(9, select({}))] }),
    ];
    const { candidates } = planner({ advertisements }).plan(service());
    expect(candidates.map(({ preference }) => preference)).toEqual([0, 9]);
  });
});

describe("repetition", () => {
  const advertisements = [
    advertisement(),
    advertisement({ refreshMs: 5000 }),
    advertisement({ refreshMs: 2000, nodeSelectors: [host("iris2")] }),
    advertisement({ refreshMs: 1000, serviceSelectors: [select({ app: "other" })] }),
  ];
  const intervals = (rest?: Partial<AnnouncedService>) =>
    planner({ advertisements })
      .plan(service(rest))
      .candidates.map(({ refreshMs }) => refreshMs);

  test("is as frequent as the most frequent of the matching advertisements that select the node", () => {
    expect(intervals()).toEqual([5000, 2000]);
    expect(planner().plan(service()).candidates[0]?.refreshMs).toBeUndefined();
  });

  test("is as frequent as the Service itself says, if it does", () => {
    expect(intervals({ refreshMs: 9000 })).toEqual([9000, 9000]);
  });
});

describe("exclusion", () => {
  const excluded = node("iris1", { labels: { "node.kubernetes.io/exclude-from-external-load-balancers": "" } });

  test("a labelled node may not announce, unless the label is ignored", () => {
    const nodes = [excluded, node("iris2")];
    const plan = planner({ nodes }).plan(service());
    expect(names(plan)).toEqual(["iris2"]);
    expect(plan.withheld).toEqual([{ node: "iris1", reason: "nodeLabeledExcludeBalancers" }]);
    expect(names(planner({ nodes, ignoreExcludeLabel: true }).plan(service()))).toEqual(["iris1", "iris2"]);
  });

  test("a node without a network may not announce", () => {
    const plan = planner({ nodes: [node("iris1", { networkUnavailable: true })] }).plan(service());
    expect(plan.withheld).toEqual([{ node: "iris1", reason: "nodeNetworkUnavailable" }]);
    expect(plan.warning?.reason).toBe("nodeNetworkUnavailable");
  });

  test("no nodes are worth a warning", () => {
    expect(planner({ nodes: [] }).plan(service()).warning?.reason).toBe("noNodes");
  });
});
