import type { Clock } from "@heraldlb/runtime";
import type { Kube } from "./kube.ts";

/** How long to wait between two attempts. */
export interface Pause {
  /** If the server accepts anything meanwhile. */
  readonly leastMs: number;
  readonly mostMs: number;
}

/** What a pause needs of its surroundings. */
export interface PauseOptions {
  readonly kube: Pick<Kube, "nextSuccess">;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Waits, and resolves to whether the server has accepted anything meanwhile, of anybody. @throws the signal's reason */
export async function pause({ leastMs, mostMs }: Pause, { kube, clock, signal }: PauseOptions): Promise<boolean> {
  const began = clock.now();
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  try {
    const whole = clock.sleep(mostMs, until).then(() => false);
    const success = kube.nextSuccess?.(until).then(() => true);
    if (!(await Promise.race([whole, success ?? whole]))) return false;
  } finally {
    over.abort();
  }
  await clock.sleep(Math.max(0, began + leastMs - clock.now()), signal);
  return true;
}
