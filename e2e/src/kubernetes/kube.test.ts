import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, createCluster, findBinaries } from "@heraldlb/cluster";
import {
  connectKube,
  EventRecorder,
  type Kube,
  KubeError,
  type KubeObject,
  mayGet,
  readLease,
  reflect,
  reviewToken,
  writeLease,
} from "@heraldlb/kube";
import { until } from "@heraldlb/lab";
import { type Clock, silentLogger, systemClock } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";

// Compiling Kubernetes takes minutes, the first time.
const BUILD_MS = 50 * 60_000;
const MAPS = "/api/v1/namespaces/default/configmaps";

const surroundings = { clock: systemClock, log: silentLogger, random: Math.random };

/** What a consumer has after everything that it was told. */
interface Copy {
  readonly objects: Map<string, KubeObject>;
  /** How many objects each `onChange` told of. */
  readonly changes: number[];
  readonly troubles: unknown[];
  syncs: number;
}

describe("the client", { timeout: 120_000 }, () => {
  let cluster: Cluster;
  let kube: Kube;

  beforeAll(async () => {
    await findBinaries();
    cluster = await createCluster({ name: `kube-${process.pid}`, nodes: 1 });
    kube = await connect(await cluster.kubeconfig(undefined, "outside"));
  }, BUILD_MS);
  afterAll(async () => {
    kube?.close();
    await cluster?.[Symbol.asyncDispose]();
  });

  const connect = (kubeconfig: string, clock: Clock = systemClock): Promise<Kube> =>
    connectKube({ ...surroundings, clock, kubeconfig, qps: 50, burst: 100, userAgent: "herald-e2e/1" });

  /** Reflects until the test ends. */
  const copy = (through: Pick<Kube, "request" | "stream">, path: string): Copy => {
    const stop = new AbortController();
    const made: Copy = { objects: new Map(), changes: [], troubles: [], syncs: 0 };
    const handlers = {
      onSynced: (all: ReadonlyMap<string, KubeObject>) => {
        made.syncs += 1;
        for (const [key, object] of all) made.objects.set(key, object);
      },
      onChange: ({ changed, removed }: { changed: readonly KubeObject[]; removed: readonly KubeObject[] }) => {
        made.changes.push(changed.length + removed.length);
        for (const { metadata } of removed) made.objects.delete(`${metadata.namespace}/${metadata.name}`);
        for (const object of changed) made.objects.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
      },
      onTrouble: (problem: unknown) => void made.troubles.push(problem),
    };
    const done = reflect(through, { path }, handlers, surroundings, stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await done;
    });
    return made;
  };

  const allow = async (user: string, rule: object) => {
    const group = "rbac.authorization.k8s.io";
    const metadata = { name: `test-${user}` };
    const roleRef = { apiGroup: group, kind: "ClusterRole", name: metadata.name };
    const subjects = [{ apiGroup: group, kind: "User", name: user }];
    await cluster.apply([
      { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata, rules: [rule] },
      { apiVersion: `${group}/v1`, kind: "ClusterRoleBinding", metadata, roleRef, subjects },
    ]);
  };

  const createMap = (name: string) =>
    kube.request("POST", MAPS, { body: { metadata: { name, labels: { test: "kube" } }, data: { a: "1" } } });

  /** Waits until the copy has the versions that the API server has. */
  const agrees = (made: Copy) =>
    until("the copy is what the API server has", async () => {
      const { items } = (await kube.request("GET", MAPS)) as { readonly items: readonly KubeObject[] };
      const versions = (objects: Iterable<KubeObject>) =>
        [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
      expect(versions(made.objects.values())).toEqual(versions(items));
      return true;
    });

  test("copies a list of several pages, follows it, and keeps no managedFields", async () => {
    await Promise.all(Array.from({ length: 1_200 }, (_, index) => createMap(`page-${index}`)));
    const made = copy(kube, MAPS);
    await agrees(made);
    expect(made.syncs).toBe(1);
    await kube.request("PATCH", `${MAPS}/page-7`, {
      body: { data: { a: "2" } },
      contentType: "application/merge-patch+json",
    });
    await kube.request("DELETE", `${MAPS}/page-8`);
    await createMap("page-new");
    await agrees(made);
    const object = made.objects.get("default/page-7");
    expect(object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { a: "2" } });
    expect(object?.metadata).not.toHaveProperty("managedFields");
    await kube.request("DELETE", MAPS, { query: { labelSelector: "test=kube" } });
    await agrees(made);
    expect([made.syncs, made.troubles]).toEqual([1, []]);
  });

  test("goes on where it was after the API server was killed, and tells nothing twice", async () => {
    await createMap("before");
    const made = copy(kube, MAPS);
    await agrees(made);
    await restartApiServer(cluster);
    await createMap("after");
    await agrees(made);
    expect([made.syncs, made.changes]).toEqual([1, [1]]);
    expect(made.troubles.at(-1)).toBeUndefined();
    expect(made.troubles[0]).toBeInstanceOf(KubeError);
  });

  test("lists again when the API server has forgotten where it was, and tells the differences at once", async () => {
    await Promise.all(["kept", "changed", "removed"].map(createMap));
    let gate = Promise.resolve();
    let lists = 0;
    const made = copy(
      {
        request: async (...asked) => {
          lists += 1;
          return await kube.request(...asked);
        },
        stream: async (path, options) => {
          await gate;
          return await kube.stream(path, options);
        },
      },
      MAPS,
    );
    await agrees(made);
    const { promise, resolve: open } = Promise.withResolvers<void>();
    gate = promise;
    await restartApiServer(cluster);
    await kube.request("PATCH", `${MAPS}/changed`, {
      body: { data: { a: "2" } },
      contentType: "application/merge-patch+json",
    });
    await kube.request("DELETE", `${MAPS}/removed`);
    await createMap("added");
    // What the API server has of etcd after a restart begins here: it was not told of what happened before.
    await restartApiServer(cluster);
    open();
    await agrees(made);
    expect([made.syncs, made.changes, lists]).toEqual([1, [3], 2]);
  });

  test("a Lease is written only on top of what was seen, by one of many", async () => {
    expect(await readLease(kube, "default", "race")).toBeUndefined();
    const take = async (holder: string, expected: string | undefined) => {
      try {
        return await writeLease(kube, "default", "race", { holder, transitions: 1, expected, isTakeover: true });
      } catch (error) {
        return (error as KubeError).status;
      }
    };
    for (let round = 0; round < 5; round++) {
      const expected = (await readLease(kube, "default", "race"))?.version;
      const results = await Promise.all(["a", "b", "c", "d"].map((holder) => take(holder, expected)));
      expect(results.filter((result) => result === 409)).toHaveLength(3);
      expect(results).toContainEqual(await readLease(kube, "default", "race"));
    }
    const last = await readLease(kube, "default", "race");
    const released = await writeLease(kube, "default", "race", {
      holder: undefined,
      transitions: 2_147_483_647,
      expected: last?.version,
    });
    expect(released).toMatchObject({ holder: undefined, transitions: 2_147_483_647 });
    await kube.request("DELETE", "/apis/coordination.k8s.io/v1/namespaces/default/leases/race");
    expect(await take("a", released.version)).toBe(409);
  });

  test("kubectl describe shows an Event, repeated ones with their count", async () => {
    const service = (await kube.request("POST", "/api/v1/namespaces/default/services", {
      body: { metadata: { name: "shop" }, spec: { ports: [{ port: 80 }] } },
    })) as KubeObject;
    const { name, namespace, uid } = service.metadata;
    const recorder = new EventRecorder(kube, { ...surroundings, component: "herald-controller", instance: "test" });
    const stop = new AbortController();
    const done = recorder.run(stop.signal);
    const object = { apiVersion: "v1", kind: "Service", name, namespace, uid };
    const event = { object, type: "Warning", reason: "AllocationFailed", message: "no pool has an address" } as const;
    const described = (pattern: RegExp) =>
      until(`the description has ${pattern}`, async () => {
        expect(await cluster.kubectl(["describe", "service", "shop"])).toMatch(pattern);
        return true;
      });
    recorder.record(event);
    await described(/Warning\s+AllocationFailed\s+\S+\s+herald-controller\s+no pool has an address/);
    recorder.record(event);
    recorder.record(event);
    await described(/Warning\s+AllocationFailed\s+\S+ \(x3 over \S+\)\s+herald-controller\s+no pool has an address/);
    expect(recorder.dropped).toBe(0);
    stop.abort();
    await done;
  });

  test("a token says whose it is and on which node, for its audience only", async () => {
    const [node] = cluster.lab.nodes;
    if (!node) throw new Error("the cluster has no node");
    const pod = await cluster.createPod({ name: "speaker", node, hostNetwork: true });
    const token = await cluster.token({ serviceAccount: "default", audience: "herald", pod });
    expect(await reviewToken(kube, token, ["herald"])).toMatchObject({
      authenticated: true,
      username: "system:serviceaccount:default:default",
      audiences: ["herald"],
      error: "",
      extra: { "authentication.kubernetes.io/node-name": [node.name] },
    });
    expect(await reviewToken(kube, token, ["other"])).toMatchObject({ authenticated: false });
    expect(await reviewToken(kube, `${token}x`, ["herald"])).toMatchObject({ authenticated: false });
  });

  test("who may get a URL is what RBAC says", async () => {
    await allow("prometheus", { nonResourceURLs: ["/metrics"], verbs: ["get"] });
    const may = (username: string, url: string) => mayGet(kube, { username, groups: [], extra: {} }, url);
    await until("the binding counts", () => may("prometheus", "/metrics"));
    expect(await may("prometheus", "/other")).toBe(false);
    expect(await may("somebody", "/metrics")).toBe(false);
  });

  test("a certificate that is replaced counts from the next request on, and streams go on", async () => {
    const folder = await mkdtemp(join(tmpdir(), "herald-kube-"));
    const kubeconfig = join(folder, "kubeconfig");
    const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
    const certify = async (user: string) => {
      const made = JSON.parse(await readFile(await cluster.kubeconfig({ user }, "outside"), "utf8"));
      const credentials = made.users[0].user;
      await writeFile(files.certificate, atob(credentials["client-certificate-data"]));
      await writeFile(files.key, atob(credentials["client-key-data"]));
      made.users[0].user = { "client-certificate": files.certificate, "client-key": files.key };
      await writeFile(kubeconfig, JSON.stringify(made));
    };
    await certify("first");
    const clock = new FakeClock();
    const other = await connect(kubeconfig, clock);
    const stop = new AbortController();
    onTestFinished(async () => {
      stop.abort();
      other.close();
      await rm(folder, { recursive: true });
    });
    const whoAmI = async () => {
      const review = await other.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: {} });
      return (review as { readonly status: { readonly userInfo: { readonly username: string } } }).status.userInfo
        .username;
    };
    expect(await whoAmI()).toBe("first");
    await allow("first", { apiGroups: [""], resources: ["namespaces"], verbs: ["watch"] });
    const { metadata } = (await kube.request("GET", "/api/v1/namespaces")) as KubeObject;
    const query = { watch: "true", resourceVersion: metadata.resourceVersion };
    const opened = await until("the binding counts", () =>
      other.stream("/api/v1/namespaces", { signal: stop.signal, query }),
    );
    await certify("second");
    expect(await whoAmI()).toBe("first");
    await clock.advance(10_000);
    expect(await whoAmI()).toBe("second");
    await kube.request("POST", "/api/v1/namespaces", { body: { metadata: { name: "rotation" } } });
    const lines = await opened[Symbol.asyncIterator]().next();
    expect(lines.value?.[0]).toContain('"name":"rotation"');
  });

  test("a service account that may not do something is told so", async () => {
    const other = await connect(await cluster.kubeconfig({ serviceAccount: "default" }, "outside"));
    onTestFinished(() => other.close());
    await expect(other.request("GET", "/api/v1/secrets")).rejects.toMatchObject({
      name: "KubeError",
      status: 403,
      reason: "Forbidden",
    });
  });
});

async function restartApiServer(cluster: Cluster): Promise<void> {
  cluster.apiServer.kill("SIGKILL");
  await cluster.apiServer.exited;
  await cluster.startApiServer();
}
