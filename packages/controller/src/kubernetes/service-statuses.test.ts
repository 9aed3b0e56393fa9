import { KubeError, type KubeObject } from "@heraldlb/kube";
import { describe, expect, test } from "vitest";
import { settle } from "../controller.test.fixture.ts";
import type { StatusRecord } from "../ledger.ts";
import { FakeCluster, type Given } from "./fake-cluster.test.fixture.ts";
import { serviceFacts, WATCHED } from "./resources.ts";
import { ServiceStatuses } from "./service-statuses.ts";

const SERVICES = "/api/v1/services";
const PATH = "/api/v1/namespaces/default/services/web";
const POOL = "metallb.io/ip-allocated-from-pool";
const OLD_POOL = "metallb.universe.tf/ip-allocated-from-pool";
const record = (addresses: readonly string[], more: Partial<StatusRecord> = {}): StatusRecord => ({
  ...{ namespace: "default", name: "web", addresses, pool: "lab" },
  ...more,
});
const ingress = (...ips: readonly string[]) => ({ loadBalancer: { ingress: ips.map((ip) => ({ ip })) } });

/** Statuses of a cluster with Service `web`, which is observed once. */
function start(parts: { readonly status?: object; readonly annotations?: object } = {}) {
  const kube = new FakeCluster();
  const foreign: string[] = [];
  const statuses = new ServiceStatuses({ kube, wallClock: () => 0, onForeign: (key) => void foreign.push(key) });
  const { trim } = WATCHED.find(({ kind }) => kind === "Service") ?? { trim: (object) => object };
  /** What a watch would tell. */
  const tell = () => {
    const object = kube.object(PATH);
    statuses.observe("default/web", object && serviceFacts(trim({ ...object, kind: "Service" })));
  };
  const { status = {}, annotations = {} } = parts;
  const web: Given = { metadata: { name: "web", namespace: "default", annotations }, status };
  /** What somebody else writes. */
  const edit = (change: object) => kube.put(SERVICES, { ...web, ...kube.object(PATH), ...change });
  kube.put(SERVICES, web);
  tell();
  /** Whatever is written from now on ends up with this. */
  const enforce = (change: object) => {
    const put = kube.put.bind(kube);
    kube.put = (collection, object) => put(collection, { ...object, ...change });
  };
  return { kube, statuses, foreign, tell, edit, enforce };
}

/** Lets nothing through until it is told to. */
function hold(kube: FakeCluster) {
  const { promise, resolve } = Promise.withResolvers<void>();
  kube.before = () => promise;
  return resolve;
}

