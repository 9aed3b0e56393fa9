import { MERGE_PATCH } from "@heraldlb/cluster";
import {
  type ObjectEvent,
  type ServiceFacts,
  type StatusModel,
  StatusPublisher,
  StatusWriter,
} from "@heraldlb/controller";
import { connectKube, type Kube, reflect } from "@heraldlb/kube";
import { until } from "@heraldlb/lab";
import { silentLogger, systemClock } from "@heraldlb/runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NAMESPACE, printLogs, type Scene, service, setScene } from "./scene.fixture.ts";

interface Listed {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly uid: string;
      readonly labels?: Readonly<Record<string, string>>;
    };
    readonly status?: Readonly<Record<string, unknown>>;
  }[];
}

const METALLB = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}`;
const PLURALS = {
  IPAddressPool: "ipaddresspools",
  ConfigurationState: "configurationstates",
  ServiceL2Status: "servicel2statuses",
  ServiceBGPStatus: "servicebgpstatuses",
} as const;
const NONE: ServiceFacts = { layer2: [], bgp: [], refusal: undefined, silences: [] };
const WEB = "default/web";
const L2_ON_N1 = { serviceName: "web", serviceNamespace: "default", node: "n1" };

describe("statuses in a real API server", { timeout: 60_000 }, () => {
  let scene: Scene;
  let kube: Kube;
  let publisher: StatusPublisher;
  let running: Promise<unknown>;
  const ending = new AbortController();
  const world = {
    services: new Map<string, ServiceFacts>(),
    pools: [{ pool: "lab", total: { ipv4: 90n, ipv6: 2n ** 64n }, used: { ipv4: 1, ipv6: 1 } }],
    problems: [] as ReturnType<StatusModel["configuration"]>["configuration"]["problems"],
  };
  const model: StatusModel = {
    pools: () => world.pools,
    configuration: () => ({
      configuration: { inForce: new Map(), problems: world.problems },
      written: () => undefined,
    }),
    nodes: () => [{ name: "n1", labels: {} }],
    services: () => world.services.keys(),
    service: (key) => world.services.get(key),
    servedBy: (key) => (world.services.has(key) ? "herald" : "nobody"),
    isKnown: () => true,
    isForeign: () => false,
  };
  const told: ObjectEvent[] = [];
  let writes = 0;

  beforeAll(async () => {
    scene = await setScene({ name: `k8s-status-${process.pid}`, nodes: 1 });
    await scene.cluster.apply([service("web")]);
    const kubeconfig = await scene.cluster.kubeconfig(undefined, "outside");
    const [clock, log, random] = [systemClock, silentLogger, Math.random];
    kube = await connectKube({ kubeconfig, qps: 50, burst: 100, userAgent: "status-test", clock, log });
    const request: Kube["request"] = (method, path, options) => {
      if (method !== "GET") writes++;
      return kube.request(method, path, options);
    };
    const writer = new StatusWriter({
      ...{ kube: { request }, clock, log, random, wallClock: Date.now, mayWrite: () => true },
    });
    publisher = new StatusPublisher({
      ...{ namespace: NAMESPACE, clock, writer, model, tell: (event) => void told.push(event) },
    });
    const { signal } = ending;
    running = Promise.all([
      writer.run(signal),
      ...Object.entries(PLURALS).map(([kind, plural]) =>
        reflect(
          kube,
          { path: `${METALLB}/${plural}` },
          {
            onSynced: (objects) => publisher.synced(kind as keyof typeof PLURALS, [...objects.values()]),
            onChange: (changes) => publisher.observe(kind as keyof typeof PLURALS, changes),
          },
          { clock, log, random },
          signal,
        ),
      ),
    ]);
    publisher.begin();
  }, 120_000);
  afterAll(async () => {
    ending.abort();
    await running;
    kube?.close();
    await scene?.[Symbol.asyncDispose]();
  });
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(scene)));

  function show(facts: Partial<ServiceFacts>): void {
    world.services.set(WEB, { ...NONE, ...facts });
    publisher.changed({ services: [WEB] });
  }
  const kubectl = (...args: string[]) => scene.cluster.kubectl(["-n", NAMESPACE, ...args]);
  const list = async (plural: string): Promise<Listed["items"]> => {
    return ((await scene.cluster.request("GET", `${METALLB}/${plural}`)) as Listed).items;
  };
  /** Waits until the objects of the kind have these statuses, and no others. */
  const has = async (plural: string, ...expected: readonly object[]): Promise<Listed["items"]> => {
    let found: Listed["items"] = [];
    await until(`${plural} were ${JSON.stringify(expected)}`, async () => {
      found = await list(plural);
      return (
        found.length === expected.length && expected.every((each) => found.some(({ status }) => isLike(status, each)))
      );
    });
    return found;
  };

  test("a pool shows how much of it is used, to the last digit", async () => {
    await until("the pool has a status", async () => {
      const text = await kubectl("get", "ipaddresspool", "lab", "-o", "jsonpath={.status}");
      return (
        text.includes('"availableIPv6":9223372036854775807') &&
        text.includes('"assignedIPv4":1') &&
        text.includes('"availableIPv4":89')
      );
    });
    const changed = await scene.cluster.request("PATCH", `${METALLB}/ipaddresspools/lab/status`, {
      body: { status: { assignedIPv4: 77 } },
      contentType: MERGE_PATCH,
    });
    expect(changed).toMatchObject({ status: { assignedIPv4: 77 } });
    await until("what was edited is put right", async () => {
      return (await kubectl("get", "ipaddresspool", "lab", "-o", "jsonpath={.status.assignedIPv4}")) === "1";
    });
  });

  test("ConfigurationStates say what is wrong, come back when they are deleted, and kubectl shows them", async () => {
    await has("configurationstates", { result: "Valid" }, { result: "Valid" });
    const id = { kind: "IPAddressPool", namespace: NAMESPACE, name: "bad" };
    const origin = {};
    world.problems = [
      { id, origin, severity: "error", code: "invalidField", path: "spec.addresses", message: "is wrong" },
    ];
    publisher.changed({ configuration: true });
    await has("configurationstates", { result: "Invalid" }, { result: "Invalid" });
    expect(told).toContainEqual({
      ...{ object: id, type: "Warning", reason: "ConfigurationError", cause: "invalidField" },
      message: "spec.addresses: is wrong",
    });
    await kubectl("delete", "configurationstates", "--all");
    const [first] = await has("configurationstates", { result: "Invalid" }, { result: "Invalid" });
    expect(first?.metadata.labels).toMatchObject({ "metallb.io/component-type": "controller" });
    expect(await kubectl("get", "configurationstates")).toMatch(/NAME +RESULT +ERRORSUMMARY +AGE\ncontroller +Invalid/);
    world.problems = [];
    publisher.changed({ configuration: true });
    await until("no summary was left", async () => {
      const [valid] = await has("configurationstates", { result: "Valid" }, { result: "Valid" });
      return valid?.status !== undefined && !("errorSummary" in valid.status);
    });
  });

  test("who announces a Service is shown, and what is shown of another node goes", async () => {
    show({ layer2: [{ node: "n1", interfaces: ["eth0"] }], bgp: [{ node: "n1", peers: ["tor2", "tor1"] }] });
    await has("servicel2statuses", { ...L2_ON_N1, interfaces: [{ name: "eth0" }] });
    const [bgp] = await has("servicebgpstatuses", { ...L2_ON_N1, peers: ["tor1", "tor2"] });
    expect(bgp?.metadata.labels).toEqual({
      "metallb.io/node": "n1",
      "metallb.io/service-name": "web",
      "metallb.io/service-namespace": "default",
    });
    expect(await kubectl("get", "servicel2statuses")).toMatch(
      /ALLOCATED NODE +SERVICE NAME +SERVICE NAMESPACE\n.* n1 +web +default/,
    );
    expect(await kubectl("get", "servicebgpstatuses")).toMatch(
      /NODE +SERVICE NAME +SERVICE NAMESPACE\n.* n1 +web +default/,
    );
    show({ layer2: [{ node: "n2", interfaces: "all" }] });
    await has("servicel2statuses", { node: "n2" });
    await has("servicebgpstatuses");
  });

  test("fields that may not change are accepted once, and an object that somebody has spoilt is made anew", async () => {
    show({ layer2: [{ node: "n1", interfaces: "all" }] });
    const [shown] = await has("servicel2statuses", L2_ON_N1);
    const { name = "", uid } = shown?.metadata ?? {};
    const patch = (node: string, target: string) =>
      kubectl(
        "patch",
        "servicel2status",
        target,
        "--subresource=status",
        "--type=merge",
        "-p",
        `{"status":{"node":"${node}"}}`,
      );
    await expect(patch("n9", name)).rejects.toThrow("Value is immutable");
    await kubectl("delete", "servicel2status", name, "--wait=false");
    await has("servicel2statuses", L2_ON_N1);
    const [again] = await list("servicel2statuses");
    expect(again?.metadata.name).toBe(name);
    expect(again?.metadata.uid).not.toBe(uid);
  });

  test("what a speaker of MetalLB has left of the Service goes", async () => {
    const labels = {
      "metallb.io/node": "n7",
      "metallb.io/service-name": "web",
      "metallb.io/service-namespace": "default",
    };
    await scene.cluster.request("POST", `${METALLB}/servicel2statuses`, {
      body: {
        ...{ apiVersion: "metallb.io/v1beta1", kind: "ServiceL2Status" },
        metadata: { generateName: "l2-", labels },
      },
    });
    expect((await list("servicel2statuses")).length).toBeGreaterThan(0);
    await has("servicel2statuses", L2_ON_N1);
  });

  test("a condition comes and goes beside those of others", async () => {
    const path = "/api/v1/namespaces/default/services/web";
    const conditions = async () => {
      const { status } = (await scene.cluster.request("GET", path)) as {
        readonly status: { readonly conditions?: unknown };
      };
      return JSON.stringify(status.conditions ?? []);
    };
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const others = { type: "example.com/other", status: "True", reason: "R", message: "", lastTransitionTime };
    await scene.cluster.request("PATCH", `${path}/status`, {
      body: { status: { conditions: [others] } },
      contentType: MERGE_PATCH,
    });
    const object = (await scene.cluster.request("GET", path)) as Parameters<typeof publisher.observe>[1]["changed"][0];
    publisher.synced("Service", [object]);
    show({ refusal: { reason: "noPools", message: "no address pool is in force" } });
    await until("both conditions", async () => /other.*AddressRefused.*/.test(await conditions()));
    show({});
    await until("only the other one", async () => !(await conditions()).includes("heraldlb.io"));
    expect(await conditions()).toContain("example.com/other");
  });

  test("what changes while the API server is away is there when it is back, and then nothing is written", async () => {
    show({ layer2: [{ node: "n1", interfaces: "all" }] });
    await has("servicel2statuses", L2_ON_N1);
    const { apiServer } = scene.cluster;
    apiServer.kill("SIGKILL");
    await apiServer.exited;
    show({ layer2: [{ node: "n3", interfaces: "all" }] });
    await scene.cluster.startApiServer();
    await has("servicel2statuses", { node: "n3" });
    // A write is due a second after another one at the latest.
    await until("nothing is written for two seconds", async () => {
      const before = writes;
      await systemClock.sleep(2_000);
      return writes === before;
    });
  });
});

function isLike(status: Readonly<Record<string, unknown>> | undefined, expected: object): boolean {
  return Object.entries(expected).every(([key, value]) => JSON.stringify(status?.[key]) === JSON.stringify(value));
}
