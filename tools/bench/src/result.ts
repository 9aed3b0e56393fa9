import { round } from "./statistics.ts";

/** One measured figure. */
export interface Result {
  readonly suite: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it should be, if there is a goal: `<= 100`, or in words. */
  readonly goal?: string | undefined;
  /** What it was compared with in the same run. */
  readonly beside?: string | undefined;
}

/** Results as a table for people. */
export function table(results: readonly Result[]): string {
  const head = ["suite", "figure", "value", "unit", "goal", "beside"];
  const rows = results.map(({ suite, name, value, unit, goal = "", beside = "" }) => [
    suite,
    name,
    `${round(value)}`,
    unit,
    goal,
    beside,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 2 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...rows.map(line)].join("\n");
}
