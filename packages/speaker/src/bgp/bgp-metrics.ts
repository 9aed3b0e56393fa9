import type { Registry } from "prom-client";
import { type Measure, registerSessionMetrics, type SessionLabels } from "../session-metrics.ts";
import { totalMessages } from "./message-counts.ts";
import type { PeerSession } from "./peer-session.ts";

const GAUGES: readonly Measure<PeerSession>[] = [
  {
    name: "metallb_bgp_session_up",
    help: "BGP session state (1 is up, 0 is down)",
    value: ({ state }) => (state === "established" ? 1 : 0),
  },
  {
    name: "metallb_bgp_announced_prefixes_total",
    help: "Number of prefixes currently being advertised on the BGP session",
    value: ({ routes }) => routes.announced,
  },
  {
    name: "metallb_bgp_pending_prefixes_total",
    help: "Number of prefixes that should be advertised on the BGP session",
    value: ({ routes }) => routes.wanted,
  },
];

const COUNTERS: readonly Measure<PeerSession>[] = [
  {
    name: "metallb_bgp_opens_sent",
    help: "Number of BGP open messages sent",
    value: ({ messages }) => messages.sent.open,
  },
  {
    name: "metallb_bgp_opens_received",
    help: "Number of BGP open messages received",
    value: ({ messages }) => messages.received.open,
  },
  {
    name: "metallb_bgp_notifications_sent",
    help: "Number of BGP notification messages sent",
    value: ({ messages }) => messages.sent.notification,
  },
  {
    name: "metallb_bgp_updates_total",
    help: "Number of BGP UPDATE messages sent",
    value: ({ messages }) => messages.sent.update,
  },
  {
    name: "metallb_bgp_updates_total_received",
    help: "Number of BGP UPDATE messages received",
    value: ({ messages }) => messages.received.update,
  },
  {
    name: "metallb_bgp_keepalives_sent",
    help: "Number of BGP keepalive messages sent",
    value: ({ messages }) => messages.sent.keepalive,
  },
  {
    name: "metallb_bgp_keepalives_received",
    help: "Number of BGP keepalive messages received",
    value: ({ messages }) => messages.received.keepalive,
  },
  {
    name: "metallb_bgp_route_refresh_sent",
    help: "Number of BGP route refresh messages sent",
    value: ({ messages }) => messages.sent.routeRefresh,
  },
  {
    name: "metallb_bgp_total_sent",
    help: "Number of total BGP messages sent",
    value: ({ messages }) => totalMessages(messages.sent),
  },
  {
    name: "metallb_bgp_total_received",
    help: "Number of total BGP messages received",
    value: ({ messages }) => totalMessages(messages.received),
  },
];

/** Registers MetalLB's metrics of BGP sessions. */
export function registerBgpMetrics(registry: Registry, sessions: () => Iterable<PeerSession>): void {
  registerSessionMetrics(registry, { gauges: GAUGES, counters: COUNTERS, labelsOf }, sessions);
}

function labelsOf({ address, peer }: PeerSession): SessionLabels {
  return { peer: `${address ?? peer.interface}:${peer.port}`, vrf: peer.vrf ?? "" };
}
