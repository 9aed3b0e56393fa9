import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { renderChart } from "./render.ts";

const HOW_TO = join(import.meta.dirname, "../../../docs/install-with-helm.md");

const PROBE = {
  failureThreshold: 3,
  initialDelaySeconds: 10,
  periodSeconds: 10,
  successThreshold: 1,
  timeoutSeconds: 1,
};
const WORKLOAD = {
  ...{ enabled: true, logLevel: "info", image: { repository: "example.com/image", tag: null, pullPolicy: null } },
  ...{ serviceAccount: { create: true, name: "", annotations: {} }, securityContext: {}, resources: {} },
  ...{ nodeSelector: {}, tolerations: [], priorityClassName: "", runtimeClassName: "", affinity: {} },
  ...{ podAnnotations: {}, labels: {}, extraContainers: [] },
  ...{ livenessProbe: { enabled: true, ...PROBE }, readinessProbe: { enabled: true, ...PROBE } },
};
const MONITOR = { enabled: false, jobLabel: "app.kubernetes.io/name", metricRelabelings: [], relabelings: [] };
const TARGET = { additionalLabels: {}, annotations: {}, tlsConfig: { insecureSkipVerify: true } };
const alert = (severity: string) => ({ enabled: true, labels: { severity } });

/** What MetalLB 0.16's chart has in its values.yaml and means the same here. */
const SHARED = {
  ...{ imagePullSecrets: [], nameOverride: "", fullnameOverride: "", loadBalancerClass: "", rbac: { create: true } },
  prometheus: {
    ...{ scrapeAnnotations: false, metricsPort: 9120, rbacPrometheus: true, serviceAccount: "", namespace: "" },
    podMonitor: { ...MONITOR, interval: null, ...TARGET },
    serviceMonitor: { ...MONITOR, interval: null, speaker: TARGET, controller: TARGET },
    prometheusRule: {
      ...{ enabled: false, additionalLabels: {}, annotations: {}, extraAlerts: [] },
      ...{ staleConfig: alert("warning"), configNotLoaded: alert("warning"), bgpSessionDown: alert("critical") },
      addressPoolExhausted: { ...alert("critical"), excludePools: "" },
      addressPoolUsage: {
        enabled: true,
        thresholds: [{ percent: 75, labels: { severity: "warning" } }],
        excludePools: "",
      },
    },
  },
  controller: { ...WORKLOAD, webhookMode: "enabled", strategy: { type: "RollingUpdate" } },
  speaker: {
    ...{ ...WORKLOAD, tolerateMaster: true, excludeInterfaces: { enabled: true }, ignoreExcludeLB: false },
    updateStrategy: { type: "RollingUpdate" },
  },
  crds: { enabled: true, validationFailurePolicy: "Fail" },
  networkpolicies: { enabled: false, defaultDeny: false, apiPort: 6443 },
};

/** What it has beyond that. */
const OTHERS: readonly (readonly [name: string, values: object])[] = [
  ["tls", { tls: { minVersion: "" } }],
  ["frrk8s", { frrk8s: { enabled: true } }],
  ["frr-k8s", { "frr-k8s": { prometheus: {} } }],
  ["frr", { speaker: { frr: { enabled: false } } }],
  ["reloader", { speaker: { reloader: { resources: {} } } }],
  ["frrMetrics", { speaker: { frrMetrics: { resources: {} } } }],
  ["initContainers", { speaker: { initContainers: {} } }],
  ["startupProbe", { speaker: { startupProbe: { enabled: true } } }],
  ["bgpDebounceTimeout", { speaker: { bgpDebounceTimeout: 3000 } }],
  ["memberlist", { speaker: { memberlist: { enabled: true } } }],
  ["secretName", { speaker: { secretName: "memberlist" } }],
  ["port", { controller: { livenessProbe: { port: 17_472 } } }],
  ["command", { controller: { command: "/controller" } }],
];

test("a file of values for MetalLB is taken, but for what the how-to says", async () => {
  await expect(renderChart({ values: SHARED })).resolves.toContain("kind: DaemonSet");
});

test.each(OTHERS)("%s is refused, and the how-to says so", async (name, values) => {
  await expect(renderChart({ values })).rejects.toThrow(name);
  const [, list = ""] = /^Of a values file for\s+MetalLB(.*?)\n\n/ms.exec(await readFile(HOW_TO, "utf8")) ?? [];
  expect(list).toContain(`\`${name}\``);
});
