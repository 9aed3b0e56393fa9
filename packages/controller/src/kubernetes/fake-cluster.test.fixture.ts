import { type Kube, KubeError, type KubeObject, type RequestOptions } from "@heraldlb/kube";
import { Mailbox } from "@heraldlb/runtime";

type Json = Readonly<Record<string, unknown>>;

/** An object as a test writes it. */
export interface Given {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** An object as a test looks at it. */
type Seen = KubeObject & {
  readonly metadata: { readonly annotations?: unknown };
  readonly spec?: Json;
  readonly status?: { readonly loadBalancer?: unknown; readonly conditions?: unknown };
};

/** An API server in memory: objects by path, merge patches on the condition of their version, and watches. */
export class FakeCluster implements Pick<Kube, "request" | "stream"> {
  /** Methods and paths of requests. */
  readonly requests: string[] = [];
  /** Called before a request is looked at: what it throws is the answer, and as long as it waits there is none. */
  before: (method: string, path: string) => Promise<void> | void = () => {};
  readonly #objects = new Map<string, KubeObject>();
  readonly #watches = new Map<string, Mailbox<readonly string[]>>();
  #version = 0;

  /** The object at a path; undefined: there is none. */
  object(path: string): Seen | undefined {
    return this.#objects.get(path);
  }

  /** Writes an object as somebody else would, in a collection. Its version goes up. */
  put(collection: string, object: Given): KubeObject {
    const path = pathIn(collection, object);
    const uid = this.#objects.get(path)?.metadata.uid ?? `uid-${path}`;
    const metadata = { uid, ...object.metadata, resourceVersion: `${++this.#version}` };
    const stored: KubeObject = { ...object, metadata };
    const type = this.#objects.has(path) ? "MODIFIED" : "ADDED";
    this.#objects.set(path, stored);
    this.#watches.get(collection)?.put([JSON.stringify({ type, object: stored })]);
    return stored;
  }

  /** Deletes an object as somebody else would. */
  remove(collection: string, object: Given): void {
    const path = pathIn(collection, object);
    const stored = this.#objects.get(path);
    this.#objects.delete(path);
    this.#watches.get(collection)?.put([JSON.stringify({ type: "DELETED", object: stored })]);
  }

  async request(method: string, path: string, { body, signal, admit }: RequestOptions = {}): Promise<unknown> {
    if (admit?.() === false) throw new KubeError("not sent", { status: 0 });
    this.requests.push(`${method} ${path}`);
    await this.before(method, path);
    signal?.throwIfAborted();
    if (method === "POST") return this.#create(path, body as Given);
    const target = path.replace(/\/status$/, "");
    const found = this.#objects.get(target);
    if (method === "GET" && !found && isCollection(path)) return this.#list(path);
    if (!found) throw new KubeError("not found", { status: 404, reason: "NotFound" });
    if (method === "GET") return found;
    const { resourceVersion, uid } = (body as { readonly metadata?: Json }).metadata ?? {};
    const isExpected = [undefined, found.metadata.resourceVersion].includes(resourceVersion as string);
    if (!(isExpected && [undefined, found.metadata.uid].includes(uid as string))) throw conflict();
    return this.put(collectionOf(target, found), merge(found, body) as Given);
  }

  async stream(path: string, { signal }: { readonly signal: AbortSignal }): Promise<AsyncIterable<readonly string[]>> {
    const lines = new Mailbox<readonly string[]>();
    this.#watches.set(path, lines);
    return lines.take(signal);
  }

  #create(collection: string, object: Given): KubeObject {
    if (this.#objects.has(pathIn(collection, object))) throw conflict();
    return this.put(collection, object);
  }

  #list(path: string): unknown {
    const items = [...this.#objects].flatMap(([key, object]) =>
      collectionOf(key, object) === path || folderOf(key) === path ? [object] : [],
    );
    return { apiVersion: "v1", kind: "List", metadata: { resourceVersion: `${this.#version}` }, items };
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));
const isCollection = (path: string): boolean => path.endsWith("s");
const conflict = () => new KubeError("the object has been modified", { status: 409, reason: "Conflict" });

/** `/api/v1/services` → `/api/v1/namespaces/NAMESPACE/services/NAME`. */
function pathIn(collection: string, { metadata: { name, namespace } }: Given): string {
  if (namespace === undefined || collection.includes("/namespaces/")) return `${collection}/${name}`;
  const [, root = "", plural = ""] = /^(.*)\/([^/]+)$/.exec(collection) ?? [];
  return `${root}/namespaces/${namespace}/${plural}/${name}`;
}

/** Where somebody who watches a whole kind sees it. */
function collectionOf(path: string, { metadata: { namespace } }: KubeObject): string {
  const collection = folderOf(path);
  return namespace === undefined ? collection : collection.replace(`/namespaces/${namespace}`, "");
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = { ...(typeof target === "object" ? target : {}) };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
