// A cluster beside two routers: one outside, one of the nodes' own AS.
import { MERGE_PATCH } from "@heraldlb/cluster";
import { Frr, type Host, type Lab, until } from "@heraldlb/lab";
import { metallb, NAMESPACE, type Scene, setScene } from "./scene.fixture.ts";

/** The AS of nodes and of the internal router. */
export const OWN_ASN = 64_512;
/** The AS of the external router. */
export const OTHER_ASN = 64_513;
/** All nodes. */
export const NODES = ["node1", "node2", "node3"] as const;

/** What a router has been told: of each prefix the nodes that announce it, each with its attributes. */
export type Table = Readonly<Record<string, Paths>>;

/**
 * The nodes that announce a prefix, and what with: communities, large ones with `large:` before them, and, on the
 * internal router, `pref` and the local preference if that is not 100.
 */
export type Paths = Readonly<Record<string, string>>;

/** FRR, and what nodes have told it. */
export interface Router {
  readonly frr: Frr;
  readonly host: Host;
  /** Waits until it has been told exactly this, and nothing else. */
  knows(table: Table): Promise<void>;
  /** Waits until its kernel forwards what is for a prefix to exactly these nodes. */
  forwards(prefix: string, nodes: readonly string[]): Promise<void>;
  /** What it says of its sessions, by the nodes' addresses. */
  sessions(): Promise<Readonly<Record<string, FrrSession>>>;
  /** Waits until exactly the sessions to these nodes are up, over IPv4 or IPv6. */
  paired(nodes: readonly string[], family?: "ipv4" | "ipv6"): Promise<void>;
}

/** What FRR says of a session, as far as tests look at it. */
export interface FrrSession {
  readonly bgpState?: string;
  readonly remoteAs?: number;
  readonly connectionsEstablished?: number;
}

