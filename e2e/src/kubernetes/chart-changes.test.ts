// Releases of the chart that are changed, or not alone, on a real API server.
import { CHART } from "@heraldlb/chart";
import { type Cluster, createCluster } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { helmIn, NAMESPACE, poolManifest } from "./chart.fixture.ts";

let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({ name: `chart-changes-${process.pid}`, nodes: 1, clients: 0 });
}, 120_000);

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

test("a release takes other values, and its own again, which leaves no trace", { timeout: 120_000 }, async () => {
  // The definitions are the same for all values, and take most of the time.
  const helm = (...args: readonly string[]) => helmIn(cluster, NAMESPACE, [...args, "--set", "crds.enabled=false"]);
  await helm("install", "herald", CHART, "--create-namespace");
  onTestFinished(async () => void (await helmIn(cluster, NAMESPACE, ["uninstall", "herald"])));
  const before = await specs();
  const values = Object.entries(OTHER_VALUES).flatMap(([path, value]) => {
    return ["--set-json", `${path}=${JSON.stringify(value)}`];
  });
  await helm("upgrade", "herald", CHART, ...values);
  const changed = await specs();
  for (const name of Object.keys(before)) expect(changed[name], name).not.toEqual(before[name]);
  await helm("upgrade", "herald", CHART, "--reset-values");
  expect(await specs()).toEqual(before);
});

const OTHER_VALUES = {
  imagePullSecrets: [{ name: "registry" }],
  loadBalancerClass: "example.com/herald",
  "controller.replicas": 3,
  "controller.strategy.type": "Recreate",
  "controller.webhookNamespaces": "own",
  "controller.podDisruptionBudget.maxUnavailable": "50%",
  "controller.priorityClassName": "system-cluster-critical",
  "controller.affinity": { nodeAffinity: {} },
  "controller.nodeSelector": { a: "b" },
  "controller.labels": { team: "network" },
  "controller.livenessProbe.enabled": false,
  "controller.resources": { limits: { memory: "1Gi" } },
  "speaker.updateStrategy.type": "OnDelete",
  "speaker.tolerateMaster": false,
  "speaker.capabilities": ["NET_RAW"],
  "speaker.extraContainers": [{ name: "beside", image: "example.com/beside" }],
  "speaker.podAnnotations": { a: "b" },
  "prometheus.metricsPort": 9999,
  "networkpolicies.enabled": true,
  "networkpolicies.defaultDeny": true,
};

test("the webhooks of two releases are asked about the objects of their namespaces", { timeout: 120_000 }, async () => {
  const own = ["--create-namespace", "--set", "controller.webhookNamespaces=own"];
  await helmIn(cluster, "first", ["install", "first", CHART, ...own]);
  onTestFinished(async () => void (await helmIn(cluster, "first", ["uninstall", "first"])));
  const values = "crds.enabled=false,crds.validationFailurePolicy=Ignore,loadBalancerClass=example.com/second";
  await helmIn(cluster, "second", ["install", "second", CHART, ...own, "--set", values]);
  onTestFinished(async () => void (await helmIn(cluster, "second", ["uninstall", "second"])));
  await until("the first one's webhook is asked", async () => {
    const outcome = await create("first").catch(String);
    return outcome.includes('"https://first-herald-webhook.first.svc:443/validate');
  });
  // Nobody answers for the first one, so that it would be refused.
  await create("second");
});

/** Tries to create a pool in a namespace; one that could be is deleted again. */
async function create(namespace: string): Promise<string> {
  const created = await cluster.kubectl(["create", "-f", "-"], { input: poolManifest(namespace, "checked") });
  await cluster.kubectl(["delete", "ipaddresspool", "checked", "--namespace", namespace]);
  return created;
}

interface SpecifiedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: object;
  readonly webhooks?: readonly object[];
}

/** What the API server has made of what may be changed, by kind and name. */
async function specs(): Promise<Readonly<Record<string, unknown>>> {
  const kinds = "deployment,daemonset,pdb,networkpolicy,validatingwebhookconfiguration";
  const printed = await cluster.kubectl(["get", kinds, "--namespace", NAMESPACE, "-o", "json"]);
  const { items } = JSON.parse(printed) as { readonly items: readonly SpecifiedObject[] };
  return Object.fromEntries(
    items.map(({ kind, metadata: { name }, spec, webhooks }) => [`${kind} ${name}`, spec ?? webhooks]),
  );
}
