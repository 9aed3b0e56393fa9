import type { Family, Prefix } from "@heraldlb/net";
import type { NextHop, PathAttribute } from "./attribute.ts";
import type { ExtendedCommunity } from "./community.ts";
import { nlriFamily } from "./nlri.ts";
import type { RouteRefresh } from "./route-refresh.ts";
import { updateRoutes } from "./routes.ts";
import type { ReceivedUpdate } from "./update.ts";

/** A route that a peer has announced. */
export interface ReceivedRoute {
  readonly prefix: Prefix;
  readonly pathId?: number;
  readonly nextHop: NextHop;
  /** Those of the UPDATE. */
  readonly attributes: readonly PathAttribute[];
}

interface Entry extends ReceivedRoute {
  isStale: boolean;
}

/**
 * The Adj-RIB-In of one peer (RFC 4271 section 3.2), to look at: nothing here chooses among routes.
 *
 * It holds `limit` routes at most; what comes beyond is counted and forgotten.
 */
export class AdjRibIn {
  readonly #limit: number;
  readonly #routes = new Map<string, Entry>();
  #ignored = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many routes there are. */
  get size(): number {
    return this.#routes.size;
  }

  /** How many announcements found no room, since the session began. */
  get ignored(): number {
    return this.#ignored;
  }

  /** All routes, in the order in which they were first announced. */
  routes(): Iterable<ReceivedRoute> {
    return this.#routes.values();
  }

  /** Takes what the peer says, and the marks around a repeated table (RFC 7313 section 4). */
  apply(message: ReceivedUpdate | RouteRefresh): void {
    if (message.type === "update") this.#update(message);
    else if (message.subtype === "begin") this.#markStale(message.family);
    else if (message.subtype === "end") this.#sweep(message.family);
  }

  /** The session is over, and with it all that the peer said. */
  clear(): void {
    this.#routes.clear();
    this.#ignored = 0;
  }

  #update(message: ReceivedUpdate): void {
    const { withdrawn, announced } = updateRoutes(message);
    for (const nlri of withdrawn) this.#routes.delete(keyOf(nlri));
    if (announced.length === 0) return;
    const attributes = message.attributes.flatMap(kept);
    for (const { nextHop, nlri } of announced) {
      for (const one of nlri) this.#set({ ...one, nextHop, attributes, isStale: false });
    }
  }

  #set(route: Entry): void {
    const key = keyOf(route);
    if (this.#routes.size >= this.#limit && !this.#routes.has(key)) this.#ignored++;
    else this.#routes.set(key, route);
  }

  #markStale(family: Family): void {
    for (const route of this.#routes.values()) if (nlriFamily(route) === family) route.isStale = true;
  }

  #sweep(family: Family): void {
    for (const [key, route] of this.#routes) {
      if (route.isStale && nlriFamily(route) === family) this.#routes.delete(key);
    }
  }
}

const keyOf = ({ prefix, pathId }: Pick<ReceivedRoute, "prefix" | "pathId">): string =>
  pathId === undefined ? prefix : `${prefix} ${pathId}`;

/** The routes' own lists are in the routes, and what is not understood is of no use to look at. */
function kept(attribute: PathAttribute): readonly PathAttribute[] {
  switch (attribute.type) {
    case "unknown":
    case "mpReach":
    case "mpUnreach":
    case "nextHop":
      return [];
    case "extendedCommunities":
      return [{ ...attribute, values: attribute.values.map(copied) }];
    default:
      return [attribute];
  }
}

/** A view would keep the whole receive buffer. */
const copied = (community: ExtendedCommunity): ExtendedCommunity =>
  community.type === "unknown" ? { ...community, value: community.value.slice() } : community;
