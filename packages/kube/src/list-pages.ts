import type { Kube } from "./kube.ts";
import { adoptObject, isRecord, type KubeObject, unreadable } from "./kube-object.ts";

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
    const metadata = isRecord(list) ? list["metadata"] : undefined;
    if (!isRecord(list) || !isRecord(metadata) || typeof metadata["resourceVersion"] !== "string") {
      throw unreadable(`${target.path}: not a list`);
    }
    yield { objects: objectsOf(list, target), version: metadata["resourceVersion"] };
    next = typeof metadata["continue"] === "string" && metadata["continue"] !== "" ? metadata["continue"] : undefined;
  } while (next !== undefined);
}

function objectsOf(list: Readonly<Record<string, unknown>>, { path, trim }: ReflectTarget): readonly KubeObject[] {
  // An empty list of a Go server may be null.
  const items = list["items"] ?? [];
  if (!Array.isArray(items)) throw unreadable(`${path}: not a list`);
  const apiVersion = typeof list["apiVersion"] === "string" ? list["apiVersion"] : undefined;
  const kind = typeof list["kind"] === "string" ? list["kind"].replace(/List$/, "") : undefined;
  return items.map((item) => {
    const object = adoptObject(item, { apiVersion, kind });
    return trim ? trim(object) : object;
  });
}
