/**
 * Milliseconds on the kernel's monotonic clock. Unlike `performance.now()` it is the same clock in every process of the
 * machine, so a prober's times, a capture's and a test's can be compared.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
