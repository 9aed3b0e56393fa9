import type { Clock } from "@heraldlb/runtime";

/** How long something may take. */
export interface TimeLimit {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends it earlier. */
  readonly signal?: AbortSignal | undefined;
  /** What it fails with then. */
  readonly late: () => Error;
}

/**
 * Does the work under a signal that aborts when the time is up, or when `signal` does. Rejects with that signal's reason
 * at once: not all work ends when it is told to, a plugin that is asked for a token doesn't.
 */
export async function within<T>(
  { clock, timeoutMs, signal, late }: TimeLimit,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const limit = new AbortController();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  limit.signal.addEventListener("abort", () => reject(limit.signal.reason), { once: true });
  const forward = () => limit.abort(signal?.reason);
  signal?.addEventListener("abort", forward, { once: true });
  using _timer = clock.timer(timeoutMs, () => limit.abort(late()));
  try {
    return await Promise.race([work(limit.signal), aborted]);
  } finally {
    signal?.removeEventListener("abort", forward);
  }
}
