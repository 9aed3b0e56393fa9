// The chart on a real API server. There is no kubelet: what becomes of its pods is tested elsewhere.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { CHART, launchCommand, parseManifests, renderChart, renderedProcesses } from "@heraldlb/chart";
import { type Cluster, createCluster } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { helmIn, NAMESPACE, poolManifest } from "./chart.fixture.ts";

const run = promisify(execFile);

const CRDS = [
  ...["bfdprofiles", "bgpadvertisements", "bgppeers", "communities", "configurationstates", "ipaddresspools"],
  ...["l2advertisements", "servicebgpstatuses", "servicel2statuses"],
].map((plural) => `customresourcedefinition.apiextensions.k8s.io/${plural}.metallb.io`);

let cluster: Cluster;

beforeAll(async () => {
  cluster = await createCluster({ name: `chart-${process.pid}`, nodes: 1, clients: 0 });
}, 120_000);

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

describe("the chart", () => {
  test("has no object that an API server refuses, whatever the values", async () => {
    await cluster.kubectl(["create", "namespace", "dry"]);
    for (const values of [{}, OTHER_VALUES]) {
      const input = await renderChart({ namespace: "dry", values });
      const applied = await dryRun(input);
      expect(applied.trim().split("\n")).toHaveLength(parseManifests(input).length);
    }
  });

  test("is installed, with notes for whoever did it", async () => {
    const notes = await helm("install", "herald", CHART, "--create-namespace");
    expect(notes).toContain(`kubectl label namespace ${NAMESPACE} pod-security.kubernetes.io/enforce=privileged`);
    expect(await names("crd")).toEqual(CRDS);
    await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
    expect(await names("deployment,daemonset,service,pdb,sa")).toEqual([
      "daemonset.apps/herald-speaker",
      "deployment.apps/herald-controller",
      "poddisruptionbudget.policy/herald-controller",
      "service/herald-controller",
      "service/herald-webhook",
      "serviceaccount/default",
      "serviceaccount/herald-controller",
      "serviceaccount/herald-speaker",
    ]);
  });

  test("gives speakers no rights, and the controller none over what is not Herald's", async () => {
    const speaker = await cluster.kubectl(canI("herald-speaker", ["--list"]));
    // What every account may: ask what it may, and discover what there is.
    expect(
      speaker
        .split("\n")
        .slice(1)
        .filter((line) => /^\S+\.|^[a-z]/.test(line) && !/^self/.test(line)),
    ).toEqual([]);
    const refused = [
      "get pods",
      "list configmaps",
      "update secrets/other",
      "delete secrets/herald-ca",
      "delete services",
    ];
    const allowed = ["watch services", "patch services/status", "list secrets", "update secrets/herald-ca"];
    expect(await answers([...refused, ...allowed])).toEqual([...refused.map(() => "no"), ...allowed.map(() => "yes")]);
  });

  test("refuses objects while nobody can check them", async () => {
    await until("the webhook is asked", async () => {
      const outcome = await cluster.kubectl(["apply", "-f", "-"], { input: POOL }).then(
        () => "taken",
        (error: unknown) => String(error),
      );
      return /failed calling webhook "ipaddresspoolvalidationwebhook.metallb.io"/.test(outcome);
    });
  });

  test("keeps at an upgrade what the controller wrote, and what did not change", async () => {
    const authority = btoa(cluster.ca);
    await trust(authority);
    const before = await generations();
    await helm("upgrade", "herald", CHART, "--set", "controller.logLevel=debug");
    expect(await argument("--log-level")).toBe("debug");
    expect(await authorities()).toEqual([authority, authority]);
    expect(await generations()).toEqual({ ...before, controller: before.controller + 1 });
  });

  test("takes objects unchecked without its webhook, and goes back to checking them", async () => {
    await helm("upgrade", "herald", CHART, "--set", "controller.webhookMode=disabled");
    expect(await names("validatingwebhookconfiguration")).toEqual([]);
    await until("the webhook is not asked any more", async () => {
      await cluster.kubectl(["apply", "-f", "-"], { input: POOL });
      return true;
    });
    await helm("upgrade", "herald", CHART, "--reset-values");
    expect(await argument("--log-level")).toBe("info");
    expect(await names("validatingwebhookconfiguration")).toEqual([
      "validatingwebhookconfiguration.admissionregistration.k8s.io/herald-webhook",
    ]);
  });

  test("is rolled back", async () => {
    await helm("rollback", "herald", "2");
    expect(await argument("--log-level")).toBe("debug");
    expect(await names("crd")).toEqual(CRDS);
  });

  test("leaves the definitions, and so the objects, when it no longer has them and when it is uninstalled", async () => {
    await helm("upgrade", "herald", CHART, "--set", "crds.enabled=false");
    expect(await names("crd")).toEqual(CRDS);
    await helm("upgrade", "herald", CHART, "--reset-values");
    await helm("uninstall", "herald");
    expect(await names("crd,ipaddresspools")).toEqual([...CRDS, "ipaddresspool.metallb.io/first"]);
    const ours = ["clusterrole", "clusterrolebinding", "validatingwebhookconfiguration"];
    expect((await names(ours.join(","))).filter((name) => name.includes("herald"))).toEqual([]);
    expect(await names("deployment,daemonset,service,pdb,role,rolebinding,sa")).toEqual(["serviceaccount/default"]);
  });

  test("is installed again on what it left, and takes over what another release left", async () => {
    await helm("install", "herald", CHART);
    await helm("uninstall", "herald");
    await expect(helm("install", "other", CHART)).rejects.toThrow("cannot be imported into the current release");
    await helm("install", "other", CHART, "--take-ownership");
    expect(await names("deployment")).toEqual(["deployment.apps/other-herald-controller"]);
  });
});

