import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseManifests, renderChart } from "@heraldlb/chart";
import { MERGE_PATCH } from "@heraldlb/cluster";
import { CommandError, type LabProcess, until } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { documentedMetrics, servedMetrics } from "../metrics-page.fixture.ts";
import { metallb, NAMESPACE, printLogs, type Scene, setScene } from "./scene.fixture.ts";

const PORT = 9443;
const SERVICE = "herald-webhook";
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io";
const WEBHOOKS = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${SERVICE}`;

/** An object of the API server. */
interface Found {
  readonly metadata: object;
  readonly spec?: unknown;
  readonly data?: unknown;
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

describe("the webhook of a real API server", { timeout: 120_000 }, () => {
  let scene: Scene;
  let webhook: LabProcess;

  beforeAll(async () => {
    scene = await setScene({ name: `k8s-webhook-${process.pid}`, nodes: 2 }, { objects: [] });
    const { cluster } = scene;
    const rendered = parseManifests(await renderChart({ namespace: NAMESPACE }));
    await cluster.apply(rendered.filter(({ kind, metadata }) => kind !== "Deployment" && metadata.name === SERVICE));
    await cluster.apply([
      {
        ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
        metadata: { name: SERVICE, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": SERVICE } },
        endpoints: [{ addresses: [cluster.host.ipv4], conditions: { ready: true } }],
        ports: [{ name: "webhook", port: PORT, protocol: "TCP" }],
      },
    ]);
    await cluster.request("PATCH", CRD, {
      contentType: MERGE_PATCH,
      body: {
        spec: {
          conversion: {
            strategy: "Webhook",
            webhook: {
              clientConfig: { service: { name: SERVICE, namespace: NAMESPACE, path: "/convert" } },
              conversionReviewVersions: ["v1"],
            },
          },
        },
      },
    });
    webhook = await startWebhook();
    await until("the webhook was trusted", () => isTrusted());
    await until("an object was admitted", async () => (await apply(pool("first", ["10.9.9.0/24"]))).allowed);
    // The API server reads a kind again whose definition has changed, and watches of it with it.
    const rival = peer("second", "10.0.0.1");
    await until("peers were followed", async () => !(await createAfter([peer("first", "10.0.0.1")], rival)).allowed);
  }, 120_000);
  afterAll(() => scene?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));

  async function startWebhook(): Promise<LabProcess> {
    const { host } = scene.cluster;
    const tls = ["--tls-secret", "herald-ca", "--tls-name", host.ipv4];
    return scene.herald.startController({ host, args: [...tls, "--webhook-listen", `${host.ipv4}:${PORT}`] });
  }

  /** Whether every client has some bundle. */
  async function isTrusted(): Promise<boolean> {
    const [webhooks, crd] = await Promise.all([
      scene.cluster.request("GET", WEBHOOKS),
      scene.cluster.request("GET", CRD),
    ]);
    const clients = JSON.stringify([webhooks, crd]).match(/"caBundle":"[^"]+"/g) ?? [];
    return clients.length === 7;
  }

  interface Outcome {
    readonly allowed: boolean;
    /** What kubectl said. */
    readonly message: string;
  }

  async function kubectl(args: readonly string[], input?: unknown): Promise<Outcome> {
    try {
      const text = await scene.cluster.kubectl(args, {
        input: input === undefined ? undefined : JSON.stringify(input),
      });
      return { allowed: true, message: text };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { allowed: false, message: error.message };
    }
  }

  const apply = (object: unknown) => kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], object);
  const create = (object: unknown) => kubectl(["create", "-f", "-"], object);
  const get = async (path: string) => (await scene.cluster.request("GET", path)) as Found;

  /** Creates objects that are to be denied, then what they need is taken away again. */
  async function createAfter(present: readonly unknown[], object: unknown): Promise<Outcome> {
    for (const each of present) expect(await create(each)).toMatchObject({ allowed: true });
    try {
      return await create(object);
    } finally {
      for (const each of [object, ...present].toReversed()) {
        await scene.cluster.kubectl(["delete", "--ignore-not-found", "-f", "-"], { input: JSON.stringify(each) });
      }
    }
  }

  const pool = (name: string, addresses: readonly string[]) => metallb("IPAddressPool", name, { addresses });
  const advertisement = (name: string, spec: object) => metallb("BGPAdvertisement", name, spec);
  const peer = (name: string, peerAddress: string, spec: object = {}) =>
    metallb("BGPPeer", name, { myASN: 64500, peerASN: 64501, peerAddress, ...spec });
  const community = (name: string, ...values: readonly string[]) =>
    metallb("Community", name, { communities: values.map((value) => ({ name: "vip", value })) });
  const onNode = (name: string) => ({ nodeSelectors: [{ matchLabels: { "kubernetes.io/hostname": name } }] });

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
    ["an alias twice in one Community", [], community("a", "1:1", "1:2"), "duplicate definition of community"],
    [
      "an alias of another Community",
      [community("a", "large:1:1:1")],
      community("b", "large:1:1:2"),
      "duplicate definition of community",
    ],
  ])("denies %s", async (_, present, object, message) => {
    expect(await createAfter(present, object)).toEqual({ allowed: false, message: expect.stringContaining(message) });
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
    expect(await create(elsewhere)).toEqual({ allowed: false, message: expect.stringContaining(message) });
  });

  test("denies a change for the worse, and keeps what was", async () => {
    expect(await apply(community("c", "1:1"))).toMatchObject({ allowed: true });
    for (const [value, message] of [
      ["99999999:1", "invalid community value: invalid section"],
      ["lar:123:9999:123", "expected community to be of format large"],
    ] as const) {
      expect(await apply(community("c", value))).toEqual({ allowed: false, message: expect.stringContaining(message) });
    }
    expect(await kubectl(["-n", NAMESPACE, "delete", "community", "c"])).toMatchObject({ allowed: true });
  });

  test("allows a peer that another one is on other nodes", async () => {
    const [one, two] = [peer("a", "10.0.0.1", onNode("node1")), peer("b", "10.0.0.1", onNode("node2"))];
    expect(await createAfter([one], two)).toMatchObject({ allowed: true });
  });

  test("denies the deletion of a BFDProfile that a peer uses", async () => {
    await apply(metallb("BFDProfile", "fast", {}));
    await apply(peer("bfd", "10.0.0.9", { bfdProfile: "fast" }));
    const removal = ["-n", NAMESPACE, "delete", "bfdprofile", "fast"];
    // The webhook learns of the peer from the API server, too.
    await until("the deletion was denied", async () => {
      const dry = await kubectl([...removal, "--dry-run=server"]);
      return dry.message.includes("failed to delete BFDProfile fast, used by BGPPeer bfd");
    });
    expect(await kubectl(removal)).toMatchObject({ allowed: false });
    await kubectl(["-n", NAMESPACE, "delete", "bgppeer", "bfd"]);
    await until("the profile could be deleted", async () => (await kubectl(removal)).allowed);
  });

  test("objects that refer to each other come in any order, with warnings", async () => {
    const objects = [
      advertisement("early", { ipAddressPools: ["late"], communities: ["late"], peers: ["late"] }),
      peer("late", "10.0.0.7", { bfdProfile: "late", passwordSecret: { name: "late" } }),
      pool("late", ["10.7.0.0/24"]),
      metallb("BFDProfile", "late", {}),
    ];
    for (const object of objects) expect(await create(object)).toMatchObject({ allowed: true });
    const generated = {
      ...(pool("", ["10.8.0.0/24"]) as object),
      metadata: { generateName: "p-", namespace: NAMESPACE },
    };
    expect(await create(generated)).toMatchObject({ allowed: true });
    await kubectl(["-n", NAMESPACE, "delete", "bgpadvertisement,bgppeer", "--all"]);
  });

  test("sees what came, and what went, a moment ago", async () => {
    const pools = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools`;
    for (let round = 0; round < 10; round++) {
      await scene.cluster.request("POST", pools, { body: pool("quick", ["10.20.0.0/24"]) });
      const second = scene.cluster.request("POST", pools, { body: pool("second", ["10.20.0.0/28"]) });
      await expect(second).rejects.toThrow("overlaps with already defined CIDR");
      await scene.cluster.request("DELETE", `${pools}/quick`);
    }
  });

  test("a peer is the same in both versions, whichever it was written in", async () => {
    const newer = `/apis/metallb.io/v1beta2/namespaces/${NAMESPACE}/bgppeers`;
    const older = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/bgppeers`;
    const spec = { connectTime: "10s", vrf: "red", holdTime: "90s", enableGracefulRestart: true, peerPort: 1179 };
    await apply(peer("round", "10.0.0.1", spec));
    const before = await get(`${newer}/round`);
    const seen = await get(`${older}/round`);
    expect(seen).toMatchObject({
      apiVersion: "metallb.io/v1beta1",
      spec: { peerAddress: "10.0.0.1", holdTime: "90s" },
    });
    await scene.cluster.request("PUT", `${older}/round`, { body: seen });
    const after = await get(`${newer}/round`);
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata).not.toHaveProperty("annotations");

    const body = {
      ...{ apiVersion: "metallb.io/v1beta1", kind: "BGPPeer", metadata: { name: "old" } },
      spec: { myASN: 64500, peerASN: 64501, peerAddress: "10.0.0.2" },
    };
    await scene.cluster.request("POST", older, { body });
    const { spec: stored } = await get(`${newer}/old`);
    expect(stored).toMatchObject({ peerAddress: "10.0.0.2" });
    expect(stored).not.toHaveProperty("holdTime");
    // And it is validated in the version that is stored.
    const wrong = { ...body, metadata: { name: "wrong" }, spec: { ...body.spec, peerAddress: "1.1.1.400" } };
    expect(await create({ ...wrong, metadata: { name: "wrong", namespace: NAMESPACE } })).toMatchObject({
      allowed: false,
    });
    await kubectl(["-n", NAMESPACE, "delete", "bgppeer", "--all"]);
  });

  test("trust is restored where somebody has overwritten it", async () => {
    const { cluster } = scene;
    const { webhooks = [] } = await get(WEBHOOKS);
    const bare = webhooks.map((each) => ({ ...each, clientConfig: { ...each.clientConfig, caBundle: undefined } }));
    await cluster.request("PATCH", WEBHOOKS, { body: { webhooks: bare }, contentType: MERGE_PATCH });
    await until("the webhook was trusted", () => isTrusted());
  });

  test("through a rotation of the authority nobody is refused", async () => {
    const { cluster } = scene;
    const secret = `/api/v1/namespaces/${NAMESPACE}/secrets/herald-ca`;
    const { data: before } = (await get(secret)) as { readonly data: Readonly<Record<string, string>> };
    const put = (data: object) => cluster.request("PATCH", secret, { body: { data }, contentType: MERGE_PATCH });
    const next = await newAuthority();

    const outcomes: Outcome[] = [];
    let isOver = false;
    const asking = (async () => {
      while (!isOver)
        outcomes.push(await kubectl(["create", "--dry-run=server", "-f", "-"], pool("asked", ["10.30.0.0/24"])));
    })();
    await put({ "ca-next.crt": next.cert, "ca-next.key": next.key });
    await until("both were trusted", async () => {
      const { webhooks = [] } = await get(WEBHOOKS);
      const bundles = webhooks.map(({ clientConfig }) => atob(clientConfig.caBundle ?? ""));
      return bundles.every((bundle) => bundle === `${atob(before["ca.crt"] ?? "")}${atob(next.cert)}`);
    });
    await put({
      ...{ "ca.crt": next.cert, "ca.key": next.key, "ca-next.crt": null, "ca-next.key": null },
      ...{ "ca-former.crt": before["ca.crt"], "ca-former.until": btoa("2999-01-01T00:00:00Z") },
    });
    await until("the new one signed", async () => (await issuer()).includes("herald-ca e2e"));
    const asked = outcomes.length;
    await until("it was asked again", () => outcomes.length > asked + 1);
    isOver = true;
    await asking;
    expect(outcomes.filter(({ allowed }) => !allowed)).toEqual([]);
  });

  /** Made by somebody else's tools. In base64. */
  async function newAuthority(): Promise<{ readonly cert: string; readonly key: string }> {
    const { host, lab } = scene.cluster;
    const [cert, key] = [join(lab.folder, "next.crt"), join(lab.folder, "next.key")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const validity = ["-days", "365", "-subj", "/CN=herald-ca e2e"];
    await host.exec(["openssl", "req", "-x509", ...curve, ...validity, "-out", cert, "-keyout", key]);
    return { cert: btoa(readFileSync(cert, "utf8")), key: btoa(readFileSync(key, "utf8")) };
  }

  /** Who signed the certificate that the webhook shows. */
  async function issuer(): Promise<string> {
    const { host } = scene.cluster;
    const connection = await host.exec(["openssl", "s_client", "-connect", `${host.ipv4}:${PORT}`], { input: "" });
    return connection.split("\n").find((line) => line.startsWith("issuer=")) ?? "";
  }

  test("what it is asked is counted, as the reference says", async () => {
    const { everywhere, inCluster } = await documentedMetrics();
    const served = servedMetrics(await scene.herald.metrics(scene.cluster.host));
    expect(served.filter((name) => !everywhere.includes(name))).toEqual(inCluster);
  });

  test("a webhook that is gone lets nothing pass, and one that is back knows the authority", async () => {
    const secret = `/api/v1/namespaces/${NAMESPACE}/secrets/herald-ca`;
    const { data } = await get(secret);
    await webhook.stop();
    expect(await apply(pool("gone", ["10.11.0.0/24"]))).toEqual({
      allowed: false,
      message: expect.stringContaining("failed calling webhook"),
    });
    webhook = await startWebhook();
    await until("an object was admitted", async () => (await apply(pool("gone", ["10.11.0.0/24"]))).allowed);
    expect((await get(secret)).data).toEqual(data);
    const { data: shown } = await get(`/api/v1/namespaces/${NAMESPACE}/configmaps/herald-ca`);
    expect(shown).toEqual({ "ca.crt": expect.stringContaining("BEGIN CERTIFICATE") });
  });
});
