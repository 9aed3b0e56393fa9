import { familyOf, type Ip, prefixOf } from "@heraldlb/net";
import type {
  BgpAdvertisement,
  BgpConflict,
  BgpPlan,
  BgpRoute,
  BgpService,
  BgpWithdrawReason,
  BgpWorld,
} from "./bgp.ts";
import { bgpWarningOf } from "./bgp-warning.ts";
import { canServe, localNodes } from "./endpoint.ts";
import type { AnnouncedPool, AnnouncingNode } from "./layer2.ts";
import { exclusion, matchesAny, selectsPool } from "./selection.ts";

/** An advertisement with the names of the nodes that it selects. */
interface Reach {
  readonly advertisement: BgpAdvertisement;
  readonly nodes: ReadonlySet<string>;
}

/**
 * Says which routes each node announces for a Service (MetalLB's conditions, in its order). Which nodes and pools each
 * advertisement selects is worked out once, so a Service costs work in proportion to the nodes, not to the cluster.
 */
export class BgpPlanner {
  readonly #nodes: readonly AnnouncingNode[];
  readonly #excluded: ReadonlyMap<string, BgpWithdrawReason>;
  readonly #reaches: readonly Reach[];
  readonly #byPool: ReadonlyMap<string, readonly Reach[]>;

  constructor({ advertisements, pools, nodes, ignoreExcludeLabel }: BgpWorld) {
    this.#nodes = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#excluded = new Map(
      nodes.flatMap((node) => {
        const reason = exclusion(node, ignoreExcludeLabel ? "ignore" : "respect");
        return reason ? [[node.name, reason]] : [];
      }),
    );
    this.#reaches = advertisements.map((advertisement) => {
      const selected = nodes.filter(({ labels }) => matchesAny(advertisement.nodeSelectors, labels));
      return { advertisement, nodes: new Set(selected.map(({ name }) => name)) };
    });
    this.#byPool = new Map(pools.map((pool) => [pool.name, this.#selecting(pool)]));
  }

  /** What each node announces for the Service, and why the others announce nothing. */
  plan(service: BgpService): BgpPlan {
    // A pool that is gone may still be selected by its name: its stranded addresses stay announced.
    const reaches = this.#byPool.get(service.pool) ?? this.#selecting({ name: service.pool, labels: {} });
    const serving = service.endpoints.filter(canServe);
    const local = service.externalTrafficPolicy === "Local" ? localNodes(serving) : undefined;
    const routes = new Map<string, readonly BgpRoute[]>();
    const withheld: { readonly node: string; readonly reason: BgpWithdrawReason }[] = [];
    const conflicts = new Map<string, BgpConflict>();
    // Most often all nodes are selected alike, and announce alike.
    const known = new Map<string, { readonly routes: readonly BgpRoute[] }>();
    for (const { name } of this.#nodes) {
      const onNode = reaches.filter(({ nodes }) => nodes.has(name));
      const matching = onNode.filter(({ advertisement }) => matchesAny(advertisement.serviceSelectors, service.labels));
      const reason =
        reasonOf(onNode, matching) ?? this.#excluded.get(name) ?? reasonOfEndpoints(name, serving.length, local);
      if (reason) {
        withheld.push({ node: name, reason });
        continue;
      }
      const advertisements = withoutConflicts(matching, service.addresses, conflicts);
      const weight = weightOf(name, serving);
      const isWeighted = advertisements.some(({ linkBandwidth }) => linkBandwidth);
      const key = `${isWeighted ? weight : ""} ${advertisements.map((one) => one.name).join(" ")}`;
      const planned = known.get(key) ?? { routes: routesOf(advertisements, service.addresses, weight) };
      known.set(key, planned);
      routes.set(name, planned.routes);
    }
    const warning = routes.size > 0 ? undefined : bgpWarningOf(service, withheld);
    return { routes, withheld, conflicts: Array.from(conflicts.values()), warning };
  }

  #selecting(pool: AnnouncedPool): readonly Reach[] {
    return this.#reaches.filter(({ advertisement }) => selectsPool(advertisement, pool));
  }
}

function reasonOf(onNode: readonly Reach[], matching: readonly Reach[]): BgpWithdrawReason | undefined {
  if (onNode.length === 0) return "notOwner";
  return matching.length === 0 ? "noMatchingAdvertisement" : undefined;
}

function reasonOfEndpoints(
  node: string,
  serving: number,
  local: ReadonlySet<string> | undefined,
): BgpWithdrawReason | undefined {
  // That it has none at all is no trouble of its policy.
  if (serving === 0) return "noEndpoints";
  return local && !local.has(node) ? "noLocalEndpoints" : undefined;
}

/** A node without endpoints of its own that announces nevertheless gets the smallest share. */
function weightOf(node: string, serving: BgpService["endpoints"]): number {
  return Math.max(1, serving.filter((endpoint) => endpoint.node === node).length);
}

/**
 * Leaves out advertisements that want another LOCAL_PREF for a route than an earlier one: a route that is in use does
 * not change, or go away, because of a newcomer.
 */
function withoutConflicts(
  matching: readonly Reach[],
  addresses: readonly Ip[],
  conflicts: Map<string, BgpConflict>,
): readonly BgpAdvertisement[] {
  const kept: BgpAdvertisement[] = [];
  for (const { advertisement } of matching) {
    const rival = kept.find((other) => contradict(other, advertisement, addresses));
    if (!rival) {
      kept.push(advertisement);
      continue;
    }
    const [names, values] = [
      `'${rival.name}' and '${advertisement.name}'`,
      `${rival.localPref} vs ${advertisement.localPref}`,
    ];
    const message = `advertisements ${names} have conflicting LOCAL_PREF (${values}); '${rival.name}' was there first and counts`;
    conflicts.set(`${rival.name}/${advertisement.name}`, { kept: rival.name, ignored: advertisement.name, message });
  }
  return kept;
}

function contradict(a: BgpAdvertisement, b: BgpAdvertisement, addresses: readonly Ip[]): boolean {
  if (a.localPref === b.localPref) return false;
  if (a.peers.length > 0 && b.peers.length > 0 && !a.peers.some((peer) => b.peers.includes(peer))) return false;
  return addresses.some((address) => lengthOf(a, address) === lengthOf(b, address));
}

function lengthOf({ aggregationLength, aggregationLengthV6 }: BgpAdvertisement, address: Ip): number {
  return familyOf(address) === "ipv4" ? aggregationLength : aggregationLengthV6;
}

function routesOf(advertisements: readonly BgpAdvertisement[], addresses: readonly Ip[], weight: number): BgpRoute[] {
  return addresses.flatMap((address) =>
    advertisements.map((advertisement): BgpRoute => {
      const { localPref, communities, med, prepend, linkBandwidth, peers } = advertisement;
      return {
        prefix: prefixOf(address, lengthOf(advertisement, address)),
        localPref,
        communities: communities.toSorted(),
        med,
        prepend,
        weight: linkBandwidth ? weight : undefined,
        peers: peers.toSorted(),
      };
    }),
  );
}
