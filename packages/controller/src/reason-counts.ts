import type { Gauge } from "prom-client";

/** Sets a gauge to how many there are of each reason, and to nothing else. One by one, ten thousand would take 10 ms. */
export function setCounts(gauge: Gauge<"reason">, all: Iterable<{ readonly reason: string }>): void {
  const counts = new Map<string, number>();
  for (const { reason } of all) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  gauge.reset();
  for (const [reason, count] of counts) gauge.set({ reason }, count);
}
