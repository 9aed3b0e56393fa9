import { endpointsManifest, Frr, type Host, manifests, poolManifest, serviceManifest, until } from "@heraldlb/lab";
import { type Ipv4, isIpv4 } from "@heraldlb/net";
import type { Scene } from "./scene.ts";

/** A Service, and the router that spreads its flows over the nodes that announce it. */
export interface Routing {
  readonly service: Ipv4;
  readonly router: Host;
  readonly frr: Frr;
}

const SPEAKER_ASN = 64_512;
const ROUTER_ASN = 64_513;
const NETWORK = "10.64.2.0/24";
const POOL = "10.64.2.10-10.64.2.19";
const INTERVAL_MS = 100;
const MULTIPLIER = 3;

/** How long a node says nothing before BFD takes it for lost. */
export const DETECTION_MS: number = INTERVAL_MS * MULTIPLIER;

/** Makes a host the router of the routed network: FRR with a session to each node, BFD, and ECMP by addresses and ports. */
export async function startRouter({ lab, client, router }: Scene): Promise<Frr> {
  await routeBy(router, client);
  return await Frr.start(router, {
    bgp: `router bgp ${ROUTER_ASN}
bgp router-id ${router.ipv4}
no bgp ebgp-requires-policy
neighbor nodes peer-group
neighbor nodes remote-as ${SPEAKER_ASN}
neighbor nodes timers 3 9
neighbor nodes passive
neighbor nodes bfd profile demo
${lab.nodes.map(({ ipv4 }) => `neighbor ${ipv4} peer-group nodes`).join("\n")}
address-family ipv4 unicast
maximum-paths 8
exit-address-family
exit`,
    bfd: `bfd
profile demo
receive-interval ${INTERVAL_MS}
transmit-interval ${INTERVAL_MS}
detect-multiplier ${MULTIPLIER}
exit
exit`,
  });
}

/** Lets a client reach the routed network by way of a host, which spreads flows by addresses and ports. */
export async function routeBy(router: Host, client: Host): Promise<void> {
  const device = router.interfaceOn("lan").name;
  const settings = ["ip_forward=1", "fib_multipath_hash_policy=1"];
  const noRedirects = ["all", device].map((where) => `conf.${where}.send_redirects=0`);
  await router.exec(["sysctl", "-q", "-w", ...[...settings, ...noRedirects].map((setting) => `net.ipv4.${setting}`)]);
  await client.exec(["ip", "route", "replace", NETWORK, "via", router.ipv4]);
}

/** Writes the router and a Service that is announced to it, and waits until the Service has an address. */
export async function announceService({ herald, lab, router }: Scene, frr: Frr): Promise<Routing> {
  const service = { name: "api", families: ["ipv4"] } as const;
  herald.write("router.yaml", routerManifests(router));
  herald.write(
    "api.yaml",
    manifests(
      poolManifest("routed", [POOL]),
      serviceManifest({ ...service, annotations: { "metallb.io/address-pool": "routed" } }),
      endpointsManifest({
        service: service.name,
        families: service.families,
        ready: lab.nodes.map(({ name }) => name),
      }),
    ),
  );
  const [address] = await herald.given(service.name, 1);
  if (!address || !isIpv4(address)) throw new Error(`api was given ${address}, no IPv4 address`);
  return { service: address, router, frr };
}

function routerManifests({ ipv4 }: Host): string {
  const object = (
    kind: string,
    version: string,
    name: string,
    spec: object,
  ): string => `apiVersion: metallb.io/${version}
kind: ${kind}
metadata: { name: ${name}, namespace: metallb-system }
spec: ${JSON.stringify(spec)}
`;
  const intervals = { receiveInterval: INTERVAL_MS, transmitInterval: INTERVAL_MS, detectMultiplier: MULTIPLIER };
  const peer = { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress: ipv4, connectTime: "1s", bfdProfile: "demo" };
  return manifests(
    object("BFDProfile", "v1beta1", "demo", intervals),
    object("BGPPeer", "v1beta2", "router", peer),
    object("BGPAdvertisement", "v1beta1", "routed", { ipAddressPools: ["routed"] }),
  );
}

/** The nodes that the router's kernel forwards the Service's packets to, in its order. */
export async function nextHops({ lab }: Scene, { router, service }: Routing): Promise<readonly Host[]> {
  const route = await router.exec(["ip", "route", "show", `${service}/32`]);
  const addresses = Array.from(route.matchAll(/ via (\S+)/g), ([, address]) => address);
  return addresses.flatMap((address) => lab.nodes.find(({ ipv4 }) => ipv4 === address) ?? []);
}

/** Waits until the router's kernel forwards to exactly these nodes. */
export async function forwardsTo(scene: Scene, routing: Routing, nodes: readonly Host[]): Promise<void> {
  const forwarded = async (): Promise<boolean> => {
    const hops = await nextHops(scene, routing);
    return hops.length === nodes.length && nodes.every((node) => hops.includes(node));
  };
  const names = nodes.map(({ name }) => name).join();
  await until(`the router forwarded to ${names}`, forwarded, { timeoutMs: 20_000, everyMs: 5 });
}

/** Waits until the router watches these nodes with BFD. */
export async function watches({ frr }: Routing, nodes: readonly Host[]): Promise<void> {
  const watched = async (): Promise<boolean> => {
    const peers = (await frr.show("bfd peers")) as readonly { readonly peer: string; readonly status: string }[];
    return nodes.every(({ ipv4 }) => peers.some(({ peer, status }) => peer === ipv4 && status === "up"));
  };
  await until("BFD was up", watched);
}
