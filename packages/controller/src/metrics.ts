import { Counter, Gauge, type Registry } from "prom-client";
import type { Controller } from "./controller.ts";
import type { ControllerObserver } from "./controller-ports.ts";
import { setCounts } from "./reason-counts.ts";
import { addReportMetrics } from "./reports-metrics.ts";
import { poolUsage } from "./usage.ts";

/** Counts what a controller does, in the registry. The counters are there, at zero, from the start. */
export function countingObserver(registry: Registry): ControllerObserver {
  const registers = [registry];
  const updates = new Counter({
    name: "metallb_k8s_client_updates_total",
    help: "Readings of the source that were processed",
    registers,
  });
  const errors = new Counter({
    name: "metallb_k8s_client_update_errors_total",
    help: "Readings that could not be completed, and decisions about addresses that could not be stored",
    registers,
  });
  const owners = new Counter({
    name: "herald_owner_changes_total",
    help: "Decisions about the owner of a group of addresses",
    labelNames: ["reason"],
    registers,
  });
  const failed = new Counter({
    name: "herald_items_failed_total",
    help: "Definitions and orders that a speaker could not apply",
    labelNames: ["reason"],
    registers,
  });
  const conflicts = new Counter({
    name: "herald_conflicts_reported_total",
    help: "Claims by other hosts for an address that a speaker answers for",
    registers,
  });
  return {
    onUpdate: () => updates.inc(),
    onUpdateError: () => errors.inc(),
    onOwner: (reason) => owners.inc({ reason }),
    onItemError: (reason) => failed.inc({ reason }),
    onConflict: () => conflicts.inc(),
  };
}

/** Shows a controller's state, in the registry, as it is at each scrape. */
export function addControllerMetrics(registry: Registry, controller: Controller): void {
  const gauge = (name: string, help: string, read: () => number | boolean) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(Number(read()));
      },
    });
  const status = () => controller.status();

  gauge(
    "metallb_k8s_client_config_loaded_bool",
    "1 once the source was read completely",
    () => controller.cluster.isRead,
  );
  gauge(
    "metallb_k8s_client_config_stale_bool",
    "1 while an object of metallb.io, or a file, is not in force as it is written",
    () => controller.cluster.isStale,
  );
  gauge("herald_leader_bool", "1 while this controller decides", () => status().role === "leader");
  gauge("herald_firm_bool", "1 while nobody else can lead", () => status().firm);
  gauge("herald_term", "The term that this controller leads in, or led in last", () => status().term);
  gauge("herald_mass_silence_bool", "1 while so many speakers are silent that none is judged", () => status().frozen);
  gauge("herald_groups", "Groups of addresses that have one owner each", () => status().groups);
  gauge("herald_groups_unowned", "Groups that some node may own, and none does", () => controller.unowned());
  gauge(
    "herald_speakers_live",
    "Speakers that are alive, as far as is known",
    () => status().speakers.filter(({ live }) => live).length,
  );
  gauge(
    "herald_speakers_connected",
    "Speakers with a stream to this controller",
    () => status().speakers.filter(({ connected }) => connected).length,
  );
  gauge("herald_streams", "Streams that are open", () => status().hub.streams);
  gauge("herald_streams_current", "Streams whose speaker has applied all that it was told", () => status().hub.current);
  gauge("herald_snapshots_waiting", "Speakers that wait for their snapshot", () => status().hub.waitingForSnapshot);
  gauge("herald_definitions_revision", "Number of the last change of what speakers are told", () => status().revision);
  gauge(
    "herald_addresses_freed",
    "Freed addresses of pools with a cool-down that are remembered",
    () => controller.cluster.addresses?.freedCount ?? 0,
  );
  addWaitingMetric(registry, controller);
  addPoolMetrics(registry, controller);
  addReportMetrics(registry, controller.reports);
}

function addWaitingMetric(registry: Registry, controller: Controller): void {
  new Gauge({
    name: "herald_services_refused",
    help: "Services that do not have the addresses they ask for",
    labelNames: ["reason"],
    registers: [registry],
    collect() {
      setCounts(this, controller.cluster.addresses?.refusals() ?? []);
    },
  });
}

/** MetalLB's own, with its names; series go with their pool. A standby has none: it knows of no address that is in use. */
function addPoolMetrics(registry: Registry, controller: Controller): void {
  for (const [infix, what, families] of [
    ["", "", ["ipv4", "ipv6"]],
    ["ipv4_", " IPv4", ["ipv4"]],
    ["ipv6_", " IPv6", ["ipv6"]],
  ] as const) {
    const sum = (counts: Readonly<Record<"ipv4" | "ipv6", bigint | number>>) =>
      families.reduce((total, family) => total + Number(counts[family]), 0);
    new Gauge({
      name: `metallb_allocator_${infix}addresses_total`,
      help: `Usable${what} addresses of the pool`,
      labelNames: ["pool"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { pool, total } of poolUsage(controller.cluster)) this.set({ pool }, sum(total));
      },
    });
    new Gauge({
      name: `metallb_allocator_${infix}addresses_in_use_total`,
      help: `Distinct${what} addresses of the pool that are in use`,
      labelNames: ["pool"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { pool, used } of poolUsage(controller.cluster)) this.set({ pool }, sum(used));
      },
    });
  }
}
