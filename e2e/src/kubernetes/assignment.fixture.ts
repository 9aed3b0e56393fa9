import type { Cluster } from "@heraldlb/cluster";
import { MERGE_PATCH } from "@heraldlb/cluster";
import { until } from "@heraldlb/lab";
import { metallb, NAMESPACE, printLogs, type Scene, service, setScene } from "./scene.fixture.ts";

type Json = Readonly<Record<string, unknown>>;

/** Services by name, those of another namespace than `one` as `NAMESPACE/NAME`. */
type ByService<T> = Readonly<Record<string, T>>;

interface Metadata {
  readonly name: string;
  readonly resourceVersion: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Ingress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: string;
}

/** A Service, as far as it shows its addresses. */
export interface ShownService {
  readonly metadata: Metadata;
  readonly status: {
    readonly loadBalancer: { readonly ingress?: readonly Ingress[] };
    readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[];
  };
}

const OWN = "one";
const LIMIT = { timeoutMs: 30_000, everyMs: 30 } as const;
const POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool";

const serviceOf = (reference: string): { readonly namespace: string; readonly name: string } => {
  const [first = "", second] = reference.split("/");
  return second === undefined ? { namespace: OWN, name: first } : { namespace: first, name: second };
};

const servicePath = (reference: string): string => {
  const { namespace, name } = serviceOf(reference);
  return `/api/v1/namespaces/${namespace}/services/${name}`;
};

const POOLS = `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools`;

/** Metadata of a Service that asks for these addresses. */
export const asking = (addresses: string): { readonly annotations: Readonly<Record<string, string>> } => ({
  annotations: { "metallb.io/loadBalancerIPs": addresses },
});

/** Metadata of a Service that asks for a pool. */
export const from = (pool: string): { readonly annotations: Readonly<Record<string, string>> } => ({
  annotations: { "metallb.io/address-pool": pool },
});

/**
 * A cluster with a controller and nothing else: no speakers, no kube-proxy, the namespaces `one` and `two`. It takes
 * Services and pools, and tells what Services show.
 */