describe("writing a status", () => {
  test("shows the addresses and their pool, once", async () => {
    const { kube, statuses, tell } = start();
    expect(await statuses.writeStatus(record(["10.0.0.1", "fd00::1"]))).toBe(true);
    expect(kube.object(PATH)).toMatchObject({
      metadata: { annotations: { [POOL]: "lab" } },
      status: ingress("10.0.0.1", "fd00::1"),
    });
    tell();
    expect(await statuses.writeStatus(record(["10.0.0.1", "fd00::1"]))).toBe(true);
    expect(kube.requests).toEqual([`PATCH ${PATH}/status`]);
  });

  test("of which somebody has changed the Service meanwhile is written after another look, and undoes nothing", async () => {
    const { kube, statuses, edit } = start();
    edit({ spec: { type: "LoadBalancer" } });
    expect(await statuses.writeStatus(record(["10.0.0.1"]))).toBe(true);
    expect(kube.requests).toEqual([`PATCH ${PATH}/status`, `GET ${PATH}`, `PATCH ${PATH}/status`]);
    expect(kube.object(PATH)).toMatchObject({ spec: { type: "LoadBalancer" }, status: ingress("10.0.0.1") });
  });

  test("that loses every time is told as refused, and holds up no other", async () => {
    const { kube, statuses, edit } = start();
    kube.before = (method) => void (method === "PATCH" && edit({}));
    await expect(statuses.writeStatus(record(["10.0.0.1"]))).rejects.toMatchObject({
      ...{ name: "RefusedError", message: expect.stringContaining("faster than it can be written") },
    });
    expect(kube.requests).toHaveLength(9);
  });

  test("that a policy of the cluster adorns each time counts all the same", async () => {
    const { kube, statuses, enforce } = start();
    enforce({ status: { loadBalancer: { ingress: [{ ip: "10.0.0.1", ipMode: "Proxy" }] } } });
    expect(await statuses.writeStatus(record(["10.0.0.1"]))).toBe(true);
    expect(kube.requests).toEqual([`PATCH ${PATH}/status`, `PATCH ${PATH}/status`]);
  });

  test("that a policy of the cluster undoes each time is told as refused", async () => {
    const { kube, statuses, enforce } = start();
    enforce({ status: {} });
    await expect(statuses.writeStatus(record(["10.0.0.1"]))).rejects.toMatchObject({ name: "RefusedError" });
    expect(kube.requests).toEqual([`PATCH ${PATH}/status`, `PATCH ${PATH}/status`]);
  });

  test("is written after etcd was restored from a backup, whose versions are older", async () => {
    const { kube, statuses } = start();
    const facts = serviceFacts(kube.object(PATH) as KubeObject);
    statuses.observe("default/web", { ...facts, resourceVersion: "1000" });
    expect(await statuses.writeStatus(record(["10.0.0.1"]))).toBe(true);
    expect(kube.requests).toEqual([`PATCH ${PATH}/status`, `GET ${PATH}`, `PATCH ${PATH}/status`]);
    expect(kube.object(PATH)).toMatchObject({ status: ingress("10.0.0.1") });
  });

  test("of another Service with the name is not written", async () => {
    const { kube, statuses, edit } = start();
    edit({ metadata: { name: "web", namespace: "default", uid: "another" } });
    await statuses.writeStatus(record(["10.0.0.1"]));
    expect(kube.requests.slice(0, 2)).toEqual([`PATCH ${PATH}/status`, `GET ${PATH}`]);
  });

  test("of a Service that is gone is no failure", async () => {
    const { kube, statuses, tell } = start();
    kube.remove(SERVICES, { metadata: { name: "web", namespace: "default" } });
    expect(await statuses.writeStatus(record(["10.0.0.1"]))).toBe(false);
    tell();
    expect(await statuses.writeStatus(record(["10.0.0.1"]))).toBe(false);
    expect(kube.requests).toEqual([`PATCH ${PATH}/status`]);
  });

  test.each([
    [400, "no", "RefusedError"],
    [403, "no", "RefusedError"],
    [413, "no", "RefusedError"],
    [422, "no", "RefusedError"],
    [500, 'Internal error occurred: failed calling webhook "policy.example.com": EOF', "RefusedError"],
    [500, "etcdserver: request is too large", "RefusedError"],
    [0, "no", "KubeError"],
    [429, "no", "KubeError"],
    [500, "etcdserver: leader changed", "KubeError"],
    [503, "no", "KubeError"],
  ])("that is answered with %d, %s, is told as a %s", async (status, message, name) => {
    const { kube, statuses } = start();
    kube.before = () => {
      throw new KubeError(message, { status });
    };
    await expect(statuses.writeStatus(record(["10.0.0.1"]))).rejects.toMatchObject({ name });
  });

  test("says in a condition beside others what strands the addresses, as noted", async () => {
    const { kube, statuses, foreign, tell, edit } = start({
      status: { conditions: [{ type: "Other", status: "True" }] },
    });
    const stranded = record(["10.0.0.1"], { stranded: "poolGone", announcedBy: [{ kind: "L2Advertisement" }] });
    await statuses.writeStatus(stranded);
    expect(kube.object(PATH)?.status?.conditions).toEqual([
      { type: "Other", status: "True" },
      {
        ...{ type: "heraldlb.io/AddressStranded", status: "True", reason: "poolGone" },
        message: expect.stringMatching(/pool "lab" does not .*; to get others, set .* heraldlb.io\/reassign$/),
        lastTransitionTime: "1970-01-01T00:00:00Z",
      },
    ]);
    tell();
    expect(statuses.adopt(["default/web"], { stranded: new Map([["default/web", stranded]]) })).toEqual([stranded]);
    edit({ status: { ...ingress("10.0.0.1"), conditions: [{ type: "Other", status: "True" }] } });
    tell();
    expect(foreign, "the condition is missing").toEqual(["default/web"]);
    await statuses.writeStatus(stranded);
    expect(kube.object(PATH)?.status?.conditions).toHaveLength(2);
    await statuses.writeStatus(record(["10.0.0.1"]));
    expect(kube.object(PATH)?.status?.conditions).toEqual([{ type: "Other", status: "True" }]);
    expect(kube.object(PATH)?.metadata.annotations).toEqual({ [POOL]: "lab" });
  });

  test("says in the condition of stranded addresses what an earlier version did not, and since when", async () => {
    const condition = { type: "heraldlb.io/AddressStranded", status: "True", reason: "poolGone" };
    const lastTransitionTime = "1969-12-31T00:00:00Z";
    const { kube, statuses } = start({
      status: { ...ingress("10.0.0.1"), conditions: [{ ...condition, message: "old", lastTransitionTime }] },
    });
    await statuses.writeStatus(record(["10.0.0.1"], { stranded: "poolGone" }));
    const message = expect.stringContaining('pool "lab"');
    expect(kube.object(PATH)?.status?.conditions).toEqual([{ ...condition, message, lastTransitionTime }]);
    const { length } = kube.requests;
    await statuses.writeStatus(record(["10.0.0.1"], { stranded: "poolGone" }));
    expect(kube.requests).toHaveLength(length);
  });
});

