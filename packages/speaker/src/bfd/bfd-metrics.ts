import { Counter, Gauge, type Registry } from "prom-client";
import type { BfdStatistics } from "./live-session.ts";

const COUNTERS: readonly { readonly name: string; readonly help: string; readonly of: keyof BfdStatistics }[] = [
  {
    name: "metallb_bfd_control_packet_input",
    help: "Number of received BFD control packets",
    of: "controlPacketsReceived",
  },
  { name: "metallb_bfd_control_packet_output", help: "Number of sent BFD control packets", of: "controlPacketsSent" },
  { name: "metallb_bfd_echo_packet_input", help: "Number of received BFD echo packets", of: "echoPacketsReceived" },
  { name: "metallb_bfd_echo_packet_output", help: "Number of sent BFD echo packets", of: "echoPacketsSent" },
  { name: "metallb_bfd_session_up_events", help: "Number of BFD session up events", of: "upEvents" },
  { name: "metallb_bfd_session_down_events", help: "Number of BFD session down events", of: "downEvents" },
  { name: "metallb_bfd_zebra_notifications", help: "Number of BFD state changes that BGP was told of", of: "reports" },
];

/** Registers MetalLB's metrics of BFD sessions. Values are the latest that the answering thread has counted. */
export function registerBfdMetrics(registry: Registry, statistics: () => readonly BfdStatistics[]): void {
  const settings = { labelNames: ["peer", "vrf"], registers: [registry] };
  new Gauge({
    ...settings,
    name: "metallb_bfd_session_up",
    help: "BFD session state (1 is up, 0 is down)",
    collect() {
      this.reset();
      for (const { peer, vrf, isUp } of statistics()) this.set({ peer, vrf }, isUp ? 1 : 0);
    },
  });
  for (const { name, help, of } of COUNTERS) {
    new Counter({
      ...settings,
      name,
      help,
      collect() {
        this.reset();
        for (const one of statistics()) this.inc({ peer: one.peer, vrf: one.vrf }, Number(one[of]));
      },
    });
  }
}
