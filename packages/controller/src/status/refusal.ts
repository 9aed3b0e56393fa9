import type { KubeError } from "@heraldlb/kube";

const REFUSALS: ReadonlySet<number> = new Set([400, 403, 413, 422]);
// Words of kube-apiserver, of etcd, and of gRPC between them.
const ONLY_THIS = /failed calling webhook|request is too large|message larger than max/;

/**
 * Whether the API server refuses this one object, whatever else it takes. A webhook that cannot be called may be one for
 * a namespace only, and an object that outgrows etcd does so alone: the answer to both is 500, as when the server itself
 * is in trouble.
 */
export function concernsOnlyThis({ status, message }: KubeError): boolean {
  return REFUSALS.has(status) || (status === 500 && ONLY_THIS.test(message));
}
