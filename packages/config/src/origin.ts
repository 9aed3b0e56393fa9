import type { Resource } from "./resource.ts";

/** Where an object was found; both absent for an API server's. */
export interface Origin {
  /** A file's path, as it is shown to people. */
  readonly file?: string | undefined;
  /** Which object in the file, from 0. */
  readonly position?: number | undefined;
}

/** An object with its place. */
export interface Placed {
  readonly resource?: Resource | undefined;
  readonly origin: Origin;
}

/** Who was first: the older `creationTimestamp`, then path and position, then namespace and name. */
export function compareSeniority(a: Placed, b: Placed): number {
  return (
    compareText(creation(a), creation(b)) ||
    compareText(a.origin.file ?? "", b.origin.file ?? "") ||
    (a.origin.position ?? 0) - (b.origin.position ?? 0) ||
    compareText(fullName(a), fullName(b))
  );
}

/** RFC 3339 in UTC to the second, as API servers write it, so text order is time order; none comes last. */
function creation({ resource }: Placed): string {
  return resource?.metadata.creationTimestamp ?? "~";
}

function fullName({ resource }: Placed): string {
  return resource ? `${resource.metadata.namespace}/${resource.metadata.name}` : "";
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