describe("the pool that MetalLB noted before 0.14.9", () => {
  const status = ingress("10.0.0.1");

  test("is what addresses are from if nothing else says it, and goes when that is said", async () => {
    const { kube, statuses } = start({ status, annotations: { [OLD_POOL]: "lab", a: "b" } });
    expect(statuses.adopt(["default/web"])).toEqual([record(["10.0.0.1"])]);
    expect([...statuses.misshown()]).toEqual(["default/web"]);
    await statuses.writeStatus(record(["10.0.0.1"]));
    expect(kube.object(PATH)?.metadata.annotations).toEqual({ [POOL]: "lab", a: "b" });
  });

  test("beside what is noted since is neither believed nor worth a request", async () => {
    const { kube, statuses } = start({ status, annotations: { [OLD_POOL]: "gone", [POOL]: "lab" } });
    expect(statuses.adopt(["default/web"])).toEqual([record(["10.0.0.1"])]);
    expect([...statuses.misshown()]).toEqual([]);
    await statuses.writeStatus(record(["10.0.0.1"]));
    expect(kube.requests).toEqual([]);
    await statuses.writeStatus(record(["10.0.0.1"], { pool: "other" }));
    expect(kube.object(PATH)?.metadata.annotations).toEqual({ [POOL]: "other" });
  });

  test("marks a Service, too", () => {
    const { statuses } = start({ annotations: { [OLD_POOL]: "lab" } });
    expect([...statuses.marked()]).toEqual(["default/web"]);
  });

  test.each([{ status }, {}])("goes when a Service has nothing any more (%j)", async (had) => {
    const { kube, statuses } = start({ ...had, annotations: { [OLD_POOL]: "lab" } });
    await statuses.deleteStatus("default", "web");
    expect(kube.object(PATH)?.metadata.annotations).toEqual({});
  });
});

