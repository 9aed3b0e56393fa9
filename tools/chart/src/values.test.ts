import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { CHART, renderChart } from "./render.ts";
import { valueRows, valuesTable } from "./values-table.ts";

const ROWS = valueRows(await readFile(join(CHART, "values.yaml"), "utf8"));
const SCHEMA: Schema = JSON.parse(await readFile(join(CHART, "values.schema.json"), "utf8"));
const OPERATOR = ["monitoring.coreos.com/v1"];

/** Everything on, so that each value has something to change. */
const MONITORS = { rbacPrometheus: true, serviceAccount: "prometheus", namespace: "monitoring" };
const EVERYTHING = {
  prometheus: { ...MONITORS, serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } },
  networkpolicies: { enabled: true, defaultDeny: true },
};
const WITH_POD_MONITOR = { prometheus: { ...MONITORS, podMonitor: { enabled: true } } };

/** Where the other value cannot be derived from the default, or is the default. */
const OTHERS: Readonly<Record<string, unknown>> = {
  imagePullSecrets: [{ name: "other" }],
  "crds.validationFailurePolicy": "Ignore",
  "controller.logLevel": "warn",
  "controller.extraArgs": ["--other"],
  "controller.onStranded": "reassign",
  "controller.webhookMode": "disabled",
  "controller.webhookNamespaces": "own",
  "controller.image.pullPolicy": "Never",
  "controller.strategy": { type: "Recreate" },
  "controller.resources": { limits: { memory: "1Gi" } },
  "controller.topologySpreadConstraints": [{ other: 1 }],
  "controller.tolerations": [{ operator: "Exists" }],
  "controller.extraContainers": [{ name: "other" }],
  "speaker.logLevel": "warn",
  "speaker.extraArgs": ["--other"],
  "speaker.bgpListen": "[::]:1790",
  "speaker.capabilities": ["SYS_NICE"],
  "speaker.image.pullPolicy": "Never",
  "speaker.updateStrategy": { type: "OnDelete" },
  "speaker.resources": { limits: { memory: "1Gi" } },
  "speaker.tolerations": [{ operator: "Exists" }],
  "speaker.extraContainers": [{ name: "other" }],
  "prometheus.podMonitor.interval": "7s",
  "prometheus.podMonitor.metricRelabelings": [{ action: "other" }],
  "prometheus.podMonitor.relabelings": [{ action: "other" }],
  "prometheus.serviceMonitor.interval": "7s",
  "prometheus.serviceMonitor.metricRelabelings": [{ action: "other" }],
  "prometheus.serviceMonitor.relabelings": [{ action: "other" }],
  "prometheus.prometheusRule.addressPoolUsage.thresholds": [{ percent: 50 }],
  "prometheus.prometheusRule.extraAlerts": [{ alert: "Other" }],
  "prometheus.podMonitor.enabled": false,
  "prometheus.serviceMonitor.enabled": false,
  "prometheus.prometheusRule.enabled": false,
  "networkpolicies.enabled": false,
  "networkpolicies.defaultDeny": false,
};