test("a speaker can write its state, and nothing else that it is given, whoever owns it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "herald-chart-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [speaker] = renderedProcesses(parseManifests(await renderChart()), () => "node1").filter(
    ({ container }) => container === "speaker",
  );
  if (!speaker) throw new Error("the chart has no speaker");
  const paths = [...speaker.mounts.map(({ path }) => path), "/given"];
  const [root = "", ...sources] = await Promise.all(["root", ...paths].map((_, index) => makeFolder(folder, index)));
  const binds = Object.fromEntries(paths.map((path, index) => [path, sources[index] ?? ""]));
  const script = 'for path in "$@"; do if touch "$path/file"; then echo "$path"; fi; done 2>/dev/null';
  const writer = { ...speaker, user: 0, group: 0, command: ["/bin/sh", "-c", script, "sh"], args: paths };
  const [program, ...args] = launchCommand(writer, { entrypoint: ["/bin/sh"], binds, root });
  const { stdout } = await run(program, args);
  expect(stdout.trim().split("\n")).toEqual(["/var/lib/herald"]);
});

async function makeFolder(parent: string, index: number): Promise<string> {
  const folder = join(parent, `${index}`);
  await mkdir(folder);
  return folder;
}

const OTHER_VALUES = {
  fullnameOverride: "lb",
  controller: {
    strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: {},
      },
    ],
    podDisruptionBudget: { maxUnavailable: "50%" },
    tolerations: [{ operator: "Exists" }],
  },
  speaker: { bgpListen: "[::]:179", updateStrategy: { rollingUpdate: { maxUnavailable: "10%" } } },
  prometheus: { scrapeAnnotations: true },
  networkpolicies: { enabled: true, defaultDeny: true },
};

const POOL = poolManifest(NAMESPACE, "first");

const helm = (...args: readonly string[]) => helmIn(cluster, NAMESPACE, args);

/** What there is of these kinds in the namespace, sorted. */
async function names(kinds: string): Promise<readonly string[]> {
  const printed = await cluster.kubectl(["get", kinds, "--namespace", NAMESPACE, "-o", "name"]);
  return printed.split("\n").filter(Boolean).sort();
}

async function dryRun(input: string): Promise<string> {
  return await cluster.kubectl(["apply", "--server-side", "--dry-run=server", "-f", "-"], { input });
}

const canI = (account: string, what: readonly string[]): readonly string[] => [
  ...["auth", "can-i", ...what, "--namespace", NAMESPACE],
  ...["--as", `system:serviceaccount:${NAMESPACE}:${account}`],
];

/** "yes" or "no" for each thing that the controller might do. */
async function answers(deeds: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(
    deeds.map(async (deed) => {
      const [verb = "", what = ""] = deed.split(" ");
      const words = what.endsWith("/status") ? [what.replace(/\/.*/, ""), "--subresource=status"] : [what];
      const printed = await cluster.kubectl(canI("herald-controller", [verb, ...words])).catch(() => "no");
      return printed.trim();
    }),
  );
}

/** Writes into the webhooks' configurations as the controller does. */
async function trust(authority: string): Promise<void> {
  const patch = (path: string) =>
    JSON.stringify([{ op: "add", path: `${path}/clientConfig/caBundle`, value: authority }]);
  for (const [object, path] of [
    ["validatingwebhookconfiguration/herald-webhook", "/webhooks/0"],
    ["crd/bgppeers.metallb.io", "/spec/conversion/webhook"],
  ] as const) {
    await cluster.kubectl(["patch", object, "--type=json", "--field-manager=herald-controller", "-p", patch(path)]);
  }
}

async function authorities(): Promise<readonly string[]> {
  return await Promise.all([
    cluster.kubectl([
      ...["get", "validatingwebhookconfiguration", "herald-webhook"],
      ...["-o", "jsonpath={.webhooks[0].clientConfig.caBundle}"],
    ]),
    cluster.kubectl([
      ...["get", "crd", "bgppeers.metallb.io"],
      ...["-o", "jsonpath={.spec.conversion.webhook.clientConfig.caBundle}"],
    ]),
  ]);
}

/** How often what pods are made from has changed. */
async function generations(): Promise<{ readonly controller: number; readonly speaker: number }> {
  const generation = async (workload: string) =>
    Number(await cluster.kubectl(["get", workload, "--namespace", NAMESPACE, "-o", "jsonpath={.metadata.generation}"]));
  return {
    controller: await generation("deployment/herald-controller"),
    speaker: await generation("daemonset/herald-speaker"),
  };
}

/** The value of one of the controller's flags. */
async function argument(flag: string): Promise<string | undefined> {
  const path = "jsonpath={.spec.template.spec.containers[0].args}";
  const what = ["get", "deployment", "herald-controller", "--namespace", NAMESPACE, "-o", path];
  const args = JSON.parse(await cluster.kubectl(what)) as readonly string[];
  return args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
}
