import { type Kube, KubeError, type KubeObject, type RequestOptions } from "@heraldlb/kube";
import type { StatusKind } from "./status-kind.ts";
import type { StatusObject } from "./status-write.ts";

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/** What is sent of an object, or of how to delete one. */
interface Sent {
  readonly metadata?: Partial<KubeObject["metadata"]>;
  readonly status?: Json;
  readonly preconditions?: { readonly uid?: string };
}

const KINDS: Readonly<Record<string, StatusKind>> = {
  ipaddresspools: "IPAddressPool",
  configurationstates: "ConfigurationState",
  servicel2statuses: "ServiceL2Status",
  servicebgpstatuses: "ServiceBGPStatus",
  services: "Service",
};
const IMMUTABLE = ["node", "serviceName", "serviceNamespace"];

/**
 * An API server in memory, as far as statuses need one: status as a subresource, resource versions, fields that stay,
 * and a watch whose events a test delivers when it likes.
 */
export class FakeApiServer implements Pick<Kube, "request"> {
  readonly requests: SeenRequest[] = [];
  readonly objects: Map<string, KubeObject> = new Map();
  /** What goes wrong with a request, if anything. */
  fault: (request: SeenRequest) => KubeError | undefined = () => undefined;
  /** Called when a request begins and when it ends. */
  onConcurrency: (count: number) => void = () => {};
  #version = 0;
  #running = 0;
  #news: { readonly kind: StatusKind; readonly object: KubeObject; readonly gone: boolean }[] = [];

  async request(method: string, path: string, options: Pick<RequestOptions, "body" | "admit"> = {}): Promise<unknown> {
    const body = JSON.parse(JSON.stringify(options.body ?? {}));
    const request = { method, path, body };
    this.requests.push(request);
    this.onConcurrency(++this.#running);
    await new Promise((resolve) => setImmediate(resolve));
    this.onConcurrency(--this.#running);
    if (options.admit?.() === false) throw new KubeError("not sent", { status: 0 });
    const fault = this.fault(request);
    if (fault) throw fault;
    return this.#answer(request);
  }

  /** The status of an object, `{}` without one. */
  statusAt(path: string): Json {
    const { status = {} }: Partial<KubeObject> = this.objects.get(path) ?? {};
    return status as Json;
  }

  /** Makes or changes an object, as another program or a user would. */
  put(path: string, change: { readonly labels?: Json; readonly status?: Json }): void {
    const before = this.objects.get(path);
    const [, kind, namespace, name] = parse(path);
    const uid = before?.metadata.uid ?? `u${this.#version}`;
    const labels = { ...before?.metadata.labels, ...change.labels } as Record<string, string>;
    const metadata = { name: name as string, namespace: namespace as string, uid, labels };
    this.#store(path, { kind, metadata: { ...metadata, resourceVersion: "" }, status: change.status });
  }

  /** Deletes it, as a user would. */
  remove(path: string): void {
    const object = this.objects.get(path);
    if (!object) return;
    this.objects.delete(path);
    this.#news.push({ kind: kindOf(path), object: this.#newer(object), gone: true });
  }

  /** What the watch has to tell, in order. */
  takeNews(): readonly { readonly kind: StatusKind; readonly object: StatusObject; readonly gone: boolean }[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #answer({ method, path, body }: SeenRequest): unknown {
    const sent = body as Sent;
    if (method === "POST") {
      const place = `${path}/${sent.metadata?.name}`;
      if (this.objects.has(place)) throw new KubeError("already exists", { status: 409, reason: "AlreadyExists" });
      this.put(place, { labels: sent.metadata?.labels ?? {} });
      return this.objects.get(place);
    }
    const place = path.replace(/\/status$/, "");
    const object = this.objects.get(place);
    if (!object) throw new KubeError("not found", { status: 404, reason: "NotFound" });
    if (method === "GET") return object;
    if (method === "DELETE") {
      if (sent.preconditions?.uid !== object.metadata.uid) throw conflict();
      this.remove(place);
      return { kind: "Status" };
    }
    if (sent.metadata?.resourceVersion !== object.metadata.resourceVersion) throw conflict();
    if (place === path) {
      const labels = { ...object.metadata.labels, ...sent.metadata.labels };
      return this.#store(place, { ...object, metadata: { ...object.metadata, labels } });
    }
    return this.#store(place, { ...object, status: this.#merged(this.statusAt(place), sent.status ?? {}) });
  }

  #merged(before: Json, patch: Json): Json {
    const after = Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null));
    const broken = IMMUTABLE.some((field) => before[field] !== undefined && before[field] !== after[field]);
    if (broken) throw new KubeError("Value is immutable", { status: 422, reason: "Invalid" });
    return after;
  }

  #store(path: string, object: KubeObject): KubeObject {
    const stored = this.#newer(object);
    this.objects.set(path, stored);
    this.#news.push({ kind: kindOf(path), object: stored, gone: false });
    return stored;
  }

  #newer(object: KubeObject): KubeObject {
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
  }
}

function conflict(): KubeError {
  return new KubeError("the object has been modified", { status: 409, reason: "Conflict" });
}

function parse(path: string): readonly [string, string, string, string] {
  const [, namespace = "", plural = "", name = ""] = /\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return [plural, KINDS[plural] ?? "", namespace, name];
}

function kindOf(path: string): StatusKind {
  return KINDS[parse(path)[0]] as StatusKind;
}
