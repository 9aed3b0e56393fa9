import { Counter, Gauge, type Registry } from "prom-client";
import { setCounts } from "../reason-counts.ts";
import type { PublishedStatuses } from "./published-statuses.ts";

/** Shows in the registry, at each scrape, which Services nobody announces, and how many Events were given up. */
export function addPublishedMetrics(
  registry: Registry,
  published: Pick<PublishedStatuses, "droppedEvents" | "silences">,
): void {
  const registers = [registry];
  new Gauge({
    name: "herald_services_not_announced",
    help: "Services with endpoints, and an address that nobody announces, by what their condition says",
    labelNames: ["reason"],
    registers,
    collect() {
      setCounts(this, published.silences);
    },
  });
  new Counter({
    name: "herald_events_dropped_total",
    help: "Events that were given up: too many waited, the API server refused them, or another controller leads",
    registers,
    collect() {
      this.reset();
      this.inc(published.droppedEvents);
    },
  });
}
