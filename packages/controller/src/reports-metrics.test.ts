import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { Reports } from "./reports.ts";
import { addReportMetrics } from "./reports-metrics.ts";

test("metrics show what is on the wire when they are scraped", async () => {
  const registry = new Registry();
  const reports = new Reports();
  addReportMetrics(registry, reports);
  const samples = async () => (await registry.metrics()).split("\n").filter((line) => line && !line.startsWith("#"));
  expect(await samples()).toEqual([
    ...["herald_groups_answered 0", "herald_routes_heard 0"],
    ...['herald_bgp_sessions{state="established"} 0', 'herald_bgp_sessions{state="down"} 0'],
    "herald_reports_refused_total 0",
  ]);
  const peers = ["tor1", "tor2", "x".repeat(1_000)].map((name) => ({ name, state: "down", reason: "" }) as const);
  reports.note(
    { node: "n1", stream: 1 },
    {
      groups: [{ group: "a", interfaces: ["eth0"] }],
      routes: [{ route: "r", peers: ["tor1"] }],
      ...{ peers, complete: true },
    },
  );
  const expected = [
    ...["herald_groups_answered 1", "herald_routes_heard 1"],
    ...['herald_bgp_sessions{state="established"} 0', 'herald_bgp_sessions{state="down"} 2'],
    "herald_reports_refused_total 1",
  ];
  expect(await samples()).toEqual(expected);
  expect(await samples()).toEqual(expected);
});
