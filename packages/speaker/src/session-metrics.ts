import { Counter, Gauge, type Registry } from "prom-client";

/** What is measured of a session, and how. */
export interface Measure<Session> {
  readonly name: string;
  readonly help: string;
  readonly value: (session: Session) => number;
}

/** What MetalLB tells sessions apart by. */
export interface SessionLabels {
  readonly peer: string;
  readonly vrf: string;
}

/** What is measured of all sessions of a kind. */
export interface SessionMetrics<Session> {
  readonly gauges: readonly Measure<Session>[];
  readonly counters: readonly Measure<Session>[];
  readonly labelsOf: (session: Session) => SessionLabels;
}

/** Registers metrics of sessions. Values are taken whenever somebody asks, so a session's series go with it. */
export function registerSessionMetrics<Session>(
  registry: Registry,
  { gauges, counters, labelsOf }: SessionMetrics<Session>,
  sessions: () => Iterable<Session>,
): void {
  for (const [Metric, measures] of [[Gauge, gauges] as const, [Counter, counters] as const]) {
    for (const { name, help, value } of measures) {
      new Metric({
        name,
        help,
        labelNames: ["peer", "vrf"],
        registers: [registry],
        collect() {
          this.reset();
          for (const session of sessions()) this.inc({ ...labelsOf(session) }, value(session));
        },
      });
    }
  }
}
