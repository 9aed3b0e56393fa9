import { type Format, formatData } from "./format.ts";

/** Something that is wrong or odd, with its place. */
export interface Finding {
  /** As its path was given. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Absent if the object does not say what it is, or there is none. */
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** `spec.addresses[0]`; empty for the object or file as a whole. */
  readonly field: string;
  /** Machine-readable. */
  readonly code: string;
  readonly reason: string;
  /** Empty if the reason says it all. */
  readonly fix: string;
}

/** What a validation found. */
export interface Report {
  /** How many objects Herald reads, right or wrong. */
  readonly objects: number;
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
  /** How many objects of each kind that Herald does not read; `apps/Deployment`. */
  readonly passedOver: Readonly<Record<string, number>>;
}

/** `FILE:LINE KIND/NAME field: reason — fix`, without what is not known. */
export function formatFinding({ file, line, kind, name, field, reason, fix }: Finding): string {
  const object = kind === undefined ? "" : ` ${kind}/${name}`;
  return `${file}:${line}${object}${field && ` ${field}`}: ${reason}${fix && ` — ${fix}`}`;
}

/** The last line of a report. */
export function formatSummary({ objects, errors, warnings, passedOver }: Report): string {
  const others = Object.entries(passedOver);
  const total = others.reduce((sum, [, number]) => sum + number, 0);
  const kinds = others.map(([kind, number]) => `${kind} ${number}`).join(", ");
  const rest = total > 0 ? `; passed over ${count(total, "object")} of other kinds (${kinds})` : "";
  const found = `${count(errors.length, "error")}, ${count(warnings.length, "warning")}`;
  return `${count(objects, "object")} checked: ${found}${rest}`;
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;

/** Where a report goes. */
interface ReportPorts {
  out(text: string): void;
  err(text: string): void;
}

/** Prints errors as results, one a line; warnings and the summary are for people, and go where those look. */
export function printReport(report: Report, format: Format, { out, err }: ReportPorts): void {
  if (format !== "table") {
    out(formatData(report, format));
    return;
  }
  for (const error of report.errors) out(`${formatFinding(error)}\n`);
  for (const warning of report.warnings) err(`warning: ${formatFinding(warning)}\n`);
  err(`${formatSummary(report)}\n`);
}
