import type { Ip } from "@heraldlb/net";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { registerBgpMetrics } from "./bgp-metrics.ts";
import type { PeerSession } from "./peer-session.ts";

const SESSION = {
  address: "192.0.2.1" as Ip,
  peer: { name: "tor", port: 179, asn: 1, peerAsn: 2, holdSeconds: 9, keepaliveSeconds: 3 },
  state: "established",
  routes: { wanted: 3, announced: 2 },
  messages: {
    sent: { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 },
    received: { open: 6, update: 7, notification: 8, keepalive: 9, routeRefresh: 10 },
  },
} as unknown as PeerSession;

async function samples(sessions: Iterable<PeerSession>): Promise<string[]> {
  const registry = new Registry();
  registerBgpMetrics(registry, () => sessions);
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

test("has MetalLB's metrics, in both of its modes' names", async () => {
  const labels = '{peer="192.0.2.1:179",vrf=""}';
  expect(await samples([SESSION])).toEqual([
    `metallb_bgp_session_up${labels} 1`,
    `metallb_bgp_announced_prefixes_total${labels} 2`,
    `metallb_bgp_pending_prefixes_total${labels} 3`,
    `metallb_bgp_opens_sent${labels} 1`,
    `metallb_bgp_opens_received${labels} 6`,
    `metallb_bgp_notifications_sent${labels} 3`,
    `metallb_bgp_updates_total${labels} 2`,
    `metallb_bgp_updates_total_received${labels} 7`,
    `metallb_bgp_keepalives_sent${labels} 4`,
    `metallb_bgp_keepalives_received${labels} 9`,
    `metallb_bgp_route_refresh_sent${labels} 5`,
    `metallb_bgp_total_sent${labels} 15`,
    `metallb_bgp_total_received${labels} 40`,
  ]);
});

test("a session that is down counts as 0, and one that is gone not at all", async () => {
  const down = { ...SESSION, state: "active", peer: { ...SESSION.peer, vrf: "red" } } as unknown as PeerSession;
  expect(await samples([down])).toContain('metallb_bgp_session_up{peer="192.0.2.1:179",vrf="red"} 0');
  expect(await samples([])).toEqual([]);
});
