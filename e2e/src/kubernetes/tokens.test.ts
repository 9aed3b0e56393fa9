import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Cluster, Pod } from "@heraldlb/cluster";
import { mayGet, reviewToken, type TokenReview } from "@heraldlb/kube";
import { type Host, pass, until } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NAMESPACE, pods, printLogs, type Scene, service, setScene } from "./scene.fixture.ts";

const SPEAKER = { namespace: NAMESPACE, serviceAccount: "herald-speaker" } as const;
const AUDIENCE = "herald";
const NODE_NAME = "authentication.kubernetes.io/node-name";
const METRICS_PORT = 9120;

const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };
const RBAC = "rbac.authorization.k8s.io";
const OBJECTS = [
  { ...ACCOUNT, metadata: { name: SPEAKER.serviceAccount, namespace: NAMESPACE } },
  { ...ACCOUNT, metadata: { name: "scraper", namespace: NAMESPACE } },
  {
    ...{ apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: "scraper" } },
    rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
  },
  {
    ...{ apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", metadata: { name: "scraper" } },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: "scraper" },
    subjects: [{ kind: "ServiceAccount", name: "scraper", namespace: NAMESPACE }],
  },
];

let scene: Scene;
let cluster: Cluster;
let node: Host;
let pod: Pod;

beforeAll(async () => {
  scene = await setScene({ name: `k8s-tokens-${process.pid}`, nodes: 2, controllers: 1 });
  cluster = scene.cluster;
  node = cluster.lab.host("node1");
  await cluster.apply(OBJECTS);
  pod = await speakerPod("speaker", "node1");
}, 120_000);
afterAll(() => scene[Symbol.asyncDispose]());

const speakerPod = (name: string, host: string) =>
  cluster.createPod({ name, node: cluster.lab.host(host), hostNetwork: true, ...SPEAKER });

describe("what an API server says of tokens, on which a speaker's identity rests", { timeout: 120_000 }, () => {
  const review = (token: string, audiences: readonly string[] = [AUDIENCE]): Promise<TokenReview> =>
    reviewToken(cluster, token, audiences);

  test("a token that is bound to a pod names the pod's node and account, for the audience alone", async () => {
    const found = await review(await cluster.token({ ...SPEAKER, audience: AUDIENCE, pod }));
    expect(found).toMatchObject({
      authenticated: true,
      username: `system:serviceaccount:${NAMESPACE}:herald-speaker`,
      audiences: [AUDIENCE],
      error: "",
    });
    expect(found.extra[NODE_NAME]).toEqual(["node1"]);
  });

  test("a token for the API server is refused for its audience", async () => {
    expect(await review(await cluster.token({ ...SPEAKER, pod }))).toMatchObject({
      authenticated: false,
      error: expect.stringMatching(/audience/),
    });
  });

  test("a token that is not bound to a pod names no node", async () => {
    const found = await review(await cluster.token({ ...SPEAKER, audience: AUDIENCE }));
    expect(found.authenticated).toBe(true);
    expect(found.extra[NODE_NAME]).toBeUndefined();
  });

  test("a token of a pod that is gone is worth nothing", async () => {
    const former = await speakerPod("former", "node2");
    const token = await cluster.token({ ...SPEAKER, audience: AUDIENCE, pod: former });
    expect((await review(token)).authenticated).toBe(true);
    await cluster.deletePod(former);
    await expect.poll(async () => (await review(token)).authenticated, { timeout: 30_000 }).toBe(false);
  });

  test.each([["nonsense"], ["a.b.c"], ["\u{1f980}"]])(
    "what is no token (%j) is refused with a reason",
    async (token) => {
      const { authenticated, error } = await review(token);
      expect(authenticated).toBe(false);
      expect(error).not.toMatch(/audience/);
    },
  );

  test("whoever may get /metrics is told apart from whoever may not", async () => {
    const right = async (serviceAccount: string) => {
      const token = await cluster.token({ namespace: NAMESPACE, serviceAccount });
      return await mayGet(cluster, await review(token, []), "/metrics");
    };
    expect(await right("scraper")).toBe(true);
    expect(await right("herald-speaker")).toBe(false);
  });
});