describe("taking a status away", () => {
  test("leaves nothing of it", async () => {
    const { kube, statuses, tell } = start();
    await statuses.writeStatus(record(["10.0.0.1"], { stranded: "poolGone" }));
    tell();
    await statuses.deleteStatus("default", "web");
    expect(kube.object(PATH)).toMatchObject({ metadata: { annotations: {} }, status: { conditions: [] } });
    expect(kube.object(PATH)?.status?.loadBalancer).toEqual({});
    expect([...statuses.marked()]).toEqual([]);
  });

  test("leaves no condition, whatever else is gone already", async () => {
    const conditions = [{ type: "heraldlb.io/AddressStranded", status: "True", reason: "poolGone" }];
    const { kube, statuses } = start({ status: { conditions } });
    await statuses.deleteStatus("default", "web");
    expect(kube.object(PATH)?.status).toEqual({ conditions: [] });
  });

  test("leaves addresses that are somebody else's by now", async () => {
    const { kube, statuses, tell, edit } = start();
    await statuses.writeStatus(record(["10.0.0.1"]));
    edit({ status: ingress("192.0.2.1") });
    tell();
    await statuses.deleteStatus("default", "web");
    expect(kube.object(PATH)?.status).toEqual(ingress("192.0.2.1"));
    expect(kube.object(PATH)?.metadata.annotations).toEqual({});
  });

  test.each([
    ["keeps them for it", { status: ingress("10.0.0.1") }, "RefusedError"],
    ["adds a host name", { status: { loadBalancer: { ingress: [{ hostname: "x" }] } } }, undefined],
  ])("of which a policy of the cluster %s ends", async (_, change, name) => {
    const { kube, statuses, enforce } = start();
    await statuses.writeStatus(record(["10.0.0.1"]));
    enforce(change);
    const taken = statuses.deleteStatus("default", "web").then(
      () => undefined,
      (error) => error.name,
    );
    expect(await taken).toBe(name);
    expect(kube.requests.length).toBeLessThan(4);
  });

  test("leaves what somebody else has given since a first attempt failed", async () => {
    const { kube, statuses, tell, edit } = start();
    await statuses.writeStatus(record(["10.0.0.1"]));
    kube.before = () => {
      throw new KubeError("connection refused", { status: 0 });
    };
    await expect(statuses.deleteStatus("default", "web")).rejects.toThrow("connection refused");
    kube.before = () => {};
    edit({ status: ingress("192.0.2.1") });
    tell();
    await statuses.deleteStatus("default", "web");
    expect(kube.object(PATH)?.status).toEqual(ingress("192.0.2.1"));
  });

  test("that there is not costs nothing", async () => {
    const { kube, statuses } = start();
    await statuses.deleteStatus("default", "web");
    await statuses.deleteStatus("default", "unknown");
    expect(kube.requests).toEqual([]);
  });
});

