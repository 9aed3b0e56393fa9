import type { Clock } from "./clock.ts";

/** So many things, since the last time, leave enough behind to be worth it. */
const BURST = 1_000;
/** Fewer within an interval than this are no part of a burst. */
const QUIET = 100;
// V8 has collected what a burst left behind after about as long.
const INTERVAL_MS = 5_000;

/**
 * Calls `act` 5 to 10 s after a burst of a thousand things or more is over, of which the start of the process is one.
 * Returns what is to be called with how many things have happened.
 */
export function afterBursts(clock: Clock, act: () => void): (things: number) => void {
  let burst = BURST;
  let lately = 0;
  let isWatching = false;

  function watch(): void {
    isWatching = true;
    clock.timer(INTERVAL_MS, () => {
      const isQuiet = lately < QUIET;
      lately = 0;
      isWatching = false;
      if (!isQuiet) watch();
      else {
        burst = 0;
        act();
      }
    });
  }

  watch();
  return (things) => {
    burst += things;
    if (isWatching) lately += things;
    else if (burst >= BURST) watch();
  };
}
