import {
  advertisementManifest,
  createLab,
  Deployment,
  endpointsManifest,
  type Host,
  type Lab,
  manifests,
  poolManifest,
  serviceManifest,
  until,
} from "@heraldlb/lab";
import type { Ip, Ipv4, Ipv6 } from "@heraldlb/net";
import { isIpv4, isIpv6 } from "@heraldlb/net";

/** The demo's lab, and the parts that the steps speak of. */
export interface Scene {
  readonly lab: Lab;
  readonly herald: Deployment;
  readonly client: Host;
  readonly witness: Host;
  /** Forwards nothing before it is made a router. */
  readonly router: Host;
}

/** The addresses of the demo's Service. */
export interface ServiceAddresses {
  readonly ipv4: Ipv4;
  readonly ipv6: Ipv6;
}

/** Sets the lab up: three nodes, a client, a witness that only asks questions, a router to be, and a host for the controller. */
export async function setScene(name: string, { keep }: { readonly keep: boolean }): Promise<Scene> {
  const lab = await createLab({ name, clients: 3, keep });
  await lab.serve();
  const [client, witness, router] = [lab.host("client1"), lab.host("client2"), lab.host("client3")];
  return { lab, herald: new Deployment(lab), client, witness, router };
}

/**
 * Writes a pool, its advertisement, and a dual-stack Service with an endpoint on each node; and a pool for certain
 * Services only, of which two share an address.
 */
export function writeManifests({ herald, lab }: Scene): void {
  const nodes = lab.nodes.map(({ name }) => name);
  herald.write(
    "pool.yaml",
    manifests(
      poolManifest("demo", ["10.64.1.10-10.64.1.19", "fd64::1:10-fd64::1:19"]),
      EDGE_POOL,
      advertisementManifest("demo", ["demo", "edge"]),
    ),
  );
  herald.write(
    "web.yaml",
    manifests(serviceManifest({ name: "web" }), endpointsManifest({ service: "web", ready: nodes })),
  );
  herald.write(
    "dns.yaml",
    manifests(
      ...(["TCP", "UDP"] as const).flatMap((protocol) => {
        const service = `dns-${protocol.toLowerCase()}`;
        return [sharingService(service, protocol), endpointsManifest({ service, families: ["ipv4"], ready: nodes })];
      }),
    ),
  );
}

/** Only Services with a label are given its addresses. */
const EDGE_POOL = `apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: edge
  namespace: metallb-system
spec:
  addresses: ["10.64.1.20/30"]
  serviceAllocation:
    serviceSelectors:
      - matchLabels:
          exposure: edge
`;

/** A Service that shares its address with those that have the same key and other ports. */
function sharingService(name: string, protocol: "TCP" | "UDP"): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
  namespace: default
  labels:
    exposure: edge
  annotations:
    metallb.io/allow-shared-ip: dns
spec:
  type: LoadBalancer
  selector:
    app: dns
  ports:
    - name: dns
      port: 53
      protocol: ${protocol}
`;
}

/** Waits until both Services of DNS have an address, which must be the same. */
export async function sharedAddress({ herald }: Scene): Promise<Ip> {
  const [[first], [second]] = [await herald.given("dns-tcp", 1), await herald.given("dns-udp", 1)];
  if (!first || first !== second) throw new Error(`dns-tcp was given ${first}, dns-udp ${second}`);
  return first;
}

/** Waits until the Service has an address of each family. */
export async function givenAddresses({ herald }: Scene): Promise<ServiceAddresses> {
  const addresses = await herald.given("web", 2);
  const [ipv4, ipv6] = [addresses.find(isIpv4), addresses.find(isIpv6)];
  if (!ipv4 || !ipv6) throw new Error(`web was given ${addresses.join(" and ")}, not one address of each family`);
  return { ipv4, ipv6 };
}

/** Waits until one and the same node answers for both addresses, and returns it. */
export async function answeringNode({ lab, witness }: Scene, { ipv4, ipv6 }: ServiceAddresses): Promise<Host> {
  return await until("one node answered for both addresses", async () => {
    const [four, six] = await Promise.all([ipv4, ipv6].map((address) => witness.resolve(address, { waitMs: 200 })));
    const [mac] = four ?? [];
    if (mac === undefined || four?.length !== 1 || six?.length !== 1 || six[0] !== mac) {
      throw new Error(`ARP: ${four?.join(" ") || "nobody"}; NDP: ${six?.join(" ") || "nobody"}`);
    }
    return lab.host(lab.hostOf(mac));
  });
}
