import { type Kube, KubeError, type RequestOptions } from "@heraldlb/kube";
import { Mailbox } from "@heraldlb/runtime";

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly [field: string]: unknown };
  readonly data?: object;
  readonly [field: string]: unknown;
}

interface Step {
  readonly op: "add" | "test";
  readonly path: string;
  readonly value: unknown;
}

/** An API server in memory, as far as an authority and those who trust it need one. Watches see every change. */
export class FakeKube implements Pick<Kube, "request" | "stream"> {
  /** By path. */
  readonly objects: Map<string, Stored> = new Map();
  /** Methods and paths of what was written. */
  readonly writes: string[] = [];
  /** What goes wrong with a request. */
  fault: (method: string, path: string) => KubeError | undefined = () => undefined;
  readonly #watches = new Map<string, Set<Mailbox<readonly string[]>>>();
  #version = 0;

  async request(method: string, path: string, { body, contentType }: RequestOptions = {}): Promise<unknown> {
    const fault = this.fault(method, path);
    if (fault) throw fault;
    if (method !== "GET") this.writes.push(`${method} ${path}`);
    const found = this.objects.get(path);
    if (method === "POST") return this.#create(`${path}/${(body as Stored).metadata.name}`, body as object);
    if (method === "GET" && !found && this.#isFolder(path)) return this.#list(path);
    if (!found) throw new KubeError("not found", { status: 404, reason: "NotFound" });
    if (method === "GET") return found;
    if (method === "PUT") {
      if ((body as Stored).metadata.resourceVersion !== found.metadata.resourceVersion) throw conflict;
      return this.put(path, body as object);
    }
    return this.put(
      path,
      contentType === "application/json-patch+json" ? patched(found, body as Step[]) : merged(found, body),
    );
  }

  async stream(path: string, { signal }: { readonly signal: AbortSignal }): Promise<AsyncIterable<readonly string[]>> {
    const inbox = new Mailbox<readonly string[]>();
    const watches = this.#watches.get(path) ?? new Set();
    this.#watches.set(path, watches.add(inbox));
    return inbox.take(signal);
  }

  /** Stores an object as somebody else would. */
  put(path: string, object: object): Stored {
    const { metadata, ...fields } = structuredClone(object) as Stored;
    const isNew = !this.objects.has(path);
    const name = path.slice(path.lastIndexOf("/") + 1);
    const resourceVersion = String(++this.#version);
    const stored: Stored = { ...fields, metadata: { ...metadata, name, uid: "u", resourceVersion } };
    this.objects.set(path, stored);
    const line = JSON.stringify({ type: isNew ? "ADDED" : "MODIFIED", object: stored });
    for (const inbox of this.#watches.get(folderOf(path)) ?? []) inbox.put([line]);
    return stored;
  }

  #create(path: string, object: object): Stored {
    if (this.objects.has(path)) throw conflict;
    return this.put(path, object);
  }

  #isFolder(path: string): boolean {
    return !path.includes("/namespaces/");
  }

  #list(path: string): unknown {
    const items = [...this.objects].flatMap(([key, object]) => (folderOf(key) === path ? [object] : []));
    return { apiVersion: "v1", kind: "List", metadata: { resourceVersion: String(this.#version) }, items };
  }
}

const conflict = new KubeError("the object has been modified", { status: 409, reason: "Conflict" });
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

function merged(object: Stored, body: unknown): Stored {
  const { data: before = {} } = object;
  const data = { ...before, ...(body as { readonly data: object }).data };
  return { ...object, data };
}

function patched(object: Stored, steps: readonly Step[]): Stored {
  const result = structuredClone(object);
  for (const { op, path, value } of steps) {
    const keys = path.split("/").slice(1);
    const last = keys.pop() ?? "";
    const parent = keys.reduce<unknown>((json, key) => (json as Record<string, unknown>)[key], result) as Record<
      string,
      unknown
    >;
    if (op === "add") parent[last] = value;
    else if (JSON.stringify(parent[last]) !== JSON.stringify(value))
      throw new KubeError("test failed", { status: 422 });
  }
  return result;
}
