import type { Registry } from "prom-client";
import { type Measure, registerSessionMetrics } from "../session-metrics.ts";
import type { BfdStatistics } from "./live-session.ts";

const GAUGES: readonly Measure<BfdStatistics>[] = [
  {
    name: "metallb_bfd_session_up",
    help: "BFD session state (1 is up, 0 is down)",
    value: ({ isUp }) => (isUp ? 1 : 0),
  },
];

const COUNTERS: readonly Measure<BfdStatistics>[] = [
  {
    name: "metallb_bfd_control_packet_input",
    help: "Number of received BFD control packets",
    value: ({ controlPacketsReceived }) => controlPacketsReceived,
  },
  {
    name: "metallb_bfd_control_packet_output",
    help: "Number of sent BFD control packets",
    value: ({ controlPacketsSent }) => controlPacketsSent,
  },
  {
    name: "metallb_bfd_echo_packet_input",
    help: "Number of received BFD echo packets",
    value: ({ echoPacketsReceived }) => echoPacketsReceived,
  },
  {
    name: "metallb_bfd_echo_packet_output",
    help: "Number of sent BFD echo packets",
    value: ({ echoPacketsSent }) => echoPacketsSent,
  },
  {
    name: "metallb_bfd_session_up_events",
    help: "Number of BFD session up events",
    value: ({ upEvents }) => upEvents,
  },
  {
    name: "metallb_bfd_session_down_events",
    help: "Number of BFD session down events",
    value: ({ downEvents }) => downEvents,
  },
  {
    name: "metallb_bfd_zebra_notifications",
    help: "Number of BFD state changes that BGP was told of",
    value: ({ reports }) => reports,
  },
];

/** Registers MetalLB's metrics of BFD sessions. Values are the latest that the answering thread has counted. */
export function registerBfdMetrics(registry: Registry, statistics: () => readonly BfdStatistics[]): void {
  const labelsOf = ({ peer, vrf }: BfdStatistics) => ({ peer, vrf });
  registerSessionMetrics(registry, { gauges: GAUGES, counters: COUNTERS, labelsOf }, statistics);
}
