// Herald as a whole beside a router: manifests in, routes out.
import {
  createLab,
  Deployment,
  endpointsManifest,
  Frr,
  type Host,
  type Lab,
  manifests,
  pass,
  until,
} from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";

/** A lab whose router has a session to every node, for each family. */
export interface Site extends AsyncDisposable {
  readonly lab: Lab;
  readonly herald: Deployment;
  /** What clients reach Services by. */
  readonly router: Host;
  readonly frr: Frr;
  /** The nodes whose routes for a prefix the router has. */
  nextHops(prefix: string): Promise<readonly string[]>;
  /** Waits until the router has a prefix from exactly these nodes. */
  routed(prefix: string, nodes: readonly string[], timeoutMs?: number): Promise<void>;
  /** The nodes to which the router's kernel forwards what is for a prefix. */
  kernelHops(prefix: string): Promise<readonly string[]>;
  /** The router's view of its sessions, by address. */
  neighbors(): Promise<Readonly<Record<string, FrrNeighbor>>>;
  /** How often the router has seen each session come up. */
  establishments(): Promise<Readonly<Record<string, number>>>;
  /** Writes objects of `metallb.io`, each with its specification, as one file. */
  write(file: string, ...objects: readonly MetallbObject[]): void;
}

/** Kind, name and specification of an object, and its annotations. */
export type MetallbObject = readonly [
  kind: string,
  name: string,
  spec: object,
  annotations?: Readonly<Record<string, string>>,
];

export const SPEAKER_ASN = 64_512;
export const ROUTER_ASN = 64_513;

const NAMESPACE = "metallb-system";

/** More of the router's configuration. */
export interface SiteOptions {
  readonly name: string;
  readonly nodes?: number;
  /** Lines for each neighbour, where N is `neighbor` and its address. */
  readonly neighborLines?: readonly string[];
  /** bfdd's configuration. */
  readonly bfd?: string;
}

/** Starts lab, router, controller and speakers. */
export async function createSite({ name, nodes = 3, neighborLines = [], bfd }: SiteOptions): Promise<Site> {
  const lab = await createLab({ name: `${name}-${process.pid}`, nodes, routers: 1 });
  try {
    await lab.serve();
    const herald = new Deployment(lab, { nice: -10 });
    const [router] = lab.routers as [Host];
    const frr = await Frr.start(router, { bgp: routerConfig(lab.nodes, neighborLines), bfd });
    const nextHops = async (prefix: string) => {
      const family = prefix.includes(":") ? "ipv6" : "ipv4";
      const { paths = [] } = (await frr.show(`bgp ${family} unicast ${prefix}`)) as RouteReport;
      const addresses = paths.flatMap(({ peer }) => peer?.peerId ?? []);
      return lab.nodes
        .filter(({ ipv4, ipv6 }) => addresses.includes(ipv4) || addresses.includes(ipv6))
        .map((node) => node.name);
    };
    const neighbors = async () => (await frr.show("bgp neighbors")) as Readonly<Record<string, FrrNeighbor>>;
    await herald.startController();
    for (const node of lab.nodes) herald.startSpeaker(node);
    for (const node of lab.nodes) await herald.ready(node, herald.speaker(node));
    return {
      lab,
      herald,
      router,
      frr,
      nextHops,
      routed: async (prefix, wanted, timeoutMs = 20_000) => {
        let seen: readonly string[] = [];
        const isSo = async () => {
          seen = await nextHops(prefix);
          return seen.join() === wanted.join();
        };
        const what = `the router had ${prefix} from ${wanted.join() || "nobody"}`;
        await until(what, isSo, { timeoutMs }).catch((cause: unknown) => {
          throw new Error(`${what}: it is from ${seen.join() || "nobody"}`, { cause });
        });
      },
      kernelHops: async (prefix) => {
        const { stdout } = await router.attempt(["ip", prefix.includes(":") ? "-6" : "-4", "route", "show", prefix]);
        return lab.nodes
          .filter(({ ipv4, ipv6 }) => stdout.includes(`via ${ipv4} `) || stdout.includes(`via ${ipv6} `))
          .map((node) => node.name);
      },
      neighbors,
      establishments: async () => {
        const facts = Object.entries(await neighbors());
        return Object.fromEntries(
          facts.map(([address, { connectionsEstablished = 0 }]) => [address, connectionsEstablished]),
        );
      },
      write: (file, ...objects) =>
        herald.write(file, manifests(...objects.map((object) => metallbManifest(...object)))),
      async [Symbol.asyncDispose]() {
        await frr[Symbol.asyncDispose]();
        await lab[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** What FRR says of a neighbor, as far as tests look at it. */
export interface FrrNeighbor {
  readonly bgpState?: string;
  readonly connectionsEstablished?: number;
  readonly lastNotificationReason?: string;
  readonly messageStats?: { readonly updatesRecv?: number };
  readonly peerBfdInfo?: { readonly status?: string };
  readonly gracefulRestartInfo?: object;
}

interface RouteReport {
  readonly paths?: readonly { readonly peer?: { readonly peerId?: Ip } }[];
}

/** An object of `metallb.io`. */
export function metallbManifest(...[kind, name, spec, annotations = {}]: MetallbObject): string {
  const apiVersion = kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1";
  return `${JSON.stringify({ apiVersion, kind, metadata: { name, namespace: NAMESPACE, annotations }, spec })}\n`;
}

function routerConfig(nodes: readonly Host[], lines: readonly string[]): string {
  const neighbors = nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
  const each = (text: (address: Ip) => string) => neighbors.map(text).join("\n");
  return `router bgp ${ROUTER_ASN}
bgp router-id 192.0.2.254
no bgp ebgp-requires-policy
${each((address) => [`N remote-as ${SPEAKER_ASN}`, "N timers 3 9", ...lines].map((line) => line.replace(/^N /, `neighbor ${address} `)).join("\n"))}
address-family ipv4 unicast
maximum-paths 8
exit-address-family
address-family ipv6 unicast
maximum-paths 8
${nodes.map(({ ipv6 }) => `neighbor ${ipv6} activate`).join("\n")}
exit-address-family
exit
`;
}

/** What there is to be seen while something is done, each once. */
export async function seenDuring(act: () => Promise<void>, look: () => Promise<string>): Promise<readonly string[]> {
  const seen = new Set<string>();
  const watching = new AbortController();
  const watch = async () => {
    while (!watching.signal.aborted) {
      seen.add(await look());
      await pass(20);
    }
  };
  await Promise.all([act().finally(() => watching.abort()), watch()]);
  return [...seen];
}

/** A Service's endpoints on these nodes. */
export function endpoints(service: string, ready: readonly string[]): string {
  return endpointsManifest({ service, ready });
}