/** A {@link Scene} with routers, and Herald running. */
export interface BgpScene extends Scene {
  readonly external: Router;
  readonly internal: Router;
  /** Makes the API server have these objects. */
  apply(...objects: readonly unknown[]): Promise<void>;
  remove(...objects: readonly unknown[]): Promise<void>;
  /** Gives an object labels, or takes them away (`null`). */
  label(kind: "Node" | "IPAddressPool", name: string, labels: Readonly<Record<string, string | null>>): Promise<void>;
  /** Deletes all Services but `kubernetes`, and Herald's configuration but for these kinds; routers know nothing then. */
  clear(options?: { readonly keep?: readonly Kind[] }): Promise<void>;
  /** Waits until ServiceBGPStatuses name exactly these BGPPeers for a Service, by node. */
  shows(service: string, peers: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Waits until an Event of a Service has such a reason and message, with a blank between them. */
  told(service: string, event: RegExp): Promise<void>;
}

// Services go first, so that nothing is done about them when the rest goes.
const PLURALS = {
  Service: "services",
  BFDProfile: "bfdprofiles",
  BGPAdvertisement: "bgpadvertisements",
  BGPPeer: "bgppeers",
  Community: "communities",
  IPAddressPool: "ipaddresspools",
  L2Advertisement: "l2advertisements",
  Secret: "secrets",
} as const;
type Kind = keyof typeof PLURALS;

const LIMIT = { timeoutMs: 60_000, everyMs: 100 };

/** Sets up a cluster of three nodes, and two routers that await all of them, over IPv4 and IPv6. */
export async function setBgpScene(
  name: string,
  { kubeProxy }: { readonly kubeProxy?: "none" } = {},
): Promise<BgpScene> {
  const shape = { name: `${name}-${process.pid}`, nodes: NODES.length, clients: 0, routers: 2, kubeProxy };
  const scene = await setScene(shape, { objects: [], nice: -10 });
  const { cluster, herald } = scene;
  const { lab } = cluster;
  const running = new AsyncDisposableStack();
  running.use(scene);
  try {
    const [external, internal] = await Promise.all([
      startRouter(lab, lab.host("router1"), OTHER_ASN),
      startRouter(lab, lab.host("router2"), OWN_ASN),
    ]);
    running.use(external.frr);
    running.use(internal.frr);
    await herald.startController(LIMIT);
    for (const node of lab.nodes) herald.startSpeaker(node);
    for (const node of lab.nodes) await herald.ready(node, herald.speaker(node), LIMIT);
    return {
      ...scene,
      external,
      internal,
      apply: async (...objects) => {
        for (const body of objects) {
          const query = { fieldManager: "test", force: "true" };
          await cluster.request("PATCH", pathOf(body), { query, body, contentType: "application/apply-patch+yaml" });
        }
      },
      remove: async (...objects) => {
        for (const object of objects) await cluster.request("DELETE", pathOf(object));
      },
      label: async (kind, name, labels) => {
        const collection = kind === "Node" ? "/api/v1/nodes" : collectionOf(kind);
        const body = { metadata: { labels } };
        await cluster.request("PATCH", `${collection}/${name}`, { body, contentType: MERGE_PATCH });
      },
      clear: async ({ keep = [] } = {}) => {
        const kinds = Object.keys(PLURALS) as readonly Kind[];
        for (const kind of kinds.filter((each) => !keep.includes(each))) {
          const query = kind === "Service" ? { labelSelector: "!provider" } : {};
          await cluster.request("DELETE", collectionOf(kind), { query });
        }
        await external.knows({});
        await internal.knows({});
      },
      shows: async (service, peers) =>
        await agrees(`ServiceBGPStatuses of ${service}`, peers, async () => {
          const query = { labelSelector: `metallb.io/service-name=${service}` };
          const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/servicebgpstatuses`;
          const { items } = (await cluster.request("GET", path, { query })) as BgpStatuses;
          return Object.fromEntries(items.map(({ status }) => [status?.node ?? "", status?.peers ?? []]));
        }),
      told: async (service, event) => {
        await until(
          `an Event of ${service} was ${event}`,
          async () => {
            const query = { fieldSelector: `involvedObject.name=${service}` };
            const answer = await cluster.request("GET", "/api/v1/namespaces/default/events", { query });
            return (answer as Events).items.some(({ reason, message }) => event.test(`${reason} ${message}`));
          },
          LIMIT,
        );
      },
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  } catch (error) {
    process.stderr.write(lab.logs().slice(-10_000));
    await running.disposeAsync();
    throw error;
  }
}

/** A BGPPeer for all nodes. */
export const peer = (name: string, router: Router, spec: object = {}): unknown =>
  metallb("BGPPeer", name, {
    ...{ myASN: OWN_ASN, peerASN: router.host.name === "router1" ? OTHER_ASN : OWN_ASN, peerAddress: router.host.ipv4 },
    ...spec,
  });

/** What a node is known by to `nodeSelectors`. */
export const on = (...nodes: readonly string[]): object => ({
  nodeSelectors: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: nodes }] }],
});

/** The same from each of these nodes. */
export const from = (nodes: readonly string[], attributes = ""): Paths =>
  Object.fromEntries(nodes.map((node) => [node, attributes]));

/** The addresses of a number of the lab's, 10.64.1.N and fd64::1:N, both from these nodes. */
export function both(number: number, paths: Paths): Table {
  return { [`10.64.1.${number}/32`]: paths, [`fd64::1:${number}/128`]: paths };
}

async function startRouter(lab: Lab, host: Host, asn: number): Promise<Router> {
  const neighbors = lab.nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]);
  const remote = asn === OWN_ASN ? "internal" : "external";
  const lines = [`remote-as ${remote}`, "passive", "timers 3 9", "bfd"];
  const family = (name: string) => [
    `address-family ${name} unicast`,
    ...["maximum-paths 8", "maximum-paths ibgp 8", ...neighbors.map((address) => `neighbor ${address} activate`)],
    "exit-address-family",
  ];
  const bgp = [
    `router bgp ${asn}`,
    ...[`bgp router-id ${host.ipv4}`, "no bgp ebgp-requires-policy", "bgp bestpath as-path multipath-relax"],
    ...neighbors.flatMap((address) => lines.map((line) => `neighbor ${address} ${line}`)),
    ...family("ipv4"),
    ...family("ipv6"),
  ];
  const frr = await Frr.start(host, { bgp: bgp.join("\n"), bfd: "" });
  const nameOf = (address: string) =>
    lab.nodes.find(({ ipv4, ipv6 }) => [ipv4, ipv6].includes(address as never))?.name ?? address;
  const sessions = async () => (await frr.show("bgp neighbors")) as Readonly<Record<string, FrrSession>>;
  return {
    frr,
    host,
    sessions,
    knows: async (table) =>
      await agrees(`${host.name} knows`, table, async () => {
        const shown = await Promise.all(
          ["ipv4", "ipv6"].map((name) => frr.run(`show bgp ${name} unicast json detail`)),
        );
        const routes = shown.flatMap((text) => Object.entries((JSON.parse(text) as FrrTable).routes));
        return Object.fromEntries(
          routes.map(([prefix, paths]) => [
            prefix,
            // The first element is about the prefix itself.
            Object.fromEntries(
              paths.flatMap(({ peer, ...path }) => (peer ? [[nameOf(peer.peerId), attributesOf(path)]] : [])),
            ),
          ]),
        );
      }),
    forwards: async (prefix, nodes) =>
      await agrees(`${host.name} forwards ${prefix}`, nodes, async () => {
        const { stdout } = await host.attempt(["ip", prefix.includes(":") ? "-6" : "-4", "route", "show", prefix]);
        return [...stdout.matchAll(/via (\S+)/g)].map(([, address = ""]) => nameOf(address)).toSorted();
      }),
    paired: async (nodes, name) =>
      await agrees(`${host.name} has sessions`, nodes, async () => {
        const up = Object.entries(await sessions()).filter(
          ([address, { bgpState }]) =>
            bgpState === "Established" && (!name || address.includes(":") === (name === "ipv6")),
        );
        return [...new Set(up.map(([address]) => nameOf(address)))].toSorted();
      }),
  };
}

function attributesOf({ community, largeCommunity, locPrf }: Omit<FrrPath, "peer">): string {
  const large = (largeCommunity?.list ?? []).map((value) => `large:${value}`);
  const preference = locPrf === undefined || locPrf === 100 ? [] : [`pref ${locPrf}`];
  return [...(community?.list ?? []), ...large, ...preference].join(" ");
}

/** Waits until what is seen is what is wanted, in whatever order keys are. */
async function agrees(what: string, wanted: unknown, look: () => Promise<unknown>): Promise<void> {
  const isWanted = async () => {
    const seen = await look();
    if (text(seen) === text(wanted)) return true;
    throw new Error(`it was ${text(seen)}`);
  };
  await until(`${what}: ${text(wanted)}`, isWanted, LIMIT);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function collectionOf(kind: Kind): string {
  const plural = PLURALS[kind];
  if (kind === "Service") return `/api/v1/namespaces/default/${plural}`;
  if (kind === "Secret") return `/api/v1/namespaces/${NAMESPACE}/${plural}`;
  return `/apis/metallb.io/${kind === "BGPPeer" ? "v1beta2" : "v1beta1"}/namespaces/${NAMESPACE}/${plural}`;
}

function pathOf(object: unknown): string {
  const { kind, metadata } = object as { readonly kind: Kind; readonly metadata: { readonly name: string } };
  return `${collectionOf(kind)}/${metadata.name}`;
}

interface FrrTable {
  readonly routes: Readonly<Record<string, readonly FrrPath[]>>;
}

interface FrrPath {
  readonly peer?: { readonly peerId: string };
  readonly locPrf?: number;
  readonly community?: { readonly list: readonly string[] };
  readonly largeCommunity?: { readonly list: readonly string[] };
}

interface BgpStatuses {
  readonly items: readonly { readonly status?: { readonly node?: string; readonly peers?: readonly string[] } }[];
}

interface Events {
  readonly items: readonly { readonly reason?: string; readonly message?: string }[];
}
