import { startProber } from "@heraldlb/lab";
import { isIpv4 } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  advertisement,
  host,
  type Layer2Scene,
  NODES,
  on,
  PODS,
  preferring,
  setLayer2Scene,
  web,
} from "./layer2.fixture.ts";
import { metallb, NAMESPACE, pods, printLogs } from "./scene.fixture.ts";

const [NODE1, NODE2, NODE3] = NODES as [string, string, string];
const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";

let scene: Layer2Scene;

const kubectl = (...args: string[]) => scene.cluster.kubectl(args);
const apply = (...objects: unknown[]) => scene.cluster.apply(objects);
const asking = (pool: string) => ({ annotations: { "metallb.io/address-pool": pool } });
const port = (name: string, protocol: string, at = 80) => ({ name, port: at, targetPort: 8080, protocol });

beforeAll(async () => {
  scene = await setLayer2Scene("k8s-layer2");
}, 120_000);
afterAll(() => scene?.[Symbol.asyncDispose]());
beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));
afterEach(() => scene.clean());

describe("a Service's traffic", { timeout: 120_000 }, () => {
  test("by externalTrafficPolicy Cluster comes in at a node without pods", async () => {
    await pods(scene.cluster, "far", [NODE1]);
    const spec = { selector: { app: "far" } };
    const addresses = await scene.serve("far", [advertisement("l2", on(NODE3))], { spec });
    expect(await scene.announcer(addresses)).toBe(NODE3);
    await scene.reached(addresses, ["far-0"]);
  });

  test("by externalTrafficPolicy Local comes in where its pods are, follows them, and ends with the last one", async () => {
    const { cluster } = scene;
    const [first, second] = await pods(cluster, "local", [NODE2, NODE3]);
    if (!first || !second) throw new Error("there are two pods");
    await cluster.setReady(second, false);
    const spec = { selector: { app: "local" }, externalTrafficPolicy: "Local" };
    const addresses = await scene.serve("local", [advertisement("l2")], { spec });
    expect(await scene.announcer(addresses, [NODE2])).toBe(NODE2);
    await scene.reached(addresses, [first.name]);
    await cluster.setReady(second, true);
    await cluster.deletePod(first);
    await scene.announcer(addresses, [NODE3]);
    await scene.reached(addresses, [second.name]);
    await cluster.setReady(second, false);
    await scene.silent(addresses);
    await cluster.setReady(second, true);
    await scene.announcer(addresses, [NODE3]);
  });

  test("of TCP and UDP has one address for both", async () => {
    const spec = { ports: [port("tcp", "TCP"), port("udp", "UDP")] };
    const addresses = await scene.serve("mixed", [advertisement("l2")], { spec });
    await scene.announcer(addresses);
    await scene.reached(addresses);
    await using prober = await startProber(scene.client, addresses);
    for (const address of addresses) await prober.answered(address, { since: 0, by: PODS }, { timeoutMs: 30_000 });
  });

  test.each([
    ["ranges", ["10.64.2.7-10.64.2.8", "fd64::2:7-fd64::2:8"], ["10.64.2.7", "fd64::2:7"]],
    ["prefixes", ["10.64.3.4/31", "fd64::3:4/127"], ["10.64.3.4", "fd64::3:4"]],
  ])("reaches the addresses of a pool that is written as %s", async (_how, addresses, expected) => {
    const pool = metallb("IPAddressPool", "other", { addresses });
    const objects = [pool, advertisement("l2", { ipAddressPools: ["other"] })];
    const given = await scene.serve("pooled", objects, { metadata: asking("other") });
    expect(given).toEqual(expected);
    await scene.announcer(given);
    await scene.reached(given);
  });

  test.each(["true", "false"])(
    "reaches the addresses of the pool that it asks for, with autoAssign %s",
    async (auto) => {
      const pool = { addresses: ["10.64.2.1-10.64.2.9", "fd64::2:1-fd64::2:9"], autoAssign: auto === "true" };
      const families = (["IPv4", "IPv6"] as const).map((family) =>
        web(`asks-${family.toLowerCase()}`, { ipFamilyPolicy: "SingleStack", ipFamilies: [family] }, asking("asked")),
      );
      await apply(metallb("IPAddressPool", "asked", pool), advertisement("l2"), ...families);
      const addresses = [...(await scene.given("asks-ipv4", 1)), ...(await scene.given("asks-ipv6", 1))];
      expect(addresses).toEqual(["10.64.2.1", "fd64::2:1"]);
      for (const address of addresses) await scene.announcer([address]);
      await scene.reached(addresses);
    },
  );

  test("of two Services that share an address goes through one node, and one of them outlives the other", async () => {
    const sharing = { annotations: { "metallb.io/allow-shared-ip": "key" } };
    await apply(
      advertisement("l2"),
      web("one", { ports: [port("http", "TCP")] }, sharing),
      web("two", { ports: [port("http", "TCP", 81)] }, sharing),
    );
    const addresses = await scene.given("one", 2);
    expect(await scene.given("two", 2)).toEqual(addresses);
    const node = await scene.announcer(addresses);
    await scene.shown("one", { [node]: [] });
    await scene.shown("two", { [node]: [] });
    await kubectl("delete", "service", "two");
    await scene.shown("two", {});
    expect(await scene.announcer(addresses)).toBe(node);
    await scene.reached(addresses);
  });

  test("does not come to a Service of another load balancer's class", async () => {
    await apply(advertisement("l2"), web("foreign", { loadBalancerClass: "example.com/foo" }));
    await scene.announcer(await scene.serve("served"));
    expect(await scene.cluster.addresses("foreign")).toEqual([]);
  });
});

