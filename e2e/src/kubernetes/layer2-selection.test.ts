import { startProber, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { advertisement, host, type Layer2Scene, NODES, on, preferring, setLayer2Scene, web } from "./layer2.fixture.ts";
import { metallb, printLogs } from "./scene.fixture.ts";

const [NODE1, NODE2, NODE3] = NODES as [string, string, string];

let scene: Layer2Scene;

beforeAll(async () => {
  scene = await setLayer2Scene("k8s-l2-select");
}, 120_000);
afterAll(() => scene?.[Symbol.asyncDispose]());
beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));
afterEach(() => scene.clean());

const kubectl = (...args: string[]) => scene.cluster.kubectl(args);

/** Gives a Service a label that advertisements select. */
const tier = (value: string) => ({ metadata: { labels: { tier: value } } });

/** Labels a node for the rest of the test. */
async function label(node: string, key: string, value = "yes"): Promise<void> {
  await kubectl("label", "node", node, `${key}=${value}`);
  onTestFinished(async () => {
    await kubectl("label", "node", node, `${key}-`);
  });
}

describe("node selectors", { timeout: 120_000 }, () => {
  test.each([
    ["one selects a single node", [on(NODE2)], [NODE2]],
    ["one has several alternatives", [on(NODE1, NODE3)], [NODE1, NODE3]],
    ["several advertise one pool", [on(NODE3), on(NODE1)], [NODE1, NODE3]],
  ])("only selected nodes answer: %s", async (_how, specs, selected) => {
    const addresses = await scene.serve(
      "selected",
      specs.map((spec, i) => advertisement(`l2-${i}`, spec)),
    );
    const first = await scene.announcer(addresses, selected);
    const others = selected.filter((node) => node !== first);
    // Who answers does so no more once it is not selected; nobody does when no node is.
    await kubectl("label", "node", first, "--overwrite", "kubernetes.io/hostname=hidden");
    onTestFinished(async () => {
      await kubectl("label", "node", first, "--overwrite", `kubernetes.io/hostname=${first}`);
    });
    if (others.length > 0) await scene.announcer(addresses, others);
    else await scene.silent(addresses);
  });

  test("a node that is added to the selection answers when the others cannot, and nothing moves before", async () => {
    const addresses = await scene.serve("grown", [advertisement("l2", on(NODE2))]);
    expect(await scene.announcer(addresses)).toBe(NODE2);
    await scene.cluster.apply([advertisement("l2", on(NODE2, NODE3))]);
    await label(NODE2, "node.kubernetes.io/exclude-from-external-load-balancers");
    await scene.announcer(addresses, [NODE3]);
  });

  test("that selects only a node without a speaker announces nothing, and an Event says so", async () => {
    const [apiVersion, name] = ["v1", "bare"];
    const bare = { apiVersion, kind: "Node", metadata: { name, labels: { "kubernetes.io/hostname": name } } };
    await scene.cluster.apply([bare]);
    onTestFinished(() => kubectl("delete", "node", name).then(() => {}));
    const addresses = await scene.serve(name, [advertisement("l2", on(name))]);
    await scene.told(name, "notAnnounced", /there is no speaker on those that may \(bare\)/);
    await scene.cluster.apply([advertisement("l2", on(name, NODE2))]);
    await scene.announcer(addresses, [NODE2]);
  });
});

