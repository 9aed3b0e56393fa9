import { type Ip, type Prefix, prefixContains } from "@heraldlb/net";
import type { Registry } from "prom-client";
import { DerivedGauge, type Sample } from "./derived-metrics.ts";
import type { RoutedService } from "./service-names.ts";

/** What this node has on the wire, and for whom. */
export interface AnnouncedFacts {
  /** Addresses that are answered for. */
  answered(): Iterable<Ip>;
  /** The Services that have such an address. */
  servicesOf(address: Ip): readonly string[];
  /** The Services that routes are for. */
  routed(): Iterable<RoutedService>;
  /** The prefix of a route that any router was told of; undefined: none was. */
  prefixHeard(route: string): Prefix | undefined;
}

/**
 * Shows `metallb_speaker_announced`: a series for each Service, protocol and address. An address whose Services are not
 * known, since a controller of an earlier version does not name them, has one without `service`.
 */
export function registerAnnounced(registry: Registry, node: string, facts: AnnouncedFacts): void {
  new DerivedGauge(
    {
      name: "metallb_speaker_announced",
      help: "Addresses of Services that this node answers for, or has told a router of",
      labelNames: ["service", "protocol", "node", "ip"],
      registers: [registry],
    },
    () => [...answered(node, facts), ...routed(node, facts)],
  );
}

function* answered(node: string, { answered, servicesOf }: AnnouncedFacts): Generator<Sample, void, undefined> {
  for (const ip of answered()) {
    const labels = { protocol: "layer2", node, ip };
    const services = servicesOf(ip);
    if (services.length === 0) yield { labels, value: 1 };
    for (const service of services) yield { labels: { service, ...labels }, value: 1 };
  }
}

function* routed(node: string, { routed, prefixHeard }: AnnouncedFacts): Generator<Sample, void, undefined> {
  for (const { name: service, addresses, routes } of routed()) {
    const prefixes = routes.flatMap((route) => prefixHeard(route) ?? []);
    for (const ip of addresses) {
      const isHeard = prefixes.some((prefix) => prefixContains(prefix, ip));
      if (isHeard) yield { labels: { service, protocol: "bgp", node, ip }, value: 1 };
    }
  }
}
