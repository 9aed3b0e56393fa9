import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseManifests } from "./manifest.ts";
import { renderChart } from "./render.ts";

const METRICS = join(import.meta.dirname, "../../../docs/reference/metrics.md");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly description?: string };
}

const rules = await rulesWith({});

describe.each(rules.map((rule) => [rule.alert, rule] as const))("%s", (_, { expr, labels, annotations }) => {
  test("asks for metrics that there are", async () => {
    const documented = await readFile(METRICS, "utf8");
    const names = expr.match(/\b(?:metallb|herald)_\w+/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(documented).toContain(`\`${name}\``);
  });

  test("has a severity, a summary and a description", () => {
    expect(labels?.severity).toMatch(/^(?:warning|critical)$/);
    expect(annotations?.summary).not.toMatch(/[.{]/);
    expect(annotations?.description).toMatch(/\.$/);
  });
});

test("the alerts that MetalLB has keep their names, durations and severities", () => {
  const theirs = rules.filter(({ alert }) => alert.startsWith("MetalLB"));
  expect(theirs.map(({ alert, for: wait = "", labels }) => `${alert} ${wait} ${labels?.severity}`)).toEqual([
    "MetalLBStaleConfig 1m warning",
    "MetalLBConfigNotLoaded 1m warning",
    "MetalLBAddressPoolExhausted 1m critical",
    "MetalLBAddressPoolUsage75Percent  warning",
    "MetalLBAddressPoolUsage85Percent  warning",
    "MetalLBAddressPoolUsage95Percent  critical",
    "MetalLBBGPSessionDown 1m critical",
  ]);
});

test("those of counters notice the first count, whether or not there was a zero before it", () => {
  const counts = rules.filter(({ expr }) => expr.includes("increase("));
  expect(counts.map(({ alert }) => alert)).toEqual(["HeraldAddressConflict", "HeraldOrderFailed"]);
  // One count is gone again after the range.
  for (const { for: wait } of counts) expect(wait).toBeUndefined();
  // A counter without labels is there from the start.
  const [, labelled] = counts;
  expect(labelled?.expr).toContain("or (herald_items_failed_total unless herald_items_failed_total offset 15m)");
});

test("a Service that has one family of the two that it prefers is nothing to be alerted of", () => {
  const { expr } = rules.find(({ alert }) => alert === "HeraldServiceRefused") ?? {};
  expect(expr).toContain('herald_services_refused{reason!="secondFamilyUnavailable"}');
});

test("a Service that nobody announces is told of by whoever decides, and not while it is only being moved", () => {
  const { expr, for: wait } = rules.find(({ alert }) => alert === "HeraldServiceNotAnnounced") ?? {};
  expect(expr).toContain("(herald_services_not_announced and on (namespace, pod) herald_leader_bool == 1) > 0");
  expect(wait).toBe("5m");
});

test("a speaker without a stream, which cannot be scraped, is missed", async () => {
  const { expr } = rules.find(({ alert }) => alert === "HeraldSpeakerAlone") ?? {};
  expect(expr).toContain('up{namespace="herald-system", pod=~"herald-speaker-.+"}) == 0');
});

test("pools can be left out, by a regular expression that stays what it is", async () => {
  const excluded = await rulesWith({ addressPoolExhausted: { excludePools: 'lab\\d+|"test"' } });
  const { expr = "" } = excluded.find(({ alert }) => alert === "MetalLBAddressPoolExhausted") ?? {};
  expect(expr).toContain('metallb_allocator_addresses_total{pool!~"lab\\\\d+|\\"test\\""}');
});

test("those of pools keep the labels that their series have, but for those of the replica", () => {
  const exprs = rules.filter(({ alert }) => alert.startsWith("MetalLBAddressPool")).map(({ expr }) => expr);
  expect(exprs).toHaveLength(4);
  for (const expr of exprs)
    expect(expr.match(/(?:by|without) \(.*?\)/g)).toEqual(Array(2).fill("without (instance, pod)"));
});

async function rulesWith(values: object): Promise<readonly Rule[]> {
  const prometheusRule = { enabled: true, ...values };
  const text = await renderChart({
    values: { prometheus: { prometheusRule } },
    apiVersions: ["monitoring.coreos.com/v1"],
  });
  const found = parseManifests(text).find(({ kind }) => kind === "PrometheusRule");
  const { spec } = (found ?? {}) as {
    readonly spec?: { readonly groups: readonly { readonly rules: readonly Rule[] }[] };
  };
  return spec?.groups.flatMap(({ rules }) => rules) ?? [];
}
