/** A fenced block of a README that a test can run. */
export interface Example {
  readonly language: "ts" | "sh";
  readonly code: string;
  /** Where the block starts, counted from 1. */
  readonly line: number;
}

/** The `ts` and `sh` blocks of a README, in order. Other languages (`text`, `yaml`, …) are for reading only. */
export function examplesOf(markdown: string): Example[] {
  const found: Example[] = [];
  for (const match of markdown.matchAll(/^```(ts|sh)\n(.*?)^```$/gms)) {
    const line = markdown.slice(0, match.index).split("\n").length + 1;
    found.push({ language: match[1] as Example["language"], code: match[2] ?? "", line });
  }
  return found;
}