describe("the node that answers for a Service", { timeout: 120_000 }, () => {
  test("is shown in a ServiceL2Status and an Event, until the Service is gone", async () => {
    const addresses = await scene.serve("shown", [advertisement("l2")]);
    const node = await scene.announcer(addresses);
    await scene.shown("shown", { [node]: [] });
    await scene.told("shown", "nodeAssigned", new RegExp(`^announcing from node "${node}" with protocol "layer2"$`));
    await kubectl("delete", "service", "shown");
    await scene.shown("shown", {});
    await scene.silent(addresses);
  });

  test.each([
    [
      "the condition NetworkUnavailable",
      (node: string, is: boolean) => conditions(node, { NetworkUnavailable: is ? "True" : "False" }),
    ],
    [
      "the label that excludes it",
      (node: string, is: boolean) => kubectl("label", "node", node, `${EXCLUDE}${is ? "=" : "-"}`),
    ],
  ])("is another one after it got %s, and may be the first again when that is over", async (_what, set) => {
    const addresses = await scene.serve("kept-off", [advertisement("l2", on(NODE1, NODE2))]);
    const first = await scene.announcer(addresses, [NODE1, NODE2]);
    const second = first === NODE1 ? NODE2 : NODE1;
    onTestFinished(async () => {
      for (const node of [first, second]) await set(node, false).catch(() => {});
    });
    await set(first, true);
    await scene.announcer(addresses, [second]);
    await scene.shown("kept-off", { [second]: [] });
    await scene.reached(addresses);
    // An owner stays: the first one answers again only when the second one may not.
    await set(first, false);
    await set(second, true);
    await scene.announcer(addresses, [first]);
    await set(first, true);
    await scene.silent(addresses);
    await scene.told("kept-off", "notAnnounced");
  });

  test("stays the same while it is cordoned, and while it is not ready, as long as its speaker is heard", async () => {
    const addresses = await scene.serve("cordoned", [advertisement("l2")]);
    const node = await scene.announcer(addresses);
    await kubectl("cordon", node);
    await conditions(node, { Ready: "False" });
    onTestFinished(async () => {
      await kubectl("uncordon", node);
      await conditions(node, { Ready: "True" });
    });
    // Whatever comes of it comes before this.
    await scene.announcer(await scene.serve("later"));
    expect(await scene.announcer(addresses)).toBe(node);
  });

  test("is another one after its speaker was killed, also when the first is back, unless that is preferred", async () => {
    const { herald, cluster } = scene;
    const addresses = await scene.serve("failed-over", [advertisement("l2")]);
    const first = await scene.announcer(addresses);
    const others = NODES.filter((node) => node !== first);
    const broken = cluster.lab.host(first);
    herald.speaker(broken).kill("SIGKILL");
    onTestFinished(() => herald.mend());
    const second = await scene.announcer(addresses, others);
    await scene.reached(addresses);
    await scene.shown("failed-over", { [second]: [] });
    await scene.told("failed-over", "nodeAssigned", new RegExp(`"${second}"`));
    await herald.ready(broken, herald.startSpeaker(broken));
    await scene.announcer(await scene.serve("later"));
    expect(await scene.announcer(addresses)).toBe(second);
    await apply(advertisement("l2", preferring([1, host(first)])));
    await scene.announcer(addresses, [first]);
  });

  test("is another one after it lost its carrier, and after its Node was deleted", async () => {
    const { lab } = scene.cluster;
    const addresses = await scene.serve("cut", [advertisement("l2", on(NODE1, NODE2))]);
    const first = await scene.announcer(addresses, [NODE1, NODE2]);
    const second = first === NODE1 ? NODE2 : NODE1;
    onTestFinished(() => lab.setPort(lab.host(first), "lan", "up"));
    await lab.setPort(lab.host(first), "lan", "down");
    await scene.announcer(addresses, [second]);
    await scene.shown("cut", { [second]: [] });
    await lab.setPort(lab.host(first), "lan", "up");
    await kubectl("delete", "node", second);
    onTestFinished(() => scene.cluster.addNode(lab.host(second)));
    await scene.announcer(addresses, [first]);
  });
});