export class Assignments implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #scene: Scene;
  readonly #args: readonly string[];

  private constructor(scene: Scene, args: readonly string[]) {
    this.cluster = scene.cluster;
    this.#scene = scene;
    this.#args = args;
  }

  /** Sets the cluster up and starts a controller with these arguments. */
  static async create(name: string, ...args: string[]): Promise<Assignments> {
    const shape = { name: `${name}-${process.pid}`, nodes: 1, kubeProxy: "none" } as const;
    const site = new Assignments(await setScene(shape, { objects: [] }), args);
    await Promise.all([site.namespace("one"), site.namespace("two"), site.start()]);
    return site;
  }

  /** Starts a controller, with other arguments than usual if there are any. */
  async start(...args: string[]): Promise<void> {
    const all = ["--insecure", ...(args.length > 0 ? args : this.#args)];
    await this.#scene.herald.startController({ args: all, timeoutMs: 60_000 });
  }

  /** Ends the controller, orderly unless told otherwise. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const controller = this.#scene.herald.controller();
    controller.kill(signal);
    await controller.exited;
  }

  /** Ends the controller and starts another one. */
  async restart(...args: string[]): Promise<void> {
    await this.stop();
    await this.start(...args);
  }

  /** Makes a namespace have just these labels. */
  async namespace(name: string, labels: Json = {}): Promise<void> {
    await this.#apply(`/api/v1/namespaces/${name}`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels },
    });
  }

  /** Makes a pool give out these addresses, on these terms. */
  async pool(name: string, addresses: readonly string[], spec: Json = {}, annotations: Json = {}): Promise<void> {
    const pool = metallb("IPAddressPool", name, { addresses, ...spec }) as { readonly metadata: Json };
    await this.#apply(`${POOLS}/${name}`, { ...pool, metadata: { ...pool.metadata, annotations } });
  }

  /** Deletes a pool. */
  async removePool(name: string): Promise<void> {
    await this.cluster.request("DELETE", `${POOLS}/${name}`);
  }

  /** What a pool counts. */
  async poolStatus(name: string): Promise<Json | undefined> {
    return ((await this.cluster.request("GET", `${POOLS}/${name}`)) as { readonly status?: Json }).status;
  }

  /** Makes a Service of one family, unless `spec` says otherwise, ask for just this. */
  async service(reference: string, spec: Json = {}, metadata: Json = {}): Promise<void> {
    const { namespace, name } = serviceOf(reference);
    const body = service(name, { ipFamilyPolicy: "SingleStack", ...spec }, { namespace, ...metadata });
    await this.#apply(servicePath(reference), body);
  }

  /** Makes Services that ask for nothing, each once the one before shows what it should. */
  async serve(expected: ByService<string>): Promise<void> {
    for (const [reference, text] of Object.entries(expected)) {
      await this.service(reference);
      await this.are({ [reference]: text });
    }
  }

  /** Changes fields of a Service. */
  async change(reference: string, patch: Json): Promise<void> {
    await this.cluster.request("PATCH", servicePath(reference), { body: patch, contentType: MERGE_PATCH });
  }

  /** Changes the status of a Service, as another implementation would. */
  async changeStatus(reference: string, ingress: readonly Json[] | null, annotations: Json = {}): Promise<void> {
    await this.cluster.request("PATCH", `${servicePath(reference)}/status`, {
      body: { metadata: { annotations }, status: { loadBalancer: { ingress } } },
      contentType: MERGE_PATCH,
    });
  }

  /** Replaces the conditions of a Service. */
  async changeConditions(reference: string, conditions: readonly Json[]): Promise<void> {
    const body = { status: { conditions } };
    await this.cluster.request("PATCH", `${servicePath(reference)}/status`, { body, contentType: MERGE_PATCH });
  }

  /** Deletes a Service. */
  async remove(reference: string): Promise<void> {
    await this.cluster.request("DELETE", servicePath(reference));
  }

  /** A Service as the API server has it. */
  async get(reference: string): Promise<ShownService> {
    return (await this.cluster.request("GET", servicePath(reference))) as ShownService;
  }

  /**
   * Waits until each Service shows its pool and addresses, and the reason why it has none, or no others:
   * `lab 192.0.2.1`, `poolExhausted`, `lab 192.0.2.1 secondFamilyUnavailable`, `nothing`.
   */
  async are(expected: ByService<string>): Promise<void> {
    await until(
      `Services showed ${JSON.stringify(expected)}`,
      async () => {
        const shown: Record<string, string> = {};
        for (const reference of Object.keys(expected)) shown[reference] = shownBy(await this.get(reference));
        if (Object.entries(expected).every(([reference, text]) => shown[reference] === text)) return true;
        throw new Error(`they show ${JSON.stringify(shown)}`);
      },
      LIMIT,
    );
  }

  /** Waits until the Service has this event: `TYPE REASON: MESSAGE`. */
  async told(reference: string, event: string): Promise<void> {
    await until(
      `${reference} had the event ${event}`,
      async () => {
        const events = await this.events(reference);
        if (events.includes(event)) return true;
        throw new Error(`it has ${JSON.stringify(events)}`);
      },
      LIMIT,
    );
  }

  /** A Service's events: `TYPE REASON: MESSAGE`. */
  async events(reference: string): Promise<string[]> {
    const { namespace, name } = serviceOf(reference);
    const fieldSelector = `involvedObject.kind=Service,involvedObject.name=${name}`;
    const path = `/api/v1/namespaces/${namespace}/events`;
    const { items } = (await this.cluster.request("GET", path, { query: { fieldSelector } })) as List<Event>;
    return items.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
  }

  /** The versions of all Services and pools: they change with each write. */
  async versions(): Promise<Readonly<Record<string, string>>> {
    const paths = [...SERVICES, POOLS];
    const lists = await Promise.all(paths.map((path) => this.cluster.request("GET", path)));
    const objects = (lists as List<{ readonly metadata: Metadata }>[]).flatMap(({ items }) => items);
    return Object.fromEntries(objects.map(({ metadata: { name, resourceVersion } }) => [name, resourceVersion]));
  }

  /** Takes all Services and pools away, and waits until the controller has nothing in its mind. */
  async clear(): Promise<void> {
    const { cluster } = this;
    await Promise.all(SERVICES.map((path) => cluster.request("DELETE", path)));
    await this.#counts("herald_services_refused|metallb_allocator_addresses_in_use_total", 0);
    await cluster.request("DELETE", POOLS);
    await this.#counts("metallb_allocator_addresses_total", 0);
    await Promise.all(EVENTS.map((path) => cluster.request("DELETE", path)));
  }

  /** What the processes have logged, for a test that has failed. */
  printLogs(): void {
    printLogs(this.#scene);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scene[Symbol.asyncDispose]();
  }

  async #apply(path: string, body: unknown): Promise<void> {
    const query = { fieldManager: "test", force: "true" };
    await this.cluster.request("PATCH", path, { query, body, contentType: "application/apply-patch+yaml" });
  }

  async #counts(metrics: string, expected: number): Promise<void> {
    const [host] = this.cluster.lab.controllers;
    const line = new RegExp(`^(?:${metrics})(?:\\{.*\\})? (.*)$`, "gm");
    await until(
      `${metrics} was ${expected}`,
      async () => {
        const text = host ? await this.#scene.herald.metrics(host) : "";
        const values = Array.from(text.matchAll(line), ([, value]) => Number(value));
        return text !== "" && values.reduce((sum, value) => sum + value, 0) === expected;
      },
      LIMIT,
    );
  }
}

const SERVICES = ["one", "two"].map((namespace) => `/api/v1/namespaces/${namespace}/services`);
const EVENTS = ["one", "two"].map((namespace) => `/api/v1/namespaces/${namespace}/events`);

/** What a Service shows, on one line. */
function shownBy({ metadata, status }: ShownService): string {
  const pool = metadata.annotations?.[POOL_ANNOTATION];
  const addresses = (status.loadBalancer.ingress ?? []).map(
    ({ ip, hostname, ipMode = "VIP" }) => `${ip ?? hostname}${ipMode === "VIP" ? "" : ` by ${ipMode}`}`,
  );
  const reasons = (status.conditions ?? [])
    .filter(({ type }) => /^heraldlb\.io\/Address/.test(type))
    .map(({ reason }) => reason);
  return [pool, ...addresses, ...reasons].filter((part) => part !== undefined).join(" ") || "nothing";
}

interface List<T> {
  readonly items: readonly T[];
}

interface Event {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}
