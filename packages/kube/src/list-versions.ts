import type { Kube } from "./kube.ts";
import { keyOf } from "./kube-object.ts";
import { listPages } from "./list-pages.ts";

const PAGE_SIZE = 500;
const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** Which object it is, and in which form. */
export interface ObjectVersion {
  readonly uid: string;
  readonly resourceVersion: string;
}

/**
 * The versions of all objects of a collection, by key, with everything that was written before: what a watch tells may
 * be older. @throws KubeError
 */
export async function listVersions(
  kube: Pick<Kube, "request">,
  path: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ObjectVersion>> {
  const versions = new Map<string, ObjectVersion>();
  const asking: Pick<Kube, "request"> = {
    request: (method, where, options) => kube.request(method, where, { ...options, accept: METADATA, urgent: true }),
  };
  for await (const { objects } of listPages(asking, { path }, { limit: PAGE_SIZE, signal })) {
    for (const object of objects) {
      const { uid, resourceVersion } = object.metadata;
      versions.set(keyOf(object), { uid, resourceVersion });
    }
  }
  return versions;
}
