import type { PodSpec } from "@heraldlb/chart";

/** A pod as an API server has it, as far as it matters here. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: Readonly<Record<string, string>>;
    /** It is to end. */
    readonly deletionTimestamp?: string;
  };
  readonly spec: PodSpec & Placement & { readonly nodeName?: string };
}

/** What a pod says of the nodes that it may be on. */
export interface Placement {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly { readonly key?: string; readonly operator?: string; readonly value?: string }[];
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms: readonly NodeTerm[] };
    };
  };
}

interface NodeTerm {
  readonly matchFields?: readonly { readonly key: string; readonly values?: readonly string[] }[];
}

/** A node as an API server has it, as far as it matters here. */
export interface NodeObject {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
}

/** The path of a pod at the API server. */
export function podPath({ namespace, name }: Pick<PodObject["metadata"], "namespace" | "name">): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`;
}
