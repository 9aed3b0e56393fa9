const UNIT_MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds in a duration as Go and Kubernetes write it ("100ms", "1m30s", "1.5h", "0"); undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  // A bundle with a letter beyond Latin-1 would take two bytes of memory for each of its own.
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|[\u00b5\u03bc]s|ms|s|m|h))+$/.test(text)) return undefined;
  const parts = text.matchAll(/([\d.]+)(ns|us|[\u00b5\u03bc]s|ms|s|m|h)/g);
  // The unit is one of the expression's alternatives.
  return Array.from(parts, ([, number, unit]) => Number(number) * UNIT_MS[unit as keyof typeof UNIT_MS]).reduce(
    (sum, ms) => sum + ms,
    0,
  );
}

/** Writes milliseconds in the largest unit that needs no fraction. */
export function formatDuration(ms: number): string {
  for (const unit of ["h", "m", "s"] as const) {
    if (ms !== 0 && ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  }
  return `${ms}ms`;
}
