import type { NodeObject, PodObject } from "./pod-object.ts";

/**
 * The node that a pod is to be on: of those that it may be on and that have its ports free (a pod has its node's network
 * here), the one with the fewest pods. Undefined: there is none now.
 */
export function nodeFor(
  pod: PodObject,
  nodes: readonly NodeObject[],
  others: readonly PodObject[],
): string | undefined {
  const on = (node: NodeObject) => others.filter(({ spec }) => spec.nodeName === node.metadata.name);
  return nodes
    .filter((node) => isWanted(pod, node) && isTolerated(pod, node) && arePortsFree(pod, on(node)))
    .toSorted((a, b) => on(a).length - on(b).length)[0]?.metadata.name;
}

function isWanted({ spec: { nodeSelector = {}, affinity } }: PodObject, { metadata: { name, labels } }: NodeObject) {
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (
    Object.entries(nodeSelector).every(([key, value]) => labels?.[key] === value) &&
    (!terms ||
      terms.some(({ matchFields = [] }) =>
        matchFields.every(({ key, values }) => key === "metadata.name" && values?.includes(name)),
      ))
  );
}

function isTolerated({ spec: { tolerations = [] } }: PodObject, { spec: { taints = [] } }: NodeObject): boolean {
  return taints.every((taint) => tolerations.some(({ key }) => key === undefined || key === taint.key));
}

function arePortsFree(pod: PodObject, others: readonly PodObject[]): boolean {
  const ports = ({ spec }: PodObject) => spec.containers.flatMap((each) => each.ports ?? []);
  const taken = new Set(others.flatMap(ports).map(({ containerPort }) => containerPort));
  return ports(pod).every(({ containerPort }) => !taken.has(containerPort));
}
