import type { Verdict } from "./verdict.ts";
import type { Measure } from "./watch.ts";

/** A line of the table: what the runs of one class came to. */
export interface Row {
  readonly fault: string;
  readonly runs: number;
  readonly worst: Readonly<Record<Measure, { readonly ms: number; readonly seed: number }>>;
  /** Runs in which some group had another owner. */
  readonly moves: number;
  /** Runs with a violation. */
  readonly violations: number;
}

/** Sums up the runs by class, in order of first appearance. */
export function summarise(verdicts: readonly Verdict[]): readonly Row[] {
  return [...Map.groupBy(verdicts, ({ fault }) => fault)].map(([fault, runs]) => ({
    fault,
    runs: runs.length,
    worst: {
      two: worstOf(runs, "two"),
      handOver: worstOf(runs, "handOver"),
      oneWay: worstOf(runs, "oneWay"),
      gap: worstOf(runs, "gap"),
      none: worstOf(runs, "none"),
    },
    moves: runs.filter(({ moved }) => moved > 0).length,
    violations: runs.filter(({ violations }) => violations.length > 0).length,
  }));
}

function worstOf(runs: readonly Verdict[], measure: Measure): { readonly ms: number; readonly seed: number } {
  const [first, ...rest] = runs as readonly [Verdict, ...Verdict[]];
  const worst = rest.reduce((a, b) => (b.worst[measure] > a.worst[measure] ? b : a), first);
  return { ms: Math.round(worst.worst[measure]), seed: worst.seed };
}

const HEAD = [
  "class",
  "runs",
  "two",
  "(seed)",
  "hand-over",
  "one way",
  "gap",
  "(seed)",
  "nobody",
  "moves",
  "violations",
];

/** The rows as text, with widths that fit; times in ms. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ fault, runs, worst, moves, violations }) => [
    fault,
    `${runs}`,
    `${worst.two.ms}`,
    seedOf(worst.two),
    `${worst.handOver.ms}`,
    `${worst.oneWay.ms}`,
    `${worst.gap.ms}`,
    seedOf(worst.gap),
    `${worst.none.ms}`,
    `${moves}`,
    `${violations}`,
  ]);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...cells.map((row) => (row[i] as string).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ")
      .trimEnd();
  return [line(HEAD), line(widths.map((width) => "─".repeat(width))), ...cells.map(line)].join("\n");
}

const seedOf = ({ ms, seed }: { readonly ms: number; readonly seed: number }): string => (ms > 0 ? `(${seed})` : "");