describe("a speaker with a token", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    await pods(cluster, "web", ["node1"]);
    await cluster.apply([service("web")]);
    const { ipv4 } = cluster.lab.host("controller1");
    await scene.herald.startController({ args: ["--tls-secret", "herald-ca", "--tls-name", `${ipv4}`] });
    await scene.given("web", 2);
    const ca = await until("the authority's certificate was published", async () => {
      const path = "jsonpath={.data.ca\\.crt}";
      return await cluster.kubectl(["get", "configmap", "herald-ca", "-n", NAMESPACE, "-o", path]).catch(() => "");
    });
    writeFileSync(file("ca"), ca);
  }, 120_000);
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));
  afterEach(async () => {
    await scene.herald.speaker(node).stop();
    scene.herald.forgetState(node);
  });

  const file = (name: string) => join(cluster.lab.folder, name);

  /** Starts node1's speaker with this token. */
  const start = (token: string, ...args: readonly string[]) => {
    writeFileSync(file("token"), token);
    return scene.herald.startSpeaker(node, { args: ["--token-file", file("token"), "--tls-ca", file("ca"), ...args] });
  };

  const goodToken = () => cluster.token({ ...SPEAKER, audience: AUDIENCE, pod });

  const counted = async (metric: string) =>
    (await scene.herald.metrics(cluster.lab.host("controller1"))).split("\n").find((line) => line.startsWith(metric));

  test("bound to its node's pod is let in, and keeps a certificate", async () => {
    const speaker = start(await goodToken());
    await speaker.logged(/client certificate received/);
    await scene.herald.ready(node, speaker);
    await until("the certificate was kept", () =>
      ["client.crt", "client.key"].every((name) => readdirSync(scene.herald.stateFolder(node)).includes(name)),
    );
  });

  test.each<[what: string, token: () => Promise<string>, reason: RegExp, counter: string]>([
    [
      "of another node's pod",
      async () => cluster.token({ ...SPEAKER, audience: AUDIENCE, pod: await speakerPod("other", "node2") }),
      /the token is that of node node2, not of node node1/,
      "wrongNode",
    ],
    ["for another audience", () => cluster.token({ ...SPEAKER, pod }), /the token is not for herald/, "wrongAudience"],
    [
      "of another account",
      () => cluster.token({ namespace: "default", serviceAccount: "default", audience: AUDIENCE }),
      /the token is that of system:serviceaccount:default:default/,
      "wrongAccount",
    ],
    [
      "bound to no pod",
      () => cluster.token({ ...SPEAKER, audience: AUDIENCE }),
      /the token is not bound to a pod/,
      "noNode",
    ],
    ["that is none", async () => "nonsense", /the token is not valid/, "notAuthenticated"],
  ])("%s is refused: both sides say why, and it is counted", async (_what, token, reason, counter) => {
    const speaker = start(await token());
    await speaker.logged(reason);
    await scene.herald.controller().logged(reason);
    expect(await counted(`herald_streams_refused_total{reason="${counter}"}`)).toMatch(/ [1-9]\d*$/);
    expect(speaker.log()).not.toMatch(/"to":"owner"/);
  });

  test("comes back by its certificate while the API server is away, whatever its token", async () => {
    const speaker = start(await goodToken());
    await speaker.logged(/client certificate received/);
    await until("the certificate was kept", () => readdirSync(scene.herald.stateFolder(node)).includes("client.crt"));
    await speaker.stop();
    cluster.apiServer.kill("SIGKILL");
    await cluster.apiServer.exited;
    try {
      const again = start("nonsense");
      await again.logged(/stream opened/);
    } finally {
      await cluster.startApiServer();
    }
  });

  test("keeps its stream when the token that it renews is refused", async () => {
    const speaker = start(await goodToken());
    await speaker.logged(/client certificate received/);
    writeFileSync(file("token"), "nonsense");
    await scene.herald.controller().logged(/renewed token not accepted/, { timeoutMs: 20_000 });
    await pass(1_000);
    expect(speaker.log()).not.toMatch(/stream (lost|ended)/);
  });

  test("serves its metrics by HTTPS, with its certificate, to whom the API server allows it", async () => {
    const speaker = start(await goodToken(), "--metrics", `0.0.0.0:${METRICS_PORT}`);
    await speaker.logged(/client certificate received/);
    const scrape = async (...headers: readonly string[]) => {
      const trust = ["--cacert", file("ca"), "--resolve", `node1:${METRICS_PORT}:127.0.0.1`];
      const shown = ["-o", "/dev/null", "-w", "%{http_code}", ...headers.flatMap((header) => ["-H", header])];
      return (await node.attempt(["curl", "-s", ...trust, ...shown, `https://node1:${METRICS_PORT}/metrics`])).stdout;
    };
    const bearer = async (serviceAccount: string) =>
      `Authorization: Bearer ${await cluster.token({ namespace: NAMESPACE, serviceAccount })}`;
    expect(await scrape(await bearer("scraper"))).toBe("200");
    expect(await scrape(await bearer("herald-speaker"))).toBe("403");
    expect(await scrape("Authorization: Bearer nonsense")).toBe("401");
    expect(await scrape()).toBe("401");
  });
});
