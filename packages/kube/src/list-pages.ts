import type { Kube } from "./kube.ts";
import { fieldsOf, type KubeObject, readObject, unreadable } from "./kube-object.ts";

const PAGE_MS = 60_000;

/** What to list and watch. */
export interface ReflectTarget {
  /** For example `/api/v1/services`. */
  readonly path: string;
  /** For example a `labelSelector`. */
  readonly query?: Readonly<Record<string, string>>;
  /** Makes an object smaller before anything keeps it; name, namespace, uid and resourceVersion must stay. */
  readonly trim?: (object: KubeObject) => KubeObject;
}

/** A part of a list. All parts of one list have one version. */
export interface Page {
  readonly objects: readonly KubeObject[];
  readonly version: string;
}

/** A consistent list, page by page; `limit` undefined asks for all at once. @throws KubeError */
export async function* listPages(
  kube: Pick<Kube, "request">,
  target: ReflectTarget,
  { limit, signal }: { readonly limit: number | undefined; readonly signal: AbortSignal },
): AsyncGenerator<Page> {
  let next: string | undefined;
  do {
    const query = { ...target.query, limit: limit?.toString(), continue: next };
    const list = await kube.request("GET", target.path, { query, signal, timeoutMs: PAGE_MS });
    const { metadata, ...fields } = fieldsOf(list);
    const { resourceVersion: version, continue: token } = fieldsOf(metadata);
    if (typeof version !== "string") throw unreadable(`${target.path}: not a list`);
    yield { objects: objectsOf(fields, target), version };
    next = typeof token === "string" && token !== "" ? token : undefined;
  } while (next !== undefined);
}

function objectsOf(
  { apiVersion, kind, items }: Readonly<Record<string, unknown>>,
  { path, trim }: ReflectTarget,
): readonly KubeObject[] {
  // An empty list of a Go server may be null.
  const list = items ?? [];
  if (!Array.isArray(list) || typeof apiVersion !== "string" || typeof kind !== "string") {
    throw unreadable(`${path}: not a list`);
  }
  const defaults = { apiVersion, kind: kind.replace(/List$/, "") };
  return list.map((item) => {
    const object = readObject(item, defaults);
    return trim ? trim(object) : object;
  });
}