describe("what is observed", () => {
  test.each([
    ["other addresses", { status: ingress("192.0.2.1") }],
    ["no addresses", { status: {} }],
    ["a host name", { status: { loadBalancer: { ingress: [{ hostname: "x" }] } } }],
    ["a host name beside", { status: { loadBalancer: { ingress: [{ ip: "10.0.0.1" }, { hostname: "x" }] } } }],
    ["a proxy", { status: { loadBalancer: { ingress: [{ ip: "10.0.0.1", ipMode: "Proxy" }] } } }],
    ["ports", { status: { loadBalancer: { ingress: [{ ip: "10.0.0.1", ports: [{ port: 80, protocol: "TCP" }] }] } } }],
    [
      "another pool",
      { metadata: { name: "web", namespace: "default", annotations: { [POOL]: "x" }, uid: `uid-${PATH}` } },
    ],
  ])("of somebody who writes %s is told", async (_, change) => {
    const { statuses, foreign, tell, edit } = start();
    await statuses.writeStatus(record(["10.0.0.1"]));
    tell();
    expect(foreign).toEqual([]);
    edit(change);
    tell();
    expect(foreign).toEqual(["default/web"]);
  });

  test("of what an API server adds is nothing", async () => {
    const { statuses, foreign, tell, edit } = start();
    await statuses.writeStatus(record(["10.0.0.1"]));
    edit({ status: { loadBalancer: { ingress: [{ ip: "10.0.0.1", ipMode: "VIP" }] } } });
    tell();
    expect(foreign).toEqual([]);
  });

  test("of what an earlier process gave is told too, once this one decides", () => {
    const { statuses, foreign, tell, edit } = start({ status: ingress("10.0.0.1"), annotations: { [POOL]: "lab" } });
    statuses.adopt(["default/web"]);
    edit({ status: ingress("192.0.2.1") });
    tell();
    expect(foreign).toEqual(["default/web"]);
  });

  test("of a Service that has nothing and is to have nothing is told, once this process decides", async () => {
    const { kube, statuses, foreign, tell, edit } = start();
    edit({ status: ingress("192.0.2.1") });
    tell();
    edit({ status: {} });
    tell();
    expect(foreign).toEqual([]);
    statuses.adopt([]);
    edit({ status: ingress("192.0.2.1") });
    tell();
    expect(foreign).toEqual(["default/web"]);
    await statuses.deleteStatus("default", "web");
    expect(kube.object(PATH)?.status?.loadBalancer).toEqual({});
  });

  describe("of a Service that was deleted", () => {
    const web = { metadata: { name: "web", namespace: "default" } };
    const again = { ...web, metadata: { ...web.metadata, uid: "another" } };

    test("and is there again before anything else was decided about it is told: it shows nothing", async () => {
      const { kube, statuses, foreign, tell } = start();
      await statuses.writeStatus(record(["10.0.0.1"]));
      tell();
      kube.remove(SERVICES, web);
      tell();
      kube.put(SERVICES, again);
      tell();
      expect(foreign).toEqual(["default/web"]);
    });

    test("before it could show what it was given is told when it is there again", async () => {
      const { kube, statuses, foreign, tell } = start();
      kube.remove(SERVICES, web);
      tell();
      expect(await statuses.writeStatus(record(["10.0.0.1"]))).toBe(false);
      kube.put(SERVICES, again);
      tell();
      expect(foreign).toEqual(["default/web"]);
    });

    test("and has nothing any more is not told", async () => {
      const { kube, statuses, foreign, tell } = start();
      await statuses.writeStatus(record(["10.0.0.1"]));
      kube.remove(SERVICES, web);
      tell();
      await statuses.deleteStatus("default", "web");
      kube.put(SERVICES, again);
      tell();
      expect(foreign).toEqual([]);
    });
  });

  test("is not as it should be if it is more than addresses", async () => {
    const status = { loadBalancer: { ingress: [{ ip: "10.0.0.1" }, { hostname: "x" }] } };
    const { kube, statuses, tell } = start({ status, annotations: { [POOL]: "lab" } });
    expect(statuses.adopt(["default/web"])).toEqual([record(["10.0.0.1"])]);
    expect([...statuses.misshown()]).toEqual(["default/web"]);
    await statuses.writeStatus(record(["10.0.0.1"]));
    tell();
    expect(kube.object(PATH)?.status).toEqual(ingress("10.0.0.1"));
    expect([...statuses.misshown()]).toEqual([]);
  });

  test("of an older version than an answer is nothing", async () => {
    const { kube, statuses, foreign } = start();
    const before = serviceFacts(kube.object(PATH) as NonNullable<ReturnType<FakeCluster["object"]>>);
    await statuses.writeStatus(record(["10.0.0.1"]));
    statuses.observe("default/web", before);
    expect(foreign).toEqual([]);
    expect(statuses.adopt(["default/web"])).toEqual([record(["10.0.0.1"])]);
  });

  test("is what is remembered", () => {
    const annotations = { [POOL]: "lab" };
    const { statuses } = start({ status: ingress("10.0.0.1"), annotations });
    expect(statuses.adopt(["default/web", "default/other"])).toEqual([record(["10.0.0.1"])]);
    expect([...statuses.marked()]).toEqual(["default/web"]);
    expect(statuses.has("default/web")).toBe(true);
  });
});

describe("a leader no more", () => {
  test("gives up what is under way", async () => {
    const { kube, statuses } = start();
    const release = hold(kube);
    const written = statuses.writeStatus(record(["10.0.0.1"]));
    const failed = expect(written).rejects.toThrow();
    let isSettled = false;
    const settled = statuses.settled().then(() => {
      isSettled = true;
    });
    await settle();
    expect(isSettled).toBe(false);
    statuses.rest();
    release();
    await failed;
    await settled;
    expect(kube.object(PATH)?.status).toEqual({});
  });

  test("insists on nothing that it wanted once another leads", async () => {
    const { statuses, foreign, tell, edit } = start();
    await statuses.writeStatus(record(["10.0.0.1"]));
    tell();
    statuses.rest();
    edit({ status: ingress("10.0.0.2") });
    tell();
    expect(foreign).toEqual([]);
  });
});
