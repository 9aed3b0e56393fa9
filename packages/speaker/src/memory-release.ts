import type { Clock } from "@heraldlb/runtime";
import type { ToWorker } from "./worker-messages.ts";

/** Orders about groups, since the last release, that leave enough behind to be worth one. */
const BURST = 1_000;
/** Fewer within an interval than this are no part of a burst. */
const QUIET = 100;
// V8 has collected what a burst left behind after about as long.
const INTERVAL_MS = 5_000;

/**
 * Calls `release` once a burst of orders is over, of which the start of the process is one. Returns what is to be called
 * with all orders as they go by.
 */
export function releaseAfterBursts(clock: Clock, release: () => void): (orders: readonly ToWorker[]) => void {
  let burst = BURST;
  let lately = 0;

  function watch(): void {
    clock.timer(INTERVAL_MS, () => {
      const isQuiet = lately < QUIET;
      lately = 0;
      if (isQuiet && burst >= BURST) {
        burst = 0;
        release();
      }
      watch();
    });
  }

  watch();
  return (orders) => {
    for (const order of orders) {
      burst += groupsOf(order);
      lately += groupsOf(order);
    }
  };
}

function groupsOf(order: ToWorker): number {
  if (order.type === "define") return order.changed.length + order.removed.length;
  return order.type === "received" && order.message.type !== "reply" ? 1 : 0;
}
