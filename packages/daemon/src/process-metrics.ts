import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Gauge, type Registry } from "prom-client";

/** Adds what every process tells of itself: CPU, memory, garbage collection, version, and how late its main thread is. */
export function addProcessMetrics(
  registry: Registry,
  { name, version }: { readonly name: string; readonly version: string },
): void {
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "herald_build_info",
    help: "1, with what runs as labels",
    labelNames: ["name", "version", "node"],
    registers: [registry],
  }).set({ name, version, node: process.versions.node }, 1);

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  new Gauge({
    name: "herald_event_loop_delay_seconds",
    help: "How late the main thread served its timers since the last scrape; it must stay below 0.05",
    labelNames: ["quantile"],
    registers: [registry],
    collect() {
      for (const quantile of [0.5, 0.99, 1]) {
        this.set({ quantile: `${quantile}` }, Math.max(0, delay.percentile(quantile * 100) / 1e9 - 0.01));
      }
      delay.reset();
    },
  });
}
