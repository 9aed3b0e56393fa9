import type { ServiceInput } from "./service.ts";

/** The order in which Services are served: the older first, then by position, then by key. */
export function compareSeniority(a: ServiceInput, b: ServiceInput): number {
  const [left, right] = [a.createdAt ?? Number.POSITIVE_INFINITY, b.createdAt ?? Number.POSITIVE_INFINITY];
  if (left !== right) return left < right ? -1 : 1;
  return compareText(a.position ?? "", b.position ?? "") || compareText(a.key, b.key);
}

/** Who asks for an address comes before who asks for a pool, and that before who takes any: so fewer are refused. */
export function compareWishes(a: ServiceInput, b: ServiceInput): number {
  return freedom(a) - freedom(b) || compareSeniority(a, b);
}

function freedom({ requestedIps, loadBalancerIp, requestedPool }: ServiceInput): number {
  if (requestedIps || loadBalancerIp) return 0;
  return requestedPool ? 1 : 2;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
