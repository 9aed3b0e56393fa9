import type { Ip, Prefix } from "@heraldlb/net";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { type AnnouncedFacts, registerAnnounced } from "./announced-metric.ts";

const [V4, V6] = ["198.51.100.7", "2001:db8::7"] as const;

/** The series that these facts make, as `service protocol ip`. */
async function announced(facts: Partial<AnnouncedFacts>): Promise<readonly string[]> {
  const registry = new Registry();
  const nothing = { answered: () => [], servicesOf: () => [], routed: () => [], prefixHeard: () => undefined };
  registerAnnounced(registry, "n1", { ...nothing, ...facts });
  const { values = [] } = (await registry.getSingleMetric("metallb_speaker_announced")?.get()) ?? {};
  return values.map(({ labels: { service, protocol, node, ip }, value }) => {
    expect([node, value]).toEqual(["n1", 1]);
    return `${service} ${protocol} ${ip}`;
  });
}

test("each Service that has an answered address has a series for it; unknown ones share one", async () => {
  const services: Readonly<Record<string, readonly string[]>> = { [V4]: ["a/tcp", "b/udp"] };
  expect(
    await announced({ answered: () => [V4 as Ip, V6 as Ip], servicesOf: (address) => services[address] ?? [] }),
  ).toEqual([`a/tcp layer2 ${V4}`, `b/udp layer2 ${V4}`, `undefined layer2 ${V6}`]);
});

test("each address of a Service that a heard route of it contains has a series", async () => {
  const heard: Readonly<Record<string, string>> = {
    wide: "198.51.100.0/24",
    other: "203.0.113.0/24",
    six: `${V6}/128`,
  };
  const prefixHeard = (route: string) => heard[route] as Prefix | undefined;
  const routed = [
    { name: "a/both", addresses: [V4, V6], routes: ["wide", `${V4}/32`, "six"] },
    { name: "a/four", addresses: [V4, V6], routes: ["wide", "silent"] },
    { name: "b/silent", addresses: ["198.51.100.8"], routes: ["silent"] },
    { name: "b/elsewhere", addresses: ["198.51.100.9"], routes: ["other"] },
  ];
  expect(await announced({ routed: () => routed as ReturnType<AnnouncedFacts["routed"]>, prefixHeard })).toEqual([
    `a/both bgp ${V4}`,
    `a/both bgp ${V6}`,
    `a/four bgp ${V4}`,
  ]);
});
