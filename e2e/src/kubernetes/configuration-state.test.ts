import { until } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { metallb, NAMESPACE, pods, printLogs, type Scene, service, setScene } from "./scene.fixture.ts";

/** `Valid`, or the errors that a ConfigurationState has, by the object's name. */
type Verdicts = Readonly<Record<string, string>>;

interface States {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly result?: string; readonly errorSummary?: string };
  }[];
}

const VALID: Verdicts = { controller: "Valid", "speaker-node1": "Valid", "speaker-node2": "Valid" };
const on = (node: string) => ({ nodeSelectors: [{ matchLabels: { "kubernetes.io/hostname": node } }] });
const peer = (name: string, spec: object = {}): unknown =>
  metallb("BGPPeer", name, { myASN: 64512, peerASN: 64513, peerAddress: "10.64.0.250", ...spec });
const secret = (type: string): unknown => ({
  ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "bgp", namespace: NAMESPACE }, type },
  stringData: { password: "x" },
});

describe("ConfigurationStates", { timeout: 60_000 }, () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await setScene({ name: `k8s-states-${process.pid}`, nodes: 2 });
    const { cluster, herald } = scene;
    await herald.startController();
    for (const node of cluster.lab.nodes) herald.startSpeaker(node);
    await are(VALID);
  }, 120_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));
  afterEach(async () => {
    await kubectl("delete", "bgppeers,bgpadvertisements,bfdprofiles,communities", "--all");
    await kubectl("delete", "secret", "bgp", "--ignore-not-found");
    await are(VALID);
  });

  const kubectl = (...args: string[]) => scene.cluster.kubectl(["-n", NAMESPACE, ...args]);
  const apply = (...objects: unknown[]) => scene.cluster.apply(objects);

  /** Waits until there are these states and no others: what is not `Valid` has that text among its errors. */
  async function are(expected: Verdicts): Promise<void> {
    await until(`states were ${JSON.stringify(expected)}`, async () => {
      const { items } = JSON.parse(await kubectl("get", "configurationstates", "-o", "json")) as States;
      const verdicts = items.map(({ metadata, status }) => [
        metadata.name,
        status?.errorSummary ?? status?.result ?? "",
      ]);
      const found: Verdicts = Object.fromEntries(verdicts);
      const names = Object.keys(expected);
      if (items.length === names.length && names.every((name) => found[name]?.includes(expected[name] as string)))
        return true;
      throw new Error(`they are ${JSON.stringify(found)}`);
    });
  }

  test("a BGPPeer of one node with a Secret of the wrong type is wrong there, until it is of the right one", async () => {
    await apply(secret("Opaque"), peer("p", { ...on("node2"), passwordSecret: { name: "bgp" } }));
    await are({ ...VALID, "speaker-node2": "secret type mismatch" });
    // The type of a Secret cannot be changed.
    await kubectl("delete", "secret", "bgp");
    await apply(secret("kubernetes.io/basic-auth"));
    await are(VALID);
  });

  test.each([
    [
      "a BFDProfile",
      () => [peer("p", { bfdProfile: "fast" })],
      metallb("BFDProfile", "fast", {}),
      "non existing bfd profile fast",
    ],
    [
      "the Community of an alias",
      () => [metallb("BGPAdvertisement", "a", { communities: ["vpn"] })],
      metallb("Community", "c", { communities: [{ name: "vpn", value: "64512:1" }] }),
      'invalid community "vpn"',
    ],
  ])(
    "%s that is missing is an error of the speakers, also when it goes, and the controller stays valid",
    async (...row) => {
      const [, objects, missing, message] = row;
      const invalid = { controller: "Valid", "speaker-node1": message, "speaker-node2": message };
      await apply(...objects());
      await are(invalid);
      await apply(missing);
      await are(VALID);
      await kubectl("delete", "bfdprofiles,communities", "--all");
      await are(invalid);
    },
  );

  test("of two wrong BGPPeers, removed one by one, the message follows the one that remains", async () => {
    await apply(peer("one", { bfdProfile: "x" }), peer("two", { bfdProfile: "y", peerAddress: "10.64.0.251" }));
    await are({ ...VALID, "speaker-node1": "profile x;", "speaker-node2": "profile y;" });
    await kubectl("delete", "bgppeer", "one");
    await are({
      ...VALID,
      "speaker-node1": "configuration error: BGPPeer metallb-system/two",
      "speaker-node2": "profile y;",
    });
    await kubectl("delete", "bgppeer", "two");
    await are(VALID);
  });

  test("a node that is labelled anew makes two BGPPeers collide, there only", async () => {
    await apply(peer("one", on("node1")), peer("two", { nodeSelectors: [{ matchLabels: { rack: "r" } }] }));
    await are(VALID);
    await kubectl("label", "node", "node1", "rack=r");
    await are({ ...VALID, "speaker-node1": "peer 10.64.0.250 already exists" });
    await kubectl("label", "node", "node1", "rack-");
    await are(VALID);
  });

  test("they are wrong on one node and valid on another, and come back as they were when they are deleted", async () => {
    await apply(peer("p", { ...on("node1"), bfdProfile: "x" }));
    const verdicts = { ...VALID, "speaker-node1": "profile x;" };
    await are(verdicts);
    await kubectl("delete", "configurationstates", "--all");
    await are(verdicts);
    await kubectl("delete", "bgppeer", "p");
    await are(VALID);
    for (const which of ["speaker-node2", "--all"]) {
      await kubectl("delete", "configurationstate", which);
      await are(VALID);
    }
  });

  test("a Service's pool, its node and its events are there to see", async () => {
    const { cluster, given } = scene;
    await pods(cluster, "web", ["node1"]);
    await cluster.apply([service("web")]);
    await given("web", 2);
    await until("the pool counts its addresses", async () => {
      const status = await kubectl("get", "ipaddresspool", "lab", "-o", "jsonpath={.status}");
      return status.includes('"assignedIPv4":1') && status.includes('"assignedIPv6":1');
    });
    const shown = ["get", "servicel2status", "-l", "metallb.io/service-name=web", "-o", "jsonpath={.items[*].status}"];
    const status = await until("a node is shown", async () => (await kubectl(...shown)) || undefined);
    expect(status).toMatch(/"node":"node[12]","serviceName":"web","serviceNamespace":"default"/);
    expect(status).not.toContain("interfaces");
    await until("its events tell of both", async () => {
      const events = await cluster.kubectl(["describe", "service", "web"]);
      return (
        /IPAllocated .*Assigned IP \["10\.64\.1/.test(events) && /nodeAssigned .*with protocol "layer2"/.test(events)
      );
    });
    await cluster.kubectl(["delete", "service", "web"]);
    await until("nobody announces it", async () => (await kubectl("get", "servicel2status", "-o", "name")) === "");
  });

  test("an address that speakers cannot announce is an error of theirs for as long as a Service has it", async () => {
    const { cluster, given } = scene;
    await apply(metallb("IPAddressPool", "odd", { addresses: ["224.0.0.10/32"], autoAssign: false }));
    await pods(cluster, "odd", ["node1"]);
    const annotations = { "metallb.io/address-pool": "odd" };
    await apply(service("odd", { ipFamilyPolicy: "SingleStack" }, { annotations }));
    await given("odd", 1);
    const message = "the speaker could not apply 224.0.0.10: not a unicast address";
    await are({ controller: "Valid", "speaker-node1": message, "speaker-node2": message });
    await cluster.kubectl(["delete", "service", "odd"]);
    await kubectl("delete", "ipaddresspool", "odd");
    await are(VALID);
  });

  test("that of a node which is gone goes", async () => {
    const [, node2] = scene.cluster.lab.nodes;
    if (!node2) throw new Error("there are two nodes");
    await kubectl("delete", "node", "node2");
    await are({ controller: "Valid", "speaker-node1": "Valid" });
    await scene.cluster.addNode(node2);
    await are(VALID);
  });
});
