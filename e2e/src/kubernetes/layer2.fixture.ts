import { type Host, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { owner } from "../site.fixture.ts";
import { metallb, NAMESPACE, POOL, pods, type Scene, service, setScene } from "./scene.fixture.ts";

/** A cluster of three nodes, each with a speaker and a pod of `web`; nothing is advertised yet. */
export interface Layer2Scene extends Scene {
  readonly client: Host;
  /** Makes these objects and a Service of `web`, and returns its addresses, one of each family. */
  serve(
    name: string,
    objects?: readonly unknown[],
    how?: { readonly spec?: object; readonly metadata?: object },
  ): Promise<Ip[]>;
  /**
   * Waits until exactly one node answers for all of these addresses, by ARP and Neighbor Discovery, and it is one of
   * those. Returns its name.
   */
  announcer(addresses: readonly Ip[], among?: readonly string[]): Promise<string>;
  /** Waits until nobody answers for any of these addresses. */
  silent(addresses: readonly Ip[]): Promise<void>;
  /** Waits until one of these pods answers the client at every address. */
  reached(addresses: readonly Ip[], among?: readonly string[]): Promise<void>;
  /** Waits until the metrics of Herald's process on a host have these values, by the series' text. */
  measured(name: string, expected: Readonly<Record<string, number | RegExp>>): Promise<void>;
  /** Waits until an object has an Event with this reason whose message fits. */
  told(service: string, reason: string, message?: RegExp): Promise<void>;
  /** Waits until these nodes, and no others, are shown to announce a Service, each with its interfaces. */
  shown(service: string, expected: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Deletes what a test has made. */
  clean(): Promise<void>;
}

/** The names of the nodes. */
export const NODES: readonly string[] = ["node1", "node2", "node3"];

/** The names of the pods of `web`. */
export const PODS: readonly string[] = NODES.map((_, index) => `web-${index}`);

const L2_STATUSES = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/servicel2statuses`;

/** Sets the cluster up and starts Herald. */
export async function setLayer2Scene(name: string): Promise<Layer2Scene> {
  // What else the machine does must not decide who answers.
  const scene = await setScene(
    { name: `${name}-${process.pid}`, nodes: NODES.length, clients: 1 },
    { objects: [POOL], nice: -10 },
  );
  const { cluster, herald } = scene;
  const { lab } = cluster;
  const client = lab.host("client1");
  try {
    await pods(cluster, "web", NODES);
    await herald.startController(WAITING);
    await Promise.all(lab.nodes.map((node) => herald.ready(node, herald.startSpeaker(node), WAITING)));
  } catch (error) {
    await scene[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...scene,
    client,
    serve: async (app, objects = [], { spec, metadata } = {}) => {
      await cluster.apply([...objects, web(app, spec, metadata)]);
      return await scene.given(app, 2, WAITING);
    },
    announcer: (addresses, among = NODES) =>
      until(
        `one of ${among} answered for ${addresses}`,
        async () => {
          const owners = await Promise.all(addresses.map((address) => owner({ lab, witness: client }, address)));
          const [first, ...others] = new Set(owners.map(({ name: node }) => node));
          if (first !== undefined && others.length === 0 && among.includes(first)) return first;
          throw new Error(`it is ${[first, ...others]}`);
        },
        WAITING,
      ),
    silent: async (addresses) => {
      await until(
        `nobody answered for ${addresses}`,
        async () => {
          const macs = await Promise.all(addresses.map((address) => client.resolve(address, { waitMs: 200 })));
          return macs.flat().length === 0;
        },
        WAITING,
      );
    },
    reached: async (addresses, among = PODS) => {
      for (const address of addresses) {
        const isReached = async () => among.includes((await client.curl(address)) ?? "");
        await until(`one of ${among} answered at ${address}`, isReached, WAITING);
      }
    },
    measured: async (name, expected) => {
      await until(
        `${name} shows ${Object.keys(expected)}`,
        async () => {
          const lines = (await herald.metrics(lab.host(name))).split("\n");
          for (const [series, value] of Object.entries(expected)) {
            const found = lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1) ?? "nothing";
            const fits = typeof value === "number" ? found === `${value}` : value.test(found);
            if (!fits) throw new Error(`${series} is ${found}`);
          }
          return true;
        },
        WAITING,
      );
    },
    told: async (about, reason, message = /./) => {
      await until(
        `${about} was told ${reason} ${message}`,
        async () => {
          const fieldSelector = `involvedObject.name=${about}`;
          const { items } = (await cluster.request("GET", "/api/v1/events", { query: { fieldSelector } })) as Events;
          if (items.some((event) => event.reason === reason && message.test(event.message))) return true;
          throw new Error(`it was told ${items.map((event) => `${event.reason} ${event.message}`).join("; ")}`);
        },
        WAITING,
      );
    },
    shown: async (about, expected) => {
      await until(
        `${about} is shown at ${JSON.stringify(expected)}`,
        async () => {
          const labelSelector = `metallb.io/service-name=${about}`;
          const { items } = (await cluster.request("GET", L2_STATUSES, { query: { labelSelector } })) as Statuses;
          const found = items.map(({ status }) => [status.node, (status.interfaces ?? []).map((each) => each.name)]);
          const differs = JSON.stringify(found.toSorted()) !== JSON.stringify(Object.entries(expected).toSorted());
          if (differs) throw new Error(`it is shown at ${JSON.stringify(found)}`);
          return true;
        },
        WAITING,
      );
    },
    clean: async () => {
      const own = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}`;
      await cluster.request("DELETE", "/api/v1/namespaces/default/services", {
        query: { labelSelector: "component!=apiserver" },
      });
      await cluster.request("DELETE", `${own}/l2advertisements`);
      await cluster.request("DELETE", `${own}/ipaddresspools`, { query: { fieldSelector: "metadata.name!=lab" } });
    },
  };
}

/** An L2Advertisement. */
export const advertisement = (name: string, spec: object = {}): unknown => metallb("L2Advertisement", name, spec);

/** The labels that only this node has. */
export const host = (node: string): Labels => ({ "kubernetes.io/hostname": node });

/** Selects these nodes, as an advertisement does. */
export const on = (...nodes: readonly string[]): object => ({
  nodeSelectors: nodes.map((node) => ({ matchLabels: host(node) })),
});

/** Prefers nodes with these labels, as an advertisement does. */
export const preferring = (...preferences: readonly (readonly [weight: number, labels: Labels])[]): object => ({
  preferredNodeSelectors: preferences.map(([weight, matchLabels]) => ({ weight, preference: { matchLabels } })),
});

/** A Service of the pods of `web`. */
export const web = (name: string, spec: object = {}, metadata: object = {}): unknown =>
  service(name, { selector: { app: "web" }, ...spec }, metadata);

// A busy machine must not fail a test.
const WAITING = { timeoutMs: 30_000 };

type Labels = Readonly<Record<string, string>>;

interface Events {
  readonly items: readonly { readonly reason: string; readonly message: string }[];
}

interface Statuses {
  readonly items: readonly {
    readonly status: { readonly node: string; readonly interfaces?: readonly { readonly name: string }[] };
  }[];
}
