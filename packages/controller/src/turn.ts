import { setImmediate } from "node:timers/promises";
import type { Clock } from "@heraldlb/runtime";

/** How long a turn of the event loop may last, in milliseconds: a heartbeat that waits for its turn must not be late. */
export const TURN_MS = 8;

/** Gives up the event loop's turn, if that has lasted long. */
export function restAfter(ms: number, clock: Pick<Clock, "now">): () => Promise<void> {
  let since = clock.now();
  return async () => {
    if (clock.now() - since < ms) return;
    await setImmediate();
    since = clock.now();
  };
}
