import { Counter, type Registry } from "prom-client";
import type { PublishedStatuses } from "./published-statuses.ts";

/** Shows how many Events were given up, in the registry. */
export function addEventMetrics(registry: Registry, published: Pick<PublishedStatuses, "droppedEvents">): void {
  new Counter({
    name: "herald_events_dropped_total",
    help: "Events that were given up: too many waited, the API server refused them, or another controller leads",
    registers: [registry],
    collect() {
      this.reset();
      this.inc(published.droppedEvents);
    },
  });
}