interface Schema {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

describe("each value of values.yaml has an effect", () => {
  const rendered = new Map<object, string>();
  beforeAll(async () => {
    for (const base of [EVERYTHING, WITH_POD_MONITOR]) rendered.set(base, await render(base));
  });

  const cases = ROWS.map(({ path, preset }) => ({ path, value: OTHERS[path] ?? other(preset) }));
  test.concurrent.each(cases)("$path", async ({ path, value }) => {
    const base = path.includes("podMonitor") ? WITH_POD_MONITOR : EVERYTHING;
    expect(await render(merge(base, path, value))).not.toBe(rendered.get(base));
  });
});

test("the schema and values.yaml name the same values", () => {
  const paths = schemaPaths(SCHEMA);
  const beside = (path: string) => ROWS.some((row) => path === row.path || path.startsWith(`${row.path}.`));
  // Those that a chart may set that this one is part of.
  expect(paths.filter((path) => !beside(path))).toEqual(["global", "enabled"]);
  expect(
    ROWS.map(({ path }) => path).filter((path) => !paths.some((each) => `${each}.`.startsWith(`${path}.`))),
  ).toEqual([]);
});

test("the schema refuses what it does not know wherever it names properties", () => {
  const open = (schema: Schema): Schema[] => [
    ...(schema.properties && schema.additionalProperties !== false ? [schema] : []),
    ...Object.values({ ...schema.properties, ...schema.definitions }).flatMap(open),
  ];
  const { securityContext } = SCHEMA.definitions ?? {};
  // What a pod's security context may have is Kubernetes' to say.
  expect(open(SCHEMA)).toEqual([securityContext]);
});

describe("a wrong value is refused, with a message that names it", () => {
  test.each([
    [{ controler: {} }, "additional properties 'controler' not allowed"],
    [{ speaker: { frr: { enabled: true } } }, "at '/speaker': additional properties 'frr' not allowed"],
    [{ controller: { replicas: 0 } }, "at '/controller/replicas': minimum: got 0, want 1"],
    [{ controller: { replicas: "2" } }, "at '/controller/replicas': got string, want integer"],
    [
      { controller: { webhookMode: "off" } },
      "at '/controller/webhookMode': value must be one of 'enabled', 'disabled'",
    ],
    [
      { controller: { webhookNamespaces: "a" } },
      "at '/controller/webhookNamespaces': value must be one of 'all', 'own'",
    ],
    [{ controller: { labels: { "helm.sh/chart": "a" } } }, "invalid propertyName 'helm.sh/chart'"],
    [{ fullnameOverride: "1st" }, "at '/fullnameOverride': '1st' does not match pattern"],
    [{ controller: { onStranded: "drop" } }, "at '/controller/onStranded': value must be one of 'keep', 'reassign'"],
    [
      { controller: { extraArgs: ["lb-class=a"] } },
      "at '/controller/extraArgs/0': 'lb-class=a' does not match pattern",
    ],
    [{ speaker: { logLevel: "all" } }, "at '/speaker/logLevel': value must be one of 'debug', 'info', 'warn', 'error'"],
    [{ speaker: { bgpListen: "179" } }, "at '/speaker/bgpListen': '179' does not match pattern"],
    [{ speaker: { capabilities: ["ALL"] } }, "at '/speaker/capabilities/0': 'not' failed"],
    [{ speaker: { livenessProbe: { port: 17472 } } }, "at '/speaker/livenessProbe': additional properties 'port'"],
    [{ crds: { validationFailurePolicy: "fail" } }, "at '/crds/validationFailurePolicy': value must be one of"],
    // Those of a controller's streams and of its webhook.
    [{ prometheus: { metricsPort: 7600 } }, "at '/prometheus/metricsPort': 'not' failed"],
    [{ prometheus: { metricsPort: 9443 } }, "at '/prometheus/metricsPort': 'not' failed"],
    // No node could be drained.
    [
      { controller: { podDisruptionBudget: { maxUnavailable: "0%" } } },
      "at '/controller/podDisruptionBudget/maxUnavailable': '0%' does not match pattern",
    ],
    [{ prometheus: { metricsPort: 65536 } }, "at '/prometheus/metricsPort': maximum: got 65,536, want 65,535"],
    [
      { prometheus: { podMonitor: { interval: "often" } } },
      "at '/prometheus/podMonitor/interval': 'often' does not match",
    ],
    // Null takes the default away.
    [{ controller: { image: { repository: null } } }, "at '/controller/image': missing property 'repository'"],
    [{ prometheus: { metricsPort: null } }, "at '/prometheus': missing property 'metricsPort'"],
    [{ networkpolicies: { apiPort: 0 } }, "at '/networkpolicies/apiPort': minimum: got 0, want 1"],
    [
      { prometheus: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } } },
      "every pod would be scraped twice; enable one",
    ],
    [{ prometheus: { serviceMonitor: { enabled: true } } }, "prometheus.rbacPrometheus: say who Prometheus is"],
  ])("%j", async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  test.each(["1st", "a.b"])("a release called %s, unless its objects are called otherwise", async (release) => {
    await expect(renderChart({ release })).rejects.toThrow(
      `"${release}-herald" cannot be the beginning of a Service's name: set fullnameOverride`,
    );
    const rendered = renderChart({ release, values: { fullnameOverride: "lb" } });
    await expect(rendered).resolves.toContain("name: lb-controller");
  });

  test("a monitor, where the cluster has no Prometheus Operator", async () => {
    const values = { prometheus: { serviceMonitor: { enabled: true }, rbacPrometheus: false } };
    await expect(renderChart({ values })).rejects.toThrow("install the Prometheus Operator first");
  });
});

test("what is left empty, as under a heading of comments, is nothing", async () => {
  const empty = { nodeSelector: null, podAnnotations: null, labels: null, tolerations: null, resources: null };
  await expect(render({ controller: { ...empty, strategy: null }, speaker: empty })).resolves.not.toContain("nil");
});

test("a value without a comment is an error, not a gap in the table", () => {
  expect(() => valueRows("# All\n\n# Meant\na: 1\nb:\n  c: 2\n")).toThrow("b.c has no comment");
  expect(valuesTable(valueRows("# All\n\n# First\na: ''\nb:\n  # Second\n  # line\n  c: {d: 2}\n"))).toBe(
    '| value | default | meaning |\n| --- | --- | --- |\n| `a` | | First |\n| `b.c` | `{"d":2}` | Second line |\n',
  );
});

function render(values: unknown): Promise<string> {
  return renderChart({ values, apiVersions: OPERATOR });
}

function other(preset: unknown): unknown {
  if (typeof preset === "boolean") return !preset;
  if (typeof preset === "number") return preset + 1;
  if (typeof preset === "string") return "other";
  if (Array.isArray(preset)) return ["other"];
  if (typeof preset === "object" && preset && "enabled" in preset) return { enabled: !preset.enabled };
  return typeof preset === "object" && preset && "runAsUser" in preset ? { runAsUser: 1 } : { other: "other" };
}

/** A copy of `values` in which `path` is `value`. */
function merge(values: object, path: string, value: unknown): object {
  const [first = "", ...rest] = path.split(".");
  const below = (values as Readonly<Record<string, object | undefined>>)[first] ?? {};
  return { ...values, [first]: rest.length === 0 ? value : merge(below, rest.join("."), value) };
}

function schemaPaths(schema: Schema, parent = ""): readonly string[] {
  const { properties } = resolve(schema);
  if (!properties) return [parent.slice(1)];
  return Object.entries(properties).flatMap(([key, below]) => schemaPaths(below, `${parent}.${key}`));
}

function resolve(schema: Schema): Schema {
  const [, name] = /^#\/definitions\/(\w+)$/.exec(schema.$ref ?? "") ?? [];
  return (name && SCHEMA.definitions?.[name]) || schema;
}
