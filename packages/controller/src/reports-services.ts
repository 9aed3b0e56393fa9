import type { Family } from "@heraldlb/net";
import { familyOfRoute } from "./bgp-route-id.ts";
import type { Reach } from "./definitions.ts";
import type { ReportChanges, Reports } from "./reports.ts";

/** By which groups and routes Services are announced; the plans of both protocols. */
export interface AnnouncedBy {
  readonly layer2: {
    groupOf(service: string): string | undefined;
    /** The nodes that may announce the group, and where each may. */
    reachOf(group: string): Reach;
    servicesOf(group: string): readonly string[];
  };
  readonly bgp: {
    routesOf(service: string): ReadonlyMap<string, readonly string[]>;
    /** For each node that is to announce the Service, the BGPPeers that are to hear of its addresses of a family. */
    hearersOf(service: string, family: Family): ReadonlyMap<string, ReadonlySet<string>>;
    servicesOf(route: string): ReadonlySet<string>;
  };
}

/** Who announces a Service. */
export interface ServiceOnWire {
  /** The nodes that answer for its addresses; while one hands over to another, both. */
  readonly layer2: readonly { readonly node: string; readonly interfaces: readonly string[] }[];
  /** The nodes with a router that hears of it, and the names of these routers, in order. */
  readonly bgp: readonly { readonly node: string; readonly peers: readonly string[] }[];
  /** The families of its addresses that some router hears of. */
  readonly heard: ReadonlySet<Family>;
}

/** Who announces a Service, as far as speakers have reported. */
export function serviceOnWire(
  service: string,
  reports: Pick<Reports, "group" | "route">,
  { layer2, bgp }: AnnouncedBy,
): ServiceOnWire {
  const group = layer2.groupOf(service);
  const told = bgp.routesOf(service);
  const routers = new Map<string, Set<string>>();
  const heard = new Set<Family>();
  for (const id of new Set([...told.values()].flat())) {
    for (const { node, peers } of reports.route(id)) {
      // It may announce the route for another Service.
      if (!told.get(node)?.includes(id)) continue;
      routers.set(node, new Set([...(routers.get(node) ?? []), ...peers]));
      heard.add(familyOfRoute(id));
    }
  }
  return {
    layer2: group === undefined ? [] : reports.group(group),
    heard,
    bgp: Array.from(routers, ([node, peers]) => ({ node, peers: [...peers].sort() })),
  };
}

/** Keys of the Services that may be announced in another way now. */
export function servicesConcerned(
  { groups, routes }: Pick<ReportChanges, "groups" | "routes">,
  { layer2, bgp }: AnnouncedBy,
): ReadonlySet<string> {
  const services = new Set<string>();
  for (const id of groups) for (const service of layer2.servicesOf(id)) services.add(service);
  for (const id of routes) for (const service of bgp.servicesOf(id)) services.add(service);
  return services;
}
