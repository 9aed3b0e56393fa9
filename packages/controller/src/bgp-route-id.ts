import { type Family, familyOf, type Prefix, prefixAddress } from "@heraldlb/net";

/** Names a route of a node by its prefix and the routers that are to hear of it; none: all. */
export const routeId = (prefix: Prefix, peers: readonly string[]): string =>
  peers.length > 0 ? `${prefix} ${peers.join(",")}` : prefix;

/** The prefix of the route with this id. */
// An id begins with its prefix, whatever made it.
export const prefixOf = (id: string): Prefix => id.split(" ", 1)[0] as Prefix;

/** The family of the prefix of the route with this id. */
export const familyOfRoute = (id: string): Family => familyOf(prefixAddress(prefixOf(id)));
