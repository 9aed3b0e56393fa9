import { type Cluster, createCluster, type Pod } from "@heraldlb/cluster";
import { mayGet, reviewToken, type TokenReview } from "@heraldlb/kube";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const NAMESPACE = "metallb-system";
const SPEAKER = { namespace: NAMESPACE, serviceAccount: "herald-speaker" } as const;
const AUDIENCE = "herald";
const NODE_NAME = "authentication.kubernetes.io/node-name";

describe("what an API server says of tokens, on which a speaker's identity rests", { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let pod: Pod;

  beforeAll(async () => {
    cluster = await createCluster({ name: `k8s-tokens-${process.pid}`, nodes: 1 });
    const account = { apiVersion: "v1", kind: "ServiceAccount" };
    await cluster.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
      { ...account, metadata: { name: SPEAKER.serviceAccount, namespace: NAMESPACE } },
      { ...account, metadata: { name: "scraper", namespace: NAMESPACE } },
      {
        ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "scraper" } },
        rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
      },
      {
        ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", metadata: { name: "scraper" } },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "scraper" },
        subjects: [{ kind: "ServiceAccount", name: "scraper", namespace: NAMESPACE }],
      },
    ]);
    pod = await speakerPod("speaker");
  }, 120_000);
  afterAll(() => cluster[Symbol.asyncDispose]());

  const speakerPod = (name: string) =>
    cluster.createPod({ ...{ name, node: cluster.lab.host("node1"), hostNetwork: true }, ...SPEAKER });

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
    const former = await speakerPod("former");
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