describe("preferences", { timeout: 120_000 }, () => {
  test("the labelled node answers, the next one that is labelled takes over, and stays when no node is", async () => {
    await label(NODE2, "edge");
    const addresses = await scene.serve("labelled", [advertisement("l2", preferring([100, { edge: "yes" }]))]);
    await scene.announcer(addresses, [NODE2]);
    await kubectl("label", "node", NODE2, "edge-");
    await kubectl("label", "node", NODE3, "edge=yes");
    await scene.announcer(addresses, [NODE3]);
    await kubectl("label", "node", NODE3, "edge-");
    // What comes later in the same stream of changes is seen to be in force.
    await scene.cluster.apply([advertisement("l2", preferring([100, host("nobody")]))]);
    await scene.serve("marker", []);
    expect(await scene.announcer(addresses)).toBe(NODE3);
  });

  test("of no node leave who answers without any", async () => {
    const addresses = await scene.serve("baseline", [advertisement("l2")]);
    const marker = await scene.serve("marker", [], tier("marker"));
    const [node, marked] = [await scene.announcer(addresses), await scene.announcer(marker)];
    const other = marked === NODE1 ? NODE2 : NODE1;
    const serviceSelectors = [{ matchLabels: { tier: "marker" } }];
    // What moves the marker comes last in the stream of advertisements.
    for (const last of [
      advertisement("l2", preferring([100, { edge: "yes" }])),
      advertisement("marker", { serviceSelectors, ...preferring([1, host(other)]) }),
    ]) {
      await scene.cluster.apply([last]);
    }
    await scene.announcer(marker, [other]);
    expect(await scene.announcer(addresses)).toBe(node);
  });

  test("a preferred node that is excluded from load balancing loses the address, and gets it back", async () => {
    const addresses = await scene.serve("reclaimed", [advertisement("l2", preferring([50, host(NODE1)]))]);
    await scene.announcer(addresses, [NODE1]);
    await kubectl("label", "node", NODE1, "node.kubernetes.io/exclude-from-external-load-balancers=");
    await scene.announcer(addresses, [NODE2, NODE3]);
    await kubectl("label", "node", NODE1, "node.kubernetes.io/exclude-from-external-load-balancers-");
    await scene.announcer(addresses, [NODE1]);
  });

  test("of an advertisement that changes act at once, and no packet is lost by it", async () => {
    const udp = { ports: [{ name: "dns", port: 80, targetPort: 8080, protocol: "UDP" }] };
    await scene.cluster.apply([advertisement("l2", preferring([10, host(NODE1)])), web("moved", udp)]);
    const addresses = await scene.given("moved", 2);
    await scene.announcer(addresses, [NODE1]);
    await using prober = await startProber(scene.client, addresses);
    for (const address of addresses) await prober.answered(address, { since: 0 });
    await scene.cluster.apply([advertisement("l2", preferring([10, host(NODE1)], [20, host(NODE3)]))]);
    await scene.announcer(addresses, [NODE3]);
    await scene.shown("moved", { [NODE3]: [] });
    await prober.stop();
    for (const address of addresses) expect(prober.summary(address).lost).toBe(0);
  });

  test.each([
    ["the best of those that are selected answers", preferring([90, host(NODE1)], [10, host(NODE3)]), [NODE3]],
    ["one of those that are selected answers if none is preferred", preferring([90, host(NODE1)]), [NODE2, NODE3]],
  ])("do not select: %s", async (_how, preferences, expected) => {
    await using capture = await scene.cluster.lab.capture("lan");
    const addresses = await scene.serve("filtered", [advertisement("l2", { ...on(NODE2, NODE3), ...preferences })]);
    await scene.announcer(addresses, expected);
    await capture.stop();
    const claimants = addresses.flatMap((address) => capture.claims(address).map(({ mac }) => mac));
    expect(claimants).not.toContain(scene.cluster.lab.host(NODE1).mac);
  });

  test("of several advertisements of a pool add up", async () => {
    const addresses = await scene.serve("sum", [
      advertisement("a", preferring([40, host(NODE1)], [50, host(NODE2)])),
      advertisement("b", preferring([30, host(NODE1)])),
    ]);
    await scene.announcer(addresses, [NODE1]);
    await scene.cluster.apply([advertisement("c", preferring([30, host(NODE2)]))]);
    await scene.announcer(addresses, [NODE2]);
  });

  test("of an advertisement for some Services move only those", async () => {
    const others = await scene.serve("others", [advertisement("all", preferring([10, host(NODE1)]))]);
    const gold = await scene.serve("gold", [], tier("gold"));
    for (const addresses of [others, gold]) await scene.announcer(addresses, [NODE1]);
    const serviceSelectors = [{ matchLabels: { tier: "gold" } }];
    await scene.cluster.apply([advertisement("gold", { serviceSelectors, ...preferring([60, host(NODE2)]) })]);
    await scene.announcer(gold, [NODE2]);
    expect(await scene.announcer(others)).toBe(NODE1);
  });
});

