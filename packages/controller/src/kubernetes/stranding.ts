import type { StatusRecord } from "../ledger.ts";

/** What is stored of a Service beside its addresses and pool. */
type Stranding = Pick<StatusRecord, "stranded" | "announcedBy">;

/** The text of an annotation; undefined: the Service needs none. */
export function writeStranding({ stranded, announcedBy }: Stranding): string | undefined {
  if (!stranded) return undefined;
  return JSON.stringify({ stranded, ...(announcedBy !== undefined && { announcedBy }) });
}

/** What is damaged is forgotten: the Service has its addresses all the same. */
export function readStranding(text: string | undefined): Stranding {
  if (text === undefined) return {};
  try {
    const { stranded, announcedBy } = JSON.parse(text) as {
      readonly stranded?: unknown;
      readonly announcedBy?: unknown;
    };
    return {
      ...(typeof stranded === "string" && { stranded }),
      ...(Array.isArray(announcedBy) && { announcedBy }),
    };
  } catch {
    return {};
  }
}
