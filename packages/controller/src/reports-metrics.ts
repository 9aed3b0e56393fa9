import { Counter, Gauge, type Registry } from "prom-client";
import type { Reports } from "./reports.ts";

/** Shows in the registry, at each scrape, what speakers have on the wire. */
export function addReportMetrics(registry: Registry, reports: Pick<Reports, "sessions" | "size" | "refused">): void {
  const registers = [registry];
  new Gauge({
    name: "herald_groups_answered",
    help: "Groups of addresses that a node answers for",
    registers,
    collect() {
      this.set(reports.size.groups);
    },
  });
  new Gauge({
    name: "herald_routes_heard",
    help: "Routes that a router was told of, by any node",
    registers,
    collect() {
      this.set(reports.size.routes);
    },
  });
  new Gauge({
    name: "herald_bgp_sessions",
    help: "Sessions of nodes with routers, by state",
    labelNames: ["state"],
    registers,
    collect() {
      const counts = { established: 0, down: 0 };
      for (const { state } of reports.sessions()) counts[state]++;
      this.set({ state: "established" }, counts.established);
      this.set({ state: "down" }, counts.down);
    },
  });
  new Counter({
    name: "herald_reports_refused_total",
    help: "Things that a speaker reported beyond what is kept of one node",
    registers,
    collect() {
      this.reset();
      this.inc(reports.refused);
    },
  });
}
