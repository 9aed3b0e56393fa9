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
  const whole = clock.sleep(mostMs, AbortSignal.any([signal, over.signal])).then(() => false);
  const success = kube.nextSuccess?.().then(() => true);
  if (!(await Promise.race([whole, success ?? whole]))) return false;
  over.abort();
  await clock.sleep(Math.max(0, began + leastMs - clock.now()), signal);
  return true;
}
