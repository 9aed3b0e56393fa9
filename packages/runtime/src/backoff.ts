/** How long to wait between attempts: at first, at most, and by how much more each time (2 unless given). */
export interface BackoffPolicy {
  readonly initialMs: number;
  readonly maxMs: number;
  readonly factor?: number;
}

/**
 * How many milliseconds to wait after the failed attempt of that number (the first is 0): a delay that grows to
 * `maxMs`, of which `random` (0 ≤ random < 1) takes away up to half, so that many that failed together do not return
 * together.
 */
export function backoff({ initialMs, maxMs, factor = 2 }: BackoffPolicy, attempt: number, random: number): number {
  const delay = Math.min(maxMs, initialMs * factor ** attempt);
  return delay * (1 - random / 2);
}
