import { MERGE_PATCH } from "@heraldlb/cluster";
import { type Fault, type Host, monotonicMs, observe, pass, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { watchAddresses } from "./address-watch.fixture.ts";
import {
  Churn,
  countLogged,
  leaderOf,
  logsAfter,
  mend,
  metric,
  type Pair,
  processOf,
  requestsOf,
  setPair,
  takesOver,
  undisturbed,
  writesOf,
} from "./pair.test.fixture.ts";
import { printLogs, service } from "./scene.fixture.ts";

// What is promised is 500 ms. A test machine may be busy.
const SILENCE_GAP_MS = 2_500;
/** Never longer do two nodes that hear each other answer for one address. */
const PROMISED_MS = 500;
/** For what must not happen. */
const A_WHILE_MS = 2_000;
/** Longer than a Lease lives. */
const LONG_MS = 6_000;
const SLOW = { timeoutMs: 60_000 };
/** A list and a watch of each kind are 14 each; the rest are statuses that time has changed, and a few attempts. */
const FEW_REQUESTS = 80;
const MANY = 100;
const LOST = "cannot follow the API server";
const FOLLOWS = "following the API server again";
const ETCD = "http://127.0.0.1:2379/v3/kv";

/** How many EndpointSlices there are of Services whose names begin with `many-`. */
async function slices(cluster: Pair["cluster"]): Promise<number> {
  const path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
  const { items } = (await cluster.request("GET", path)) as {
    readonly items: readonly { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } }[];
  };
  return items.filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"]?.startsWith("many-")).length;
}

/** How many updates the replica has heard of, once no more of them come. */
async function settledUpdates(replica: Parameters<typeof metric>[0]): Promise<number> {
  let before = -1;
  return await until(
    "no more updates came",
    async () => {
      const now = await metric(replica, "metallb_k8s_client_updates_total");
      const isSettled = now === before;
      before = now;
      return isSettled ? now : undefined;
    },
    { ...SLOW, everyMs: A_WHILE_MS },
  );
}

