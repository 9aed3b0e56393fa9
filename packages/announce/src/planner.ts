import { matches } from "@heraldlb/labels";
import { canServe, localNodes } from "./endpoint.ts";
import type {
  AnnouncedPool,
  AnnouncedService,
  AnnouncingNode,
  Layer2Advertisement,
  Layer2Candidate,
  Layer2Plan,
  Layer2World,
  WithdrawReason,
} from "./layer2.ts";
import { shortest } from "./merge.ts";
import { exclusion, matchesAny, selectsPool } from "./selection.ts";
import { warningOf } from "./warning.ts";

/** An advertisement with the nodes it selects, each with the sum of matching weights. */
interface Reach {
  readonly advertisement: Layer2Advertisement;
  readonly scores: ReadonlyMap<string, number>;
}

/**
 * Says who may announce a Service (MetalLB's election, checks 1 to 6). Which nodes and pools each advertisement selects
 * is worked out once, so a Service costs work in proportion to the nodes, not to the cluster.
 */
export class Layer2Planner {
  readonly #nodes: readonly AnnouncingNode[];
  readonly #excluded: ReadonlyMap<string, WithdrawReason>;
  readonly #reaches: readonly Reach[];
  readonly #byPool: ReadonlyMap<string, readonly Reach[]>;

  constructor({ advertisements, pools, nodes, ignoreExcludeLabel }: Layer2World) {
    this.#nodes = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    this.#excluded = new Map(
      nodes.flatMap((node) => {
        const reason = exclusion(node, ignoreExcludeLabel ? "ignore" : "respect");
        return reason ? [[node.name, reason]] : [];
      }),
    );
    this.#reaches = advertisements.map((advertisement) => ({ advertisement, scores: scoresOf(advertisement, nodes) }));
    this.#byPool = new Map(pools.map((pool) => [pool.name, this.#selecting(pool)]));
  }

  /** Who may announce the Service, and why each other node may not. */
  plan(service: AnnouncedService): Layer2Plan {
    // A pool that is gone may still be selected by its name: its stranded addresses stay announced.
    const ofPool = this.#byPool.get(service.pool) ?? this.#selecting({ name: service.pool, labels: {} });
    const reaches = ofPool.filter(({ advertisement }) => matchesAny(advertisement.serviceSelectors, service.labels));
    const reason = this.#reasonForAll(service, reaches);
    const local = service.externalTrafficPolicy === "Local" ? localNodes(service.endpoints) : undefined;
    const candidates: Layer2Candidate[] = [];
    const withheld: { readonly node: string; readonly reason: WithdrawReason }[] = [];
    for (const { name } of this.#nodes) {
      const mine = reaches.filter(({ scores }) => scores.has(name));
      const why =
        reason ?? this.#reasonForNode(name, mine) ?? (local && !local.has(name) ? "noLocalEndpoint" : undefined);
      if (why) withheld.push({ node: name, reason: why });
      else candidates.push(candidate(service, name, mine));
    }
    if (candidates.length > 0) return { candidates, withheld };
    return { candidates, withheld, warning: warningOf(service, reason, withheld) };
  }

  #selecting(pool: AnnouncedPool): readonly Reach[] {
    return this.#reaches.filter(({ advertisement }) => selectsPool(advertisement, pool));
  }

  /** A reason that holds on every node. */
  #reasonForAll(service: AnnouncedService, reaches: readonly Reach[]): WithdrawReason | undefined {
    if (!service.endpoints.some(canServe)) return "notOwner";
    if (reaches.length === 0) return "noMatchingAdvertisement";
    const isSelective = reaches.some(({ advertisement }) => advertisement.serviceSelectors.length > 0);
    return service.sharingRequested && isSelective ? "sharedIPWithServiceSelector" : undefined;
  }

  #reasonForNode(node: string, mine: readonly Reach[]): WithdrawReason | undefined {
    return mine.length === 0 ? "noMatchingAdvertisement" : this.#excluded.get(node);
  }
}

function scoresOf(
  { nodeSelectors, preferredNodes }: Layer2Advertisement,
  nodes: readonly AnnouncingNode[],
): ReadonlyMap<string, number> {
  const selected = nodes.filter(({ labels }) => matchesAny(nodeSelectors, labels));
  return new Map(
    selected.map(({ name, labels }) => {
      const liked = preferredNodes.filter(({ selector }) => matches(selector, labels));
      return [name, liked.reduce((sum, { weight }) => sum + weight, 0)];
    }),
  );
}

function candidate({ refreshMs }: AnnouncedService, node: string, mine: readonly Reach[]): Layer2Candidate {
  return {
    node,
    preference: preferenceOf(mine, node),
    interfaces: interfacesOf(mine),
    refreshMs: refreshMs ?? shortest(mine.map(({ advertisement }) => advertisement.refreshMs)),
  };
}

function preferenceOf(reaches: readonly Reach[], node: string): number {
  return reaches.reduce((sum, { scores }) => sum + (scores.get(node) ?? 0), 0);
}

function interfacesOf(reaches: readonly Reach[]): "all" | readonly string[] {
  const lists = reaches.map(({ advertisement }) => advertisement.interfaces);
  if (lists.some((list) => list.length === 0)) return "all";
  return Array.from(new Set(lists.flat())).toSorted();
}
