import type { Family } from "@heraldlb/net";

/** A Service of type LoadBalancer. */
export interface ServiceManifest {
  readonly name: string;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  /** Default both. */
  readonly families?: readonly Family[] | undefined;
  /** `spec.externalTrafficPolicy`. Default `Cluster`. */
  readonly trafficPolicy?: "Cluster" | "Local" | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** The endpoints of a Service: one on each of these nodes. */
export interface EndpointsManifest {
  readonly service: string;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  /** Default both: a slice for each. */
  readonly families?: readonly Family[] | undefined;
  /** Nodes with an endpoint that is ready. */
  readonly ready: readonly string[];
  /** Nodes with an endpoint that is not. */
  readonly notReady?: readonly string[] | undefined;
}

const BOTH: readonly Family[] = ["ipv4", "ipv6"];
const SYSTEM = "metallb-system";
const POD_ADDRESS = { ipv4: "192.0.2.1", ipv6: "2001:db8::1" } as const;

/** Joins manifests into one file. */
export function manifests(...documents: readonly string[]): string {
  return documents.join("---\n");
}

/** An IPAddressPool of these ranges or prefixes. */
export function poolManifest(name: string, addresses: readonly string[]): string {
  return `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: ${name}
  namespace: ${SYSTEM}
spec:
  addresses: ${JSON.stringify(addresses)}
`;
}

/** An L2Advertisement of these pools on every node and interface. */
export function advertisementManifest(name: string, pools: readonly string[]): string {
  return `apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata:
  name: ${name}
  namespace: ${SYSTEM}
spec:
  ipAddressPools: ${JSON.stringify(pools)}
`;
}

/** A Node. */
export function nodeManifest(name: string): string {
  return `apiVersion: v1
kind: Node
metadata:
  name: ${name}
  labels:
    kubernetes.io/hostname: ${name}
`;
}

/** A Service of type LoadBalancer, port 80. */
export function serviceManifest({
  name,
  namespace = "default",
  families = BOTH,
  trafficPolicy = "Cluster",
  annotations = {},
}: ServiceManifest): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: ${namespace}
  annotations: ${JSON.stringify(annotations)}
spec:
  type: LoadBalancer
  externalTrafficPolicy: ${trafficPolicy}
  ipFamilyPolicy: ${families.length > 1 ? "RequireDualStack" : "SingleStack"}
  ipFamilies: ${JSON.stringify(families.map(kubernetesFamily))}
  clusterIPs: ${JSON.stringify(families.map((family) => (family === "ipv4" ? "10.96.0.10" : "fd96::10")))}
  selector:
    app: ${name}
  ports:
    - name: http
      port: 80
      protocol: TCP
    - name: probe
      port: 80
      protocol: UDP
`;
}

/** The EndpointSlices of a Service, one for each family. */
export function endpointsManifest({
  service,
  namespace = "default",
  families = BOTH,
  ready,
  notReady = [],
}: EndpointsManifest): string {
  const endpoints = (family: Family) =>
    [...ready.map((node) => [node, true] as const), ...notReady.map((node) => [node, false] as const)].map(
      ([nodeName, isReady]) => ({ addresses: [POD_ADDRESS[family]], nodeName, conditions: { ready: isReady } }),
    );
  return manifests(
    ...families.map(
      (family) => `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${service}-${family}
  namespace: ${namespace}
  labels:
    kubernetes.io/service-name: ${service}
addressType: ${kubernetesFamily(family)}
endpoints: ${JSON.stringify(endpoints(family))}
ports:
  - name: http
    port: 8080
    protocol: TCP
`,
    ),
  );
}

function kubernetesFamily(family: Family): string {
  return family === "ipv4" ? "IPv4" : "IPv6";
}
