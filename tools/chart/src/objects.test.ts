import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crds } from "@heraldlb/config/crd";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Manifest, parseManifests } from "./manifest.ts";
import { renderChart } from "./render.ts";

const NAMESPACE = "where-herald-is";
const CLUSTER_WIDE = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "CustomResourceDefinition",
  "ValidatingWebhookConfiguration",
]);
const GOLDEN = join(import.meta.dirname, "../golden");

const standard = parseManifests(await renderChart({ namespace: NAMESPACE }));

/** An object of the chart with its default values. */
function object(kind: string, name: string): Manifest {
  const found = standard.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  if (!found) throw new RangeError(`the chart has no ${kind} ${name}`);
  return found;
}

describe.each(["default", "everything", "single"])("with the values of %s", async (name) => {
  const values: unknown = parse(await readFile(join(GOLDEN, `${name}.values.yaml`), "utf8"));
  const apiVersions = ["monitoring.coreos.com/v1"];
  const manifests = parseManifests(await renderChart({ values, apiVersions, namespace: NAMESPACE }));

  test("each object has a kind and a name of its own, and a valid one", () => {
    const names = manifests.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`);
    expect(names.filter((each) => !/^[a-z0-9./]+ [A-Za-z]+ [a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(each))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(5);
  });

  test("what belongs to a namespace is in the release's", () => {
    const places = manifests.map(({ kind, metadata: { name, namespace } }) => ({
      ...{ kind, name, namespace, expected: CLUSTER_WIDE.has(kind) ? undefined : NAMESPACE },
    }));
    expect(places.filter(({ namespace, expected }) => namespace !== expected)).toEqual([]);
  });

  test("each object says that it is the release's", () => {
    const labels = { "app.kubernetes.io/instance": "herald", "app.kubernetes.io/managed-by": "Helm" };
    for (const { metadata } of manifests) expect(metadata.labels).toMatchObject(labels);
  });

  test("each selector finds pods of the chart", () => {
    const templates = manifests.flatMap((manifest) => at(manifest, "spec.template.metadata.labels") ?? []);
    const selectors = manifests
      .flatMap((manifest) => [at(manifest, "spec.selector.matchLabels"), at(manifest, "spec.selector")])
      .filter(
        (selector): selector is Record<string, string> => isSelector(selector) && !("heraldlb.io/metrics" in selector),
      );
    expect(selectors.length).toBeGreaterThan(2);
    for (const selector of selectors) expect(templates).toContainEqual(expect.objectContaining(selector));
  });
});

describe("CustomResourceDefinitions", () => {
  const rendered = standard.filter(({ kind }) => kind === "CustomResourceDefinition");
  const conversion = { service: { name: "herald-webhook", namespace: NAMESPACE } };

  test("are those of the packages, with the webhook that converts", () => {
    const bare = rendered.map(({ metadata: { name }, ...rest }) => ({ ...rest, metadata: { name } }));
    expect(bare).toEqual(crds({ conversion }));
  });

  test("are templates that Helm keeps", () => {
    expect(rendered).toHaveLength(9);
    for (const { metadata } of rendered) expect(metadata.annotations).toEqual({ "helm.sh/resource-policy": "keep" });
  });

  test("lead to the webhook even where there is none: its authority, once written there, could not be taken back", async () => {
    const manifests = parseManifests(await renderChart({ values: { controller: { webhookMode: "disabled" } } }));
    expect(manifests.filter(({ kind }) => kind.startsWith("Validating"))).toEqual([]);
    const peers = manifests.find(({ metadata }) => metadata.name === "bgppeers.metallb.io");
    expect(at(peers, "spec.conversion.strategy")).toBe("Webhook");
  });
});

describe("rights", () => {
  test("of the controller everywhere are these and no others", () => {
    expect(rulesOf("ClusterRole")).toEqual([
      "services: get list watch",
      "nodes namespaces: list watch",
      "endpointslices.discovery.k8s.io: list watch",
      "ipaddresspools l2advertisements bgpadvertisements bgppeers bfdprofiles communities.metallb.io: list watch",
      "services/status: patch",
      "events: create patch",
      "tokenreviews.authentication.k8s.io: create",
      "subjectaccessreviews.authorization.k8s.io: create",
      "validatingwebhookconfigurations.admissionregistration.k8s.io herald-webhook: list watch patch",
      "customresourcedefinitions.apiextensions.k8s.io bgppeers.metallb.io: list watch patch",
    ]);
  });

  test("of the controller in its namespace are these and no others", () => {
    expect(rulesOf("Role")).toEqual([
      "servicel2statuses servicebgpstatuses configurationstates.metallb.io: get list watch create patch delete",
      "ipaddresspools.metallb.io: get",
      "ipaddresspools/status configurationstates/status servicel2statuses/status servicebgpstatuses/status.metallb.io: patch",
      "secrets: list watch create",
      "secrets herald-ca: get update",
      "configmaps: create",
      "configmaps herald-ca herald-state: patch",
      "configmaps herald-state: get",
      "leases.coordination.k8s.io: create",
      "leases.coordination.k8s.io herald-controller: get patch",
    ]);
  });

  test("of speakers are none", () => {
    const bindings = standard.filter(({ kind }) => kind.endsWith("Binding"));
    expect(bindings.flatMap(({ subjects }) => subjects)).toEqual([
      { kind: "ServiceAccount", name: "herald-controller", namespace: NAMESPACE },
      { kind: "ServiceAccount", name: "herald-controller", namespace: NAMESPACE },
    ]);
    expect(object("ServiceAccount", "herald-speaker")).toMatchObject({ automountServiceAccountToken: false });
    expect(at(object("DaemonSet", "herald-speaker"), "spec.template.spec.automountServiceAccountToken")).toBe(false);
  });

  test("of Prometheus are to read /metrics, and to find what to scrape", async () => {
    const values = {
      prometheus: { podMonitor: { enabled: true }, serviceAccount: "prometheus", namespace: "monitoring" },
    };
    const manifests = parseManifests(await renderChart({ values, apiVersions: ["monitoring.coreos.com/v1"] }));
    const rules = (name: string) =>
      manifests.find(({ kind, metadata }) => kind.endsWith("Role") && metadata.name === name);
    expect(rules("herald-metrics-reader")).toMatchObject({
      rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
    });
    expect(rules("herald-prometheus")).toMatchObject({
      rules: [
        { apiGroups: [""], resources: ["services", "endpoints", "pods"], verbs: ["get", "list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
      ],
    });
  });
});

test("the webhook is asked at the paths of MetalLB's, by the Service in front of the controllers", () => {
  const { webhooks } = object("ValidatingWebhookConfiguration", "herald-webhook") as unknown as { webhooks: Webhook[] };
  expect(
    webhooks.map(({ clientConfig: { service }, rules: [rule] }) => `${service.path} ${rule?.operations.join(" ")}`),
  ).toEqual([
    "/validate-metallb-io-v1beta2-bgppeer CREATE UPDATE",
    "/validate-metallb-io-v1beta1-ipaddresspool CREATE UPDATE",
    "/validate-metallb-io-v1beta1-bgpadvertisement CREATE UPDATE",
    "/validate-metallb-io-v1beta1-community CREATE UPDATE",
    "/validate-metallb-io-v1beta1-bfdprofile CREATE DELETE",
    "/validate-metallb-io-v1beta1-l2advertisement CREATE UPDATE",
  ]);
  expect(object("Service", "herald-webhook")).toMatchObject({
    spec: { ports: [{ port: 443, targetPort: "webhook" }] },
  });
  for (const webhook of webhooks) {
    expect(webhook).toMatchObject({ failurePolicy: "Fail", sideEffects: "None" });
    expect(webhook.clientConfig.service).toMatchObject({ name: "herald-webhook", namespace: NAMESPACE });
  }
});

test("the webhook may be asked of the release's namespace alone, for another Herald in the cluster", async () => {
  const values = { controller: { webhookNamespaces: "own" } };
  const manifests = parseManifests(await renderChart({ namespace: NAMESPACE, values }));
  const { webhooks } = manifests.find(({ kind }) => kind === "ValidatingWebhookConfiguration") as unknown as {
    webhooks: unknown[];
  };
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": NAMESPACE } };
  expect(webhooks).toEqual(webhooks.map(() => expect.objectContaining({ namespaceSelector })));
});

test("nothing is denied to the controller unless it is allowed what it needs", async () => {
  const policies = async (networkpolicies: object) => {
    const manifests = parseManifests(await renderChart({ values: { networkpolicies } }));
    return manifests.filter(({ kind }) => kind === "NetworkPolicy").map(({ metadata: { name } }) => name);
  };
  expect(await policies({ defaultDeny: true })).toEqual([]);
  expect(await policies({ enabled: true })).toEqual(["herald-controller"]);
  expect(await policies({ enabled: true, defaultDeny: true })).toEqual(["herald-controller", "herald-default-deny"]);
});

test.each(["enabled", "disabled"])(
  "anybody may reach each port that the controller has, and the controller the API server (webhook %s)",
  async (webhookMode) => {
    const values = { networkpolicies: { enabled: true, apiPort: 8443 }, controller: { webhookMode } };
    const manifests = parseManifests(await renderChart({ values }));
    const containers = at(
      manifests.find(({ kind }) => kind === "Deployment"),
      "spec.template.spec.containers",
    ) as readonly { readonly ports: readonly { readonly name: string }[] }[];
    const ports = containers.flatMap((container) => container.ports.map(({ name }) => ({ port: name })));
    const policy = manifests.find(({ kind }) => kind === "NetworkPolicy");
    expect(policy).toMatchObject({
      spec: { policyTypes: ["Ingress", "Egress"], egress: [{ ports: [{ port: 8443 }] }] },
    });
    expect(at(policy, "spec.ingress")).toEqual([{ ports }]);
    expect(ports).toHaveLength(webhookMode === "enabled" ? 3 : 2);
  },
);

test("speakers find all controllers by one name, ready or not", () => {
  expect(object("Service", "herald-controller")).toMatchObject({
    spec: { clusterIP: "None", publishNotReadyAddresses: true, ports: [{ port: 7600 }] },
  });
});

interface Webhook {
  readonly clientConfig: { readonly service: { readonly path: string } };
  readonly rules: readonly { readonly operations: readonly string[] }[];
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** As lines: resources, with their group; names, if not all; verbs. */
function rulesOf(kind: string): readonly string[] {
  const { rules } = object(kind, "herald-controller") as unknown as { rules: readonly Rule[] };
  return rules.map(({ apiGroups: [group], resources, resourceNames = [], verbs }) => {
    const what = `${resources.join(" ")}${group ? `.${group}` : ""}`;
    return `${[what, ...resourceNames].join(" ")}: ${verbs.join(" ")}`;
  });
}

function at(json: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], json);
}

function isSelector(value: unknown): value is Record<string, string> {
  return typeof value === "object" && value !== null && "app.kubernetes.io/name" in value;
}