describe("objects", { timeout: 120_000 }, () => {
  test("that become invalid act as they were last: a pool goes on giving addresses", async () => {
    const pool = (...addresses: string[]) => metallb("IPAddressPool", "other", { addresses });
    const asks = { metadata: asking("other") };
    await scene.serve("before", [pool("10.64.2.1-10.64.2.9", "fd64::2:1-fd64::2:9"), advertisement("l2")], asks);
    await apply(pool("10.64.3.1-10.64.2.9"));
    await scene.told("other", "ConfigurationError", /10\.64\.3\.1/);
    const addresses = await scene.serve("after", [], asks);
    expect(addresses).toEqual(["10.64.2.2", "fd64::2:2"]);
    await scene.announcer(addresses);
    expect(await scene.cluster.addresses("before")).toEqual(["10.64.2.1", "fd64::2:1"]);
  });

  test("that become invalid act as they were last: an advertisement goes on selecting nodes", async () => {
    const addresses = await scene.serve("steady", [advertisement("l2", on(NODE1))]);
    await scene.announcer(addresses, [NODE1]);
    const wrong = [{ matchExpressions: [{ key: "rack", operator: "Near", values: ["r"] }] }];
    await apply(advertisement("l2", { nodeSelectors: wrong }));
    await scene.told("l2", "ConfigurationError", /must be In, NotIn/);
    expect(await scene.announcer(addresses)).toBe(NODE1);
    await apply(advertisement("l2", on(NODE2)));
    await scene.announcer(addresses, [NODE2]);
  });

  test("that are invalid from the start do nothing, and hinder nothing", async () => {
    await apply(metallb("IPAddressPool", "wrong", { addresses: ["10.64.2.300"] }), advertisement("l2"));
    await scene.told("wrong", "ConfigurationError", /10\.64\.2\.300/);
    await scene.measured("controller1", { metallb_k8s_client_config_stale_bool: 1 });
    await scene.announcer(await scene.serve("beside"));
    await kubectl("delete", "ipaddresspool", "wrong", "-n", NAMESPACE);
    await scene.measured("controller1", { metallb_k8s_client_config_stale_bool: 0 });
  });

  test("that contradict one in force have the error, and take nothing away", async () => {
    const addresses = await scene.serve("first", [advertisement("l2")]);
    await apply(metallb("IPAddressPool", "late", { addresses: ["10.64.1.0/24"] }));
    await scene.told("late", "ConfigurationError", /overlaps with already defined CIDR/);
    await scene.announcer(addresses);
    expect(await scene.cluster.addresses("first")).toEqual(addresses);
  });

  test("of another namespace, and annotations that there are not, are told of, and do nothing", async () => {
    const { metadata, ...rest } = advertisement("stray") as { metadata: object };
    await apply({ ...rest, metadata: { ...metadata, namespace: "default" } });
    await apply(web("odd", {}, { annotations: { "heraldlb.io/refesh": "1s" } }));
    const addresses = await scene.given("odd", 2);
    await scene.told("stray", "ConfigurationWarning", /must be created in metallb-system namespace/);
    await scene.told("odd", "ConfigurationWarning", /heraldlb\.io\/refresh/);
    await scene.told("odd", "notAnnounced", /no L2Advertisement reaches it/);
    await scene.silent(addresses);
    await kubectl("delete", "l2advertisement", "stray", "-n", "default");
  });
});

test("metrics count addresses, requests, answers and announcements", { timeout: 120_000 }, async () => {
  const pool = metallb("IPAddressPool", "counted", { addresses: ["10.64.2.0/28", "fd64::2:0/124"] });
  const objects = [pool, advertisement("l2", preferring([1, host(NODE2)]))];
  const addresses = await scene.serve("counted", objects, { metadata: asking("counted") });
  await scene.announcer(addresses, [NODE2]);
  const allocator = (what: string) => `metallb_allocator_${what}_total{pool="counted"}`;
  await scene.measured("controller1", {
    metallb_k8s_client_config_loaded_bool: 1,
    [allocator("addresses")]: 32,
    [allocator("ipv4_addresses")]: 16,
    [allocator("ipv6_addresses")]: 16,
    [allocator("addresses_in_use")]: 2,
    [allocator("ipv4_addresses_in_use")]: 1,
    [allocator("ipv6_addresses_in_use")]: 1,
  });
  for (const ip of addresses) {
    const protocol = isIpv4(ip) ? "arp" : "ndp";
    await scene.measured(NODE2, {
      [`metallb_speaker_announced{service="default/counted",protocol="layer2",node="${NODE2}",ip="${ip}"}`]: 1,
      [`metallb_layer2_requests_received{ip="${ip}"}`]: /^[1-9]/,
      [`metallb_layer2_responses_sent{ip="${ip}"}`]: /^[1-9]/,
      [`metallb_layer2_gratuitous_sent{ip="${ip}"}`]: protocol === "arp" ? /^([2468]|10)$/ : /^[1-5]$/,
    });
  }
});

/** Says of a node, as its kubelet would, that these conditions are so. */
async function conditions(node: string, values: Readonly<Record<string, "True" | "False">>): Promise<unknown> {
  return await scene.cluster.request("PATCH", `/api/v1/nodes/${node}/status`, {
    contentType: "application/strategic-merge-patch+json",
    body: { status: { conditions: Object.entries(values).map(([type, status]) => ({ type, status })) } },
  });
}
