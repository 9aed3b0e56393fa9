import { expect, test } from "vitest";
import { nodeFor } from "./placement.ts";
import type { NodeObject, PodObject } from "./pod-object.ts";

const node = (name: string, { labels = {}, taints = [] as readonly string[] } = {}): NodeObject => ({
  metadata: { name, labels },
  spec: { taints: taints.map((key) => ({ key, effect: "NoSchedule" })) },
});

const pod = (spec: Partial<PodObject["spec"]> = {}, port = 80): PodObject => ({
  metadata: { name: "p", namespace: "n", uid: "u" },
  spec: {
    ...{ serviceAccountName: "s", terminationGracePeriodSeconds: 1 },
    containers: [{ name: "c", image: "i", ports: [{ name: "x", containerPort: port }] }],
    ...spec,
  },
});

const on = (name: string): NonNullable<PodObject["spec"]["affinity"]> => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", values: [name] }] }],
    },
  },
});

test.each<[what: string, pod: PodObject, others: readonly PodObject[], node: string | undefined]>([
  ["the first, if all are alike", pod(), [], "a"],
  ["the one with the fewest others", pod(), [pod({ nodeName: "a" }, 81)], "b"],
  ["one whose ports are free", pod({}, 80), [pod({ nodeName: "a" }), pod({ nodeName: "b" }, 8080)], "b"],
  ["none, while no port is free", pod(), [pod({ nodeName: "a" }), pod({ nodeName: "b" })], undefined],
  ["the one that its DaemonSet means", pod({ affinity: on("b") }), [], "b"],
  ["one with its labels, if it tolerates its taints", pod({ nodeSelector: { infra: "" } }), [], undefined],
  ["the same", pod({ nodeSelector: { infra: "" }, tolerations: [{ key: "infra" }] }), [], "c"],
  ["any, if it tolerates everything", pod({ affinity: on("c"), tolerations: [{ operator: "Exists" }] }), [], "c"],
])("a pod is put on %s", (_what, wanting, others, name) => {
  const nodes = [node("a"), node("b"), node("c", { labels: { infra: "" }, taints: ["infra"] })];
  expect(nodeFor(wanting, nodes, others)).toBe(name);
});
