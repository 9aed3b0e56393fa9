import { afterBursts, type Clock } from "@heraldlb/runtime";
import type { ToWorker } from "./worker-messages.ts";

/**
 * Calls `release` once a burst of orders about groups is over, of which the start of the process is one. Returns what is
 * to be called with all orders as they go by.
 */
export function releaseAfterBursts(clock: Clock, release: () => void): (orders: readonly ToWorker[]) => void {
  const note = afterBursts(clock, release);
  return (orders) => note(orders.reduce((sum, order) => sum + groupsOf(order), 0));
}

function groupsOf(order: ToWorker): number {
  if (order.type === "define") return order.changed.length + order.removed.length;
  return order.type === "received" && order.message.type !== "reply" ? 1 : 0;
}
