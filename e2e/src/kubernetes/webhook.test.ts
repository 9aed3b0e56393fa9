import { MERGE_PATCH } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { documentedMetrics, servedMetrics } from "../metrics-page.fixture.ts";
import { metallb, NAMESPACE } from "./scene.fixture.ts";
import { AUTHORITY, type Outcome, peer, pool, WEBHOOKS, WebhookSite } from "./webhook.fixture.ts";

const advertisement = (name: string, spec: object) => metallb("BGPAdvertisement", name, spec);
const community = (name: string, ...values: readonly string[]) =>
  metallb("Community", name, { communities: values.map((value) => ({ name: "vip", value })) });
const onNode = (name: string) => ({ nodeSelectors: [{ matchLabels: { "kubernetes.io/hostname": name } }] });

describe("the webhook of a real API server", { timeout: 120_000 }, () => {
  let site: WebhookSite;

  beforeAll(async () => {
    site = await WebhookSite.create("k8s-webhook");
  }, 120_000);
  afterAll(() => site?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => site.printLogs()));

  test.each<readonly [string, readonly unknown[], unknown, string]>([
    [
      "addresses of another pool",
      [pool("a", ["1.1.1.1-1.1.1.20"])],
      pool("b", ["1.1.1.15-1.1.1.25"]),
      "overlaps with already defined CIDR",
    ],
    [
      "an aggregation length that a pool is too small for",
      [pool("a", ["1.1.1.0/28"])],
      advertisement("a", { aggregationLength: 24 }),
      "invalid aggregation length 24",
    ],
    [
      "selectors of Services beside an aggregation length",
      [],
      advertisement("a", { aggregationLength: 26, serviceSelectors: [{ matchLabels: { a: "b" } }] }),
      "aggregationLength",
    ],
    ["a peer's address that is none", [], peer("a", "1.1.1.400"), "1.1.1.400"],
    [
      "a peer that another one is on the same node",
      [peer("a", "10.0.0.1", onNode("node1"))],
      peer("b", "10.0.0.1"),
      "already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node",
    ],
    ["too large a community", [], community("a", "99999999:1"), "invalid community value: invalid section"],
    ["nearly a large community", [], community("a", "lar:123:9999:123"), "expected community to be of format large"],
    ...["", "large:1:"].flatMap((kind): (readonly [string, readonly unknown[], unknown, string])[] => [
      [
        `an alias twice in one Community, of ${kind}1:1`,
        [],
        community("a", `${kind}1:1`, `${kind}1:1`),
        "duplicate definition of community",
      ],
      [
        `an alias of another Community, of ${kind}1:1`,
        [community("a", `${kind}1:1`)],
        community("b", `${kind}1:1`),
        "duplicate definition of community",
      ],
    ]),
  ])("denies %s", async (_, present, object, message) => {
    expect(await site.createAfter(present, object)).toEqual({
      allowed: false,
      message: expect.stringContaining(message),
    });
  });

  test.each([
    pool("a", ["1.1.1.0/28"]),
    metallb("L2Advertisement", "a", {}),
    advertisement("a", {}),
    peer("a", "10.0.0.1"),
    metallb("BFDProfile", "a", {}),
    community("a", "1:1"),
  ])("denies $kind in another namespace", async (object) => {
    const elsewhere = { ...(object as object), metadata: { name: "a", namespace: "default" } };
    const message = `denied the request: resource must be created in ${NAMESPACE} namespace`;
    expect(await site.create(elsewhere)).toEqual({ allowed: false, message: expect.stringContaining(message) });
  });

  test("denies a change for the worse, and keeps what was", async () => {
    expect(await site.apply(community("c", "1:1"))).toMatchObject({ allowed: true });
    for (const [value, message] of [
      ["99999999:1", "invalid community value: invalid section"],
      ["lar:123:9999:123", "expected community to be of format large"],
    ] as const) {
      expect(await site.apply(community("c", value))).toEqual({
        allowed: false,
        message: expect.stringContaining(message),
      });
    }
    expect(await site.kubectl(["-n", NAMESPACE, "delete", "community", "c"])).toMatchObject({ allowed: true });
    await site.apply(pool("a", ["1.1.1.1-1.1.1.100"]));
    expect(await site.apply(pool("b", ["1.1.1.101-1.1.1.200"]))).toMatchObject({ allowed: true });
    expect(await site.apply(pool("b", ["1.1.1.0/24"]))).toEqual({
      allowed: false,
      message: expect.stringContaining("overlaps with already defined CIDR"),
    });
    await site.kubectl(["-n", NAMESPACE, "delete", "ipaddresspool", "a", "b"]);
  });

  test("allows a peer that another one is on other nodes", async () => {
    const [one, two] = [peer("a", "10.0.0.1", onNode("node1")), peer("b", "10.0.0.1", onNode("node2"))];
    expect(await site.createAfter([one], two)).toMatchObject({ allowed: true });
  });

  test("denies the deletion of a BFDProfile that a peer uses", async () => {
    await site.apply(metallb("BFDProfile", "fast", {}));
    await site.apply(peer("bfd", "10.0.0.9", { bfdProfile: "fast" }));
    const removal = ["-n", NAMESPACE, "delete", "bfdprofile", "fast"];
    // The webhook learns of the peer from the API server, too.
    await until("the deletion was denied", async () => {
      const dry = await site.kubectl([...removal, "--dry-run=server"]);
      return dry.message.includes("failed to delete BFDProfile fast, used by BGPPeer bfd");
    });
    expect(await site.kubectl(removal)).toMatchObject({ allowed: false });
    await site.kubectl(["-n", NAMESPACE, "delete", "bgppeer", "bfd"]);
    await until("the profile could be deleted", async () => (await site.kubectl(removal)).allowed);
  });

  test("objects that refer to each other come in any order, with warnings", async () => {
    const objects = [
      advertisement("early", { ipAddressPools: ["late"], communities: ["late"], peers: ["late"] }),
      peer("late", "10.0.0.7", { bfdProfile: "late", passwordSecret: { name: "late" } }),
      pool("late", ["10.7.0.0/24"]),
      metallb("BFDProfile", "late", {}),
    ];
    for (const object of objects) expect(await site.create(object)).toMatchObject({ allowed: true });
    const generated = {
      ...(pool("", ["10.8.0.0/24"]) as object),
      metadata: { generateName: "p-", namespace: NAMESPACE },
    };
    expect(await site.create(generated)).toMatchObject({ allowed: true });
    await site.kubectl(["-n", NAMESPACE, "delete", "bgpadvertisement,bgppeer", "--all"]);
  });

  test("sees what came, and what went, a moment ago", async () => {
    const pools = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools`;
    for (let round = 0; round < 10; round++) {
      await site.cluster.request("POST", pools, { body: pool("quick", ["10.20.0.0/24"]) });
      const second = site.cluster.request("POST", pools, { body: pool("second", ["10.20.0.0/28"]) });
      await expect(second).rejects.toThrow("overlaps with already defined CIDR");
      await site.cluster.request("DELETE", `${pools}/quick`);
    }
  });

  test("a peer is the same in both versions, whichever it was written in", async () => {
    const newer = `/apis/metallb.io/v1beta2/namespaces/${NAMESPACE}/bgppeers`;
    const older = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/bgppeers`;
    const spec = { connectTime: "10s", vrf: "red", holdTime: "90s", enableGracefulRestart: true, peerPort: 1179 };
    await site.apply(peer("round", "10.0.0.1", spec));
    const before = await site.get(`${newer}/round`);
    const seen = await site.get(`${older}/round`);
    expect(seen).toMatchObject({
      apiVersion: "metallb.io/v1beta1",
      spec: { peerAddress: "10.0.0.1", holdTime: "90s" },
    });
    await site.cluster.request("PUT", `${older}/round`, { body: seen });
    const after = await site.get(`${newer}/round`);
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata).not.toHaveProperty("annotations");

    const body = {
      ...{ apiVersion: "metallb.io/v1beta1", kind: "BGPPeer", metadata: { name: "old" } },
      spec: { myASN: 64500, peerASN: 64501, peerAddress: "10.0.0.2" },
    };
    await site.cluster.request("POST", older, { body });
    const { spec: stored } = await site.get(`${newer}/old`);
    expect(stored).toMatchObject({ peerAddress: "10.0.0.2" });
    expect(stored).not.toHaveProperty("holdTime");
    // And it is validated in the version that is stored.
    const wrong = { ...body, metadata: { name: "wrong" }, spec: { ...body.spec, peerAddress: "1.1.1.400" } };
    expect(await site.create({ ...wrong, metadata: { name: "wrong", namespace: NAMESPACE } })).toMatchObject({
      allowed: false,
    });
    await site.kubectl(["-n", NAMESPACE, "delete", "bgppeer", "--all"]);
  });

  test("trust is restored where somebody has overwritten it", async () => {
    const { cluster } = site;
    const { webhooks = [] } = await site.get(WEBHOOKS);
    const bare = webhooks.map((each) => ({ ...each, clientConfig: { ...each.clientConfig, caBundle: undefined } }));
    await cluster.request("PATCH", WEBHOOKS, { body: { webhooks: bare }, contentType: MERGE_PATCH });
    await until("the webhook was trusted", () => site.isTrusted());
  });

  test("through a rotation of the authority nobody is refused", async () => {
    const { cluster } = site;
    const { data: before } = (await site.get(AUTHORITY)) as { readonly data: Readonly<Record<string, string>> };
    const put = (data: object) => cluster.request("PATCH", AUTHORITY, { body: { data }, contentType: MERGE_PATCH });
    const next = await site.newAuthority();

    const outcomes: Outcome[] = [];
    let isOver = false;
    const asking = (async () => {
      while (!isOver)
        outcomes.push(await site.kubectl(["create", "--dry-run=server", "-f", "-"], pool("asked", ["10.30.0.0/24"])));
    })();
    await put({ "ca-next.crt": next.cert, "ca-next.key": next.key });
    await until("both were trusted", async () => {
      const { webhooks = [] } = await site.get(WEBHOOKS);
      const bundles = webhooks.map(({ clientConfig }) => atob(clientConfig.caBundle ?? ""));
      return bundles.every((bundle) => bundle === `${atob(before["ca.crt"] ?? "")}${atob(next.cert)}`);
    });
    await put({
      ...{ "ca.crt": next.cert, "ca.key": next.key, "ca-next.crt": null, "ca-next.key": null },
      ...{ "ca-former.crt": before["ca.crt"], "ca-former.until": btoa("2999-01-01T00:00:00Z") },
    });
    await until("the new one signed", async () => (await site.issuer()).includes("herald-ca e2e"));
    const asked = outcomes.length;
    await until("it was asked again", () => outcomes.length > asked + 1);
    isOver = true;
    await asking;
    expect(outcomes.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  test("what it is asked is counted, as the reference says", async () => {
    const { everywhere, inCluster } = await documentedMetrics();
    const served = servedMetrics(await site.metrics());
    expect(served.filter((name) => !everywhere.includes(name))).toEqual(inCluster);
  });

  test("a webhook that is gone lets nothing pass, and one that is back knows the authority", async () => {
    const { data } = await site.get(AUTHORITY);
    await site.stop();
    expect(await site.apply(pool("gone", ["10.11.0.0/24"]))).toEqual({
      allowed: false,
      message: expect.stringContaining("failed calling webhook"),
    });
    await site.start();
    await until("an object was admitted", async () => (await site.apply(pool("gone", ["10.11.0.0/24"]))).allowed);
    expect((await site.get(AUTHORITY)).data).toEqual(data);
    const { data: shown } = await site.get(`/api/v1/namespaces/${NAMESPACE}/configmaps/herald-ca`);
    expect(shown).toEqual({ "ca.crt": expect.stringContaining("BEGIN CERTIFICATE") });
  });
});
