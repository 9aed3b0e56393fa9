import { formatManifests } from "@heraldlb/files";

/** How results are printed. `table`: lines for people. */
export const FORMATS = ["table", "json", "yaml"] as const;

export type Format = (typeof FORMATS)[number];

/** A result as data. */
export function formatData(data: unknown, format: Exclude<Format, "table">): string {
  return format === "json" ? `${JSON.stringify(data, undefined, 2)}\n` : formatManifests([data]);
}

/** Rows of cells, the first one their headings, in aligned columns. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
