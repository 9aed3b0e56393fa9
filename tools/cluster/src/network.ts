import type { Host } from "@heraldlb/lab";
import { type Ip, type Ipv4, type Ipv6, parseIp } from "@heraldlb/net";

/** What Services' own addresses are taken from, IPv4 and IPv6. */
export const SERVICE_NETWORKS = ["10.96.0.0/12", "fd96::/108"] as const;
/** The addresses of Service `kubernetes`, which are the first of them. */
export const KUBERNETES_ADDRESSES = ["10.96.0.1", "fd96::1"] as const;
/** What pods' addresses are taken from, IPv4 and IPv6. */
export const POD_NETWORKS = ["10.244.0.0/16", "fd10:244::/48"] as const;

/** The addresses of a cluster's hosts among each other. */
export interface ClusterEnd {
  readonly device: string;
  readonly ipv4: Ipv4;
  readonly ipv6: Ipv6;
}

/** What must be known of a host to give it its place in the cluster. */
export type PlannedHost = Pick<Host, "name" | "plan">;

/** A host's interface that the cluster uses: on the management network if there is one. */
export function clusterEnd({ name, plan: { interfaces } }: PlannedHost): ClusterEnd {
  const end = interfaces.find(({ network }) => network === "mgmt") ?? interfaces[0];
  if (!end) throw new RangeError(`${name} has no interface`);
  return { device: end.name, ipv4: end.ipv4, ipv6: end.ipv6 };
}

/** The networks of a node's pods: node12 has 10.244.12.0/24 and fd10:244:0:12::/64. */
export function podNetworks(node: number): readonly [string, string] {
  return [`10.244.${node}.0/24`, `fd10:244:0:${node}::/64`];
}

/** The addresses of the `count`th pod of a node, counted from 1. Throws a `RangeError` if there is no room for it. */
export function podAddresses(node: number, count: number): readonly [Ip, Ip] {
  if (count < 1 || count > 254) throw new RangeError(`a node has room for 254 pods, not for ${count}`);
  const [ipv4, ipv6] = [parseIp(`10.244.${node}.${count}`), parseIp(`fd10:244:0:${node}::${count.toString(16)}`)];
  if (!ipv4 || !ipv6) throw new RangeError(`there is no node ${node}`);
  return [ipv4, ipv6];
}

/**
 * What iproute2 is to do on a host so that it reaches the pods of all nodes, and so that connections of its own to
 * Services have a way to go by until kube-proxy gives them their destination.
 */
export function routes(host: PlannedHost, nodes: readonly PlannedHost[]): readonly string[] {
  const own = clusterEnd(host);
  const toPods = nodes.flatMap((node, index) => {
    if (node.name === host.name) return [];
    const end = clusterEnd(node);
    const [ipv4, ipv6] = podNetworks(index + 1);
    return [`route add ${ipv4} via ${end.ipv4}`, `route add ${ipv6} via ${end.ipv6}`];
  });
  return [...toPods, ...SERVICE_NETWORKS.map((network) => `route add ${network} dev ${own.device}`)];
}
