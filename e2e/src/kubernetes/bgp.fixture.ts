// A cluster beside two routers: one outside, one of the nodes' own AS.
import { MERGE_PATCH } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import { agrees, LIMIT, OTHER_ASN, OWN_ASN, type Router, startRouter, type Table } from "./router.fixture.ts";
import { metallb, NAMESPACE, type Scene, setScene } from "./scene.fixture.ts";

/** All nodes. */
export const NODES = ["node1", "node2", "node3"] as const;

/** A {@link Scene} with routers, and Herald running. */
export interface BgpScene extends Scene {
  readonly external: Router;
  readonly internal: Router;
  /** Waits until each router was told exactly this; both the same, unless they are to differ. */
  known(external: Table, internal?: Table): Promise<void>;
  /** BGPPeers by which each node has a session over each family with each router. */
  peers(spec?: object): readonly [ext: unknown, ext6: unknown, int: unknown, int6: unknown];
  /** Applies those, and waits until all sessions are up. */
  pair(): Promise<void>;
  /** Makes the API server have these objects. */
  apply(...objects: readonly unknown[]): Promise<void>;
  remove(...objects: readonly unknown[]): Promise<void>;
  /** Gives an object labels, or takes them away (`null`). */
  label(kind: "Node" | "IPAddressPool", name: string, labels: Readonly<Record<string, string | null>>): Promise<void>;
  /** Deletes all Services but `kubernetes`, and Herald's configuration but for these kinds; routers know nothing then. */
  clear(options?: { readonly keep?: readonly Kind[] }): Promise<void>;
  /** Waits until ServiceBGPStatuses name exactly these BGPPeers for a Service, by node. */
  shows(service: string, peers: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Waits until a host's process tells each of these measures. */
  measured(host: string, ...lines: readonly (string | RegExp)[]): Promise<void>;
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
    const known = async (outside: Table, inside: Table = outside) => {
      await external.knows(outside);
      await internal.knows(inside);
    };
    const peers: BgpScene["peers"] = (spec = {}) => [
      peer("ext", external, spec),
      peer("ext6", external, { peerAddress: external.host.ipv6, ...spec }),
      peer("int", internal, spec),
      peer("int6", internal, { peerAddress: internal.host.ipv6, ...spec }),
    ];
    const apply: BgpScene["apply"] = async (...objects) => {
      for (const body of objects) {
        const query = { fieldManager: "test", force: "true" };
        await cluster.request("PATCH", pathOf(body), { query, body, contentType: "application/apply-patch+yaml" });
      }
    };
    return {
      ...scene,
      external,
      internal,
      known,
      peers,
      pair: async () => {
        await apply(...peers());
        for (const router of [external, internal]) {
          for (const family of ["ipv4", "ipv6"] as const) await router.paired(NODES, family);
        }
      },
      apply,
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
        await known({});
      },
      shows: async (service, peers) =>
        await agrees(`ServiceBGPStatuses of ${service}`, peers, async () => {
          const query = { labelSelector: `metallb.io/service-name=${service}` };
          const path = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/servicebgpstatuses`;
          const { items } = (await cluster.request("GET", path, { query })) as BgpStatuses;
          return Object.fromEntries(items.map(({ status }) => [status?.node ?? "", status?.peers ?? []]));
        }),
      measured: async (host, ...lines) => {
        const areTold = async () => {
          const told = await herald.metrics(lab.host(host));
          const isMissing = (line: string | RegExp) =>
            typeof line === "string" ? !told.includes(`${line}\n`) : !line.test(told);
          const missing = lines.filter(isMissing);
          if (missing.length > 0) throw new Error(`it did not tell ${missing.join(", ")}`);
          return true;
        };
        await until(`${host} told its measures`, areTold, LIMIT);
      },
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

/** A series of a measure about a peer, with a value that fits the pattern. */
export const ofPeer = (peer: string, measure: string, value: RegExp): RegExp =>
  new RegExp(
    `^metallb_${measure}\\{peer="${peer.replaceAll(/[.[\]]/g, "\\$&")}",vrf="(?:default)?"\\} ${value.source}$`,
    "m",
  );

/** What a node is known by to `nodeSelectors`. */
export const on = (...nodes: readonly string[]): object => ({
  nodeSelectors: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: nodes }] }],
});

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

interface BgpStatuses {
  readonly items: readonly { readonly status?: { readonly node?: string; readonly peers?: readonly string[] } }[];
}

interface Events {
  readonly items: readonly { readonly reason?: string; readonly message?: string }[];
}
