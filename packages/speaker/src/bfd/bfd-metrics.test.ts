import type { Ip } from "@heraldlb/net";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { registerBfdMetrics } from "./bfd-metrics.ts";
import type { BfdStatistics } from "./live-session.ts";

test("each session has MetalLB's series, as long as it lives", async () => {
  const registry = new Registry();
  let sessions: BfdStatistics[] = [
    {
      peer: "192.0.2.2" as Ip,
      vrf: "default",
      isUp: true,
      controlPacketsReceived: 1,
      controlPacketsSent: 2,
      echoPacketsReceived: 3,
      echoPacketsSent: 4,
      upEvents: 5,
      downEvents: 6,
      reports: 7,
    },
  ];
  registerBfdMetrics(registry, () => sessions);
  const series = async () => (await registry.metrics()).split("\n").filter((line) => /^[^#]/.test(line));
  const labels = '{peer="192.0.2.2",vrf="default"}';
  const expected = [
    `metallb_bfd_session_up${labels} 1`,
    `metallb_bfd_control_packet_input${labels} 1`,
    `metallb_bfd_control_packet_output${labels} 2`,
    `metallb_bfd_echo_packet_input${labels} 3`,
    `metallb_bfd_echo_packet_output${labels} 4`,
    `metallb_bfd_session_up_events${labels} 5`,
    `metallb_bfd_session_down_events${labels} 6`,
    `metallb_bfd_zebra_notifications${labels} 7`,
  ];
  expect(await series()).toEqual(expected);
  expect(await series()).toEqual(expected);
  sessions = [];
  expect((await series()).filter((line) => line.includes("peer"))).toEqual([]);
});