describe("an API server", { timeout: 240_000 }, () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await setPair(`k8s-api-${process.pid}`);
  }, 180_000);
  afterAll(() => pair?.[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(pair));
    const { etcd, apiServer } = pair.cluster;
    etcd.kill("SIGCONT");
    if (apiServer.exit) await pair.cluster.startApiServer();
    await mend(pair);
  }, 180_000);

  const kill = async () => {
    pair.cluster.apiServer.kill("SIGKILL");
    await pair.cluster.apiServer.exited;
  };
  const clients = () => pair.cluster.lab.clients as [Host, Host];

  /** Creates a Service, and waits until it has an address. */
  const serves = async (name: string) => {
    await pair.cluster.apply([service(name, { ipFamilyPolicy: "SingleStack" })]);
    await pair.given(name, 1, SLOW);
    await pair.cluster.request("DELETE", `/api/v1/namespaces/default/services/${name}`);
  };

  /** Of each controller, how many requests it made since then. */
  const requests = (since: number) => pair.replicas.map((replica) => requestsOf(pair, replica, since).length);

  test("that is away takes nothing away, and what falls silent meanwhile is replaced", async ({ annotate }) => {
    const { leader } = await leaderOf(pair);
    const { cluster, web } = pair;
    const { lab } = cluster;
    const [client, witness] = clients();
    await using addresses = await watchAddresses(cluster);
    await using watch = await observe(lab, { client, witness, addresses: web });
    const [address] = web as [Ip];
    const began = monotonicMs();
    await kill();
    await pass(LONG_MS);
    expect(await metric(leader, "herald_firm_bool")).toBe(0);

    const owner = lab.host(watch.answers(address).order.at(-1) ?? "");
    const silencedAt = monotonicMs();
    pair.replicas[0].herald.speaker(owner).kill("SIGSTOP");
    const fits = ({ mac }: { readonly mac: string }) => mac !== owner.mac;
    for (const each of web) {
      const { at } = await watch.capture.claimed(each, silencedAt, { fits, timeoutMs: 20_000 });
      await annotate(`${each} went over ${(at - silencedAt).toFixed(0)} ms after its owner fell silent`);
      expect(at - silencedAt).toBeLessThan(SILENCE_GAP_MS);
    }
    pair.replicas[0].herald.speaker(owner).kill("SIGCONT");
    await pass(A_WHILE_MS);

    // Now there is nobody left who knows anything, but for the speakers.
    for (const replica of pair.replicas) {
      await processOf(replica).stop();
      await expect(replica.herald.startController({ host: replica.host, timeoutMs: 1_000 })).rejects.toThrow();
    }
    await pass(A_WHILE_MS);
    await cluster.startApiServer();
    await leaderOf(pair);
    await pass(A_WHILE_MS);
    await watch.end();
    for (const each of web) {
      expect(watch.answers(each, { from: silencedAt + SILENCE_GAP_MS }).order).toHaveLength(1);
      expect(watch.answers(each, { from: began }).doubleMs).toBeLessThanOrEqual(PROMISED_MS);
      expect(watch.summary(each, { from: began, to: silencedAt }).lost).toBe(0);
    }
    expect(addresses.changes).toEqual([]);
    await serves("after");
  });

  test("that comes back without its history is read again, and nothing is written", async ({ annotate }) => {
    const { cluster } = pair;
    await leaderOf(pair);
    const names = Array.from({ length: MANY }, (_, index) => `many-${index}`);
    await cluster.apply(names.map((name) => service(name, { ipFamilyPolicy: "SingleStack" })));
    await pair.given(`many-${MANY - 1}`, 1, SLOW);
    await pass(A_WHILE_MS);
    await undisturbed(pair, async (watch) => {
      await until("every Service had an address", () => names.every((name) => watch.shown.has(name)), SLOW);
      // Who makes EndpointSlices has been without an API server before, and may be slow to return.
      await until("every Service had its EndpointSlice", async () => (await slices(cluster)) >= MANY, SLOW);
      const updates = await settledUpdates(pair.replicas[0]);
      await kill();
      await compact();
      await pass(LONG_MS);
      await cluster.startApiServer();
      const since = Date.now();
      const { leader, other } = await leaderOf(pair);
      await until("the leader was sure of it", async () => (await metric(leader, "herald_firm_bool")) === 1, SLOW);
      for (const replica of [leader, other]) {
        const isFollowing = () => countLogged(replica, FOLLOWS) === countLogged(replica, LOST);
        await until("everything was followed again", isFollowing, SLOW);
      }
      await pass(A_WHILE_MS);
      await annotate(`requests after its return: ${requests(since).join(" and ")}`);
      for (const count of requests(since)) expect(count).toBeLessThan(FEW_REQUESTS);
      for (const replica of pair.replicas) {
        expect(writesOf(pair, replica, since).filter((write) => write.includes("services/status"))).toEqual([]);
      }
      // Hardly anything was different, so there was hardly anything to take in.
      const more = (await metric(pair.replicas[0], "metallb_k8s_client_updates_total")) - updates;
      expect(more).toBeLessThan(5);
      await serves("afterwards");
    });
    for (const name of names) await cluster.request("DELETE", `/api/v1/namespaces/default/services/${name}`);
  });

  test("whose etcd is paused or slow gives no address twice, and changes none", async () => {
    const { etcd } = pair.cluster;
    await leaderOf(pair);
    await undisturbed(pair, async (watch) => {
      await using churn = new Churn(pair.cluster, "etcd");
      await pass(A_WHILE_MS);
      etcd.kill("SIGSTOP");
      await pass(5_000);
      etcd.kill("SIGCONT");
      await pass(A_WHILE_MS);
      for (let round = 0; round < 20; round++) {
        etcd.kill("SIGSTOP");
        await pass(300);
        etcd.kill("SIGCONT");
        await pass(100);
      }
      await churn.settle(watch);
    });
    await leaderOf(pair);
    await serves("unpaused");
  });

  test("whose answers are lost is missed, and what happened is caught up with", async ({ annotate }) => {
    const { leader, other } = await leaderOf(pair);
    const { lab } = pair.cluster;
    const cut: Fault = {
      type: "partition",
      network: "mgmt",
      from: ["server1"],
      to: [other.host.name],
      direction: "both",
    };
    await undisturbed(pair, async (watch) => {
      await using churn = new Churn(pair.cluster, "lost");
      const ms = await logsAfter(other, LOST, () => lab.setFaults([cut]));
      await annotate(`noticed after ${(ms / 1_000).toFixed(1)} s`);
      await logsAfter(other, FOLLOWS, () => lab.setFaults([]));
      await pass(A_WHILE_MS);
      await takesOver(other, () => processOf(leader).kill("SIGTERM"));
      await pass(A_WHILE_MS);
      await churn.settle(watch);
    });
  });

  test("that tells of heartbeats of nodes tells nothing new", async () => {
    const { leader } = await leaderOf(pair);
    // Who deletes them with their Services has been without an API server, too.
    await until("no deleted Service had an EndpointSlice", async () => (await slices(pair.cluster)) === 0, SLOW);
    const updates = () => metric(leader, "metallb_k8s_client_updates_total");
    const before = await settledUpdates(leader);
    for (let beat = 0; beat < 50; beat++) {
      const lastHeartbeatTime = new Date(Date.now() + beat * 1_000).toISOString().replace(/\.\d+Z/, "Z");
      for (const { name } of pair.cluster.lab.nodes) {
        const { status } = (await pair.cluster.request("GET", `/api/v1/nodes/${name}`)) as NodeObject;
        const conditions = status.conditions.map((condition) => ({ ...condition, lastHeartbeatTime }));
        const body = { status: { conditions } };
        await pair.cluster.request("PATCH", `/api/v1/nodes/${name}/status`, { body, contentType: MERGE_PATCH });
      }
    }
    await pass(A_WHILE_MS);
    expect(await updates()).toBe(before);
  });

  /** Makes etcd forget everything but what there is now. */
  async function compact(): Promise<void> {
    const post = async (what: string, body: object) =>
      JSON.parse(
        await pair.cluster.host.exec(["curl", "-sS", "-X", "POST", `${ETCD}/${what}`, "-d", JSON.stringify(body)]),
      ) as { readonly header: { readonly revision: string } };
    const { header } = await post("range", { key: "AA==" });
    await post("compaction", { revision: header.revision, physical: true });
  }
});

interface NodeObject {
  readonly status: { readonly conditions: readonly object[] };
}
