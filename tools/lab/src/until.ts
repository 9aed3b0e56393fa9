import { systemClock } from "@heraldlb/runtime";
import { monotonicMs } from "./monotonic.ts";

/** How long to wait, and how often to look. */
export interface UntilOptions {
  /** Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Default 20 ms. */
  readonly everyMs?: number | undefined;
}

/**
 * Waits until `look` gives something, and returns it. `undefined` and `false` are nothing; an error is nothing too, and
 * is the cause of the failure if the time runs out. Throws an `Error` that says what was waited for.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 30_000, everyMs = 20 }: UntilOptions = {},
): Promise<T> {
  const deadline = monotonicMs() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      cause = error;
    }
    if (monotonicMs() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`, { cause });
    await systemClock.sleep(everyMs);
  }
}

/** Lets time pass: for what must *not* happen in it. */
export async function pass(ms: number): Promise<void> {
  await systemClock.sleep(ms);
}