describe("service selectors", { timeout: 120_000 }, () => {
  const selecting = (...tiers: string[]): object => ({
    serviceSelectors: tiers.map((tier) => ({ matchLabels: { tier } })),
  });

  test("with a pool need both: the Service is announced and withdrawn as its label changes", async () => {
    const pool = metallb("IPAddressPool", "other", { addresses: ["10.64.2.1-10.64.2.9", "fd64::2:1-fd64::2:9"] });
    const both = advertisement("l2", { ipAddressPools: ["lab"], ...selecting("gold") });
    const wants = { annotations: { "metallb.io/address-pool": "other" }, labels: { tier: "gold" } };
    const addresses = await scene.serve("both", [pool, both, web("elsewhere", {}, wants)], tier("iron"));
    await scene.told("both", "notAnnounced", /no L2Advertisement reaches it/);
    await scene.silent(addresses);
    await kubectl("label", "service", "both", "--overwrite", "tier=gold");
    await scene.announcer(addresses);
    await scene.silent(await scene.given("elsewhere", 2));
    await kubectl("label", "service", "both", "tier-");
    await scene.silent(addresses);
    await scene.shown("both", {});
  });

  test("of two advertisements for different nodes give a Service one node", async () => {
    const objects = [
      advertisement("one", { ...on(NODE1), ...selecting("gold") }),
      advertisement("two", { ...on(NODE2), ...selecting("gold") }),
    ];
    const addresses = await scene.serve("once", objects, tier("gold"));
    const node = await scene.announcer(addresses, [NODE1, NODE2]);
    await scene.shown("once", { [node]: [] });
  });

  test("that match no Service on any node announce it nowhere, and its Events say so", async () => {
    const objects = [
      advertisement("service", { ...on("nobody"), ...selecting("gold") }),
      advertisement("node", { ...on(NODE2), ...selecting("iron") }),
    ];
    const addresses = await scene.serve("nowhere", objects, tier("gold"));
    await scene.told("nowhere", "notAnnounced", /no L2Advertisement reaches it from pool "lab" on any node/);
    await scene.silent(addresses);
    await scene.shown("nowhere", {});
  });

  test("cannot announce an address that a Service would share, and its Events say so", async () => {
    const metadata = { annotations: { "metallb.io/allow-shared-ip": "key" }, labels: { tier: "gold" } };
    const addresses = await scene.serve("sharer", [advertisement("l2", selecting("gold"))], { metadata });
    await scene.told("sharer", "notAnnounced", /it asks for a shared address/);
    await scene.silent(addresses);
    await scene.cluster.apply([advertisement("l2", on(NODE3))]);
    await scene.announcer(addresses);
  });

  test("are alternatives: Services that match one each are both announced, and another one is not", async () => {
    const gold = await scene.serve("gold", [advertisement("l2", selecting("gold", "iron"))], tier("gold"));
    const iron = await scene.serve("iron", [], tier("iron"));
    for (const addresses of [gold, iron]) await scene.announcer(addresses);
    const clay = await scene.serve("clay", [], tier("clay"));
    await scene.told("clay", "notAnnounced");
    await scene.silent(clay);
  });
});

describe("interfaces", { timeout: 120_000 }, () => {
  // A second interface of each node on the same wire, with an address of its own: who answers shows in the MAC.
  const mac = (node: string, name: string) => (name === "lan0" ? scene.cluster.lab.host(node).mac : SECOND.get(node));
  const SECOND = new Map<string, string>();

  beforeAll(async () => {
    for (const node of scene.cluster.lab.nodes) {
      const address = node.mac.replace(/^02/, "06");
      SECOND.set(node.name, address);
      await node.exec(["ip", "link", "add", "lan1", "link", "lan0", "address", address, "type", "macvlan"]);
      await node.exec(["ip", "link", "set", "lan1", "up"]);
    }
  });

  /** Waits until an address is answered for on exactly these interfaces of a node. */
  async function answered(addresses: readonly Ip[], node: string, names: readonly string[]): Promise<void> {
    const expected = names.map((name) => mac(node, name)).toSorted();
    for (const address of addresses) {
      await until(
        `${address} was answered for on ${names} of ${node}`,
        async () => {
          const macs = (await scene.client.resolve(address, { waitMs: 300 })).toSorted();
          if (`${macs}` === `${expected}`) return true;
          throw new Error(`${macs} answered`);
        },
        { timeoutMs: 30_000 },
      );
    }
  }

  test("of the advertisement are those whose addresses answer, and are shown, also when they change", async () => {
    const spec = { ...on(NODE1), interfaces: ["lan1"] };
    const addresses = await scene.serve("changed", [advertisement("l2", spec)]);
    await answered(addresses, NODE1, ["lan1"]);
    await scene.shown("changed", { [NODE1]: ["lan1"] });
    await scene.cluster.apply([advertisement("l2", { ...spec, interfaces: ["lan0"] })]);
    await answered(addresses, NODE1, ["lan0"]);
    await scene.shown("changed", { [NODE1]: ["lan0"] });
  });

  test("that no node has announce nothing, and an Event says so, until there is one", async () => {
    const addresses = await scene.serve("missing", [advertisement("l2", { ...on(NODE2), interfaces: ["eth7"] })]);
    await scene.told("missing", "announceFailed", /doesn't exist in assigned node "node2" with protocol "layer2"/);
    await scene.silent(addresses);
    await scene.cluster.apply([advertisement("l2", { ...on(NODE2), interfaces: ["eth7", "lan1"] })]);
    await answered(addresses, NODE2, ["lan1"]);
    await scene.shown("missing", { [NODE2]: ["lan1"] });
  });

  test("of two advertisements of a pool are all used", async () => {
    const objects = [
      advertisement("one", { ...on(NODE1), interfaces: ["lan1"] }),
      advertisement("two", { ...on(NODE1), interfaces: ["lan0"] }),
    ];
    const addresses = await scene.serve("union", objects);
    await answered(addresses, NODE1, ["lan0", "lan1"]);
    await scene.shown("union", { [NODE1]: ["lan0", "lan1"] });
  });

  test("are a node's own where advertisements select nodes", async () => {
    const objects = [
      advertisement("one", { ...on(NODE1), interfaces: ["lan1"], ...preferring([1, host(NODE1)]) }),
      advertisement("two", { ...on(NODE2), interfaces: ["lan0"] }),
    ];
    const addresses = await scene.serve("apart", objects);
    await answered(addresses, NODE1, ["lan1"]);
    await scene.cluster.apply([advertisement("two", { ...on(NODE2), interfaces: ["lan0"], ...preferring([2, {}]) })]);
    await answered(addresses, NODE2, ["lan0"]);
  });

  test("that only one of the selected nodes has up decide between these", async () => {
    const node1 = scene.cluster.lab.host(NODE1);
    await node1.exec(["ip", "link", "set", "lan1", "down"]);
    onTestFinished(async () => {
      await node1.exec(["ip", "link", "set", "lan1", "up"]);
    });
    const spec = { ...on(NODE1, NODE2), interfaces: ["lan1"], ...preferring([50, host(NODE1)]) };
    const addresses = await scene.serve("able", [advertisement("l2", spec)]);
    await answered(addresses, NODE2, ["lan1"]);
  });
});
