import type { BgpRoute } from "@heraldlb/announce";
import { type Family, familyOf, prefixAddress } from "@heraldlb/net";
import type { PeerDefinition } from "./bgp-definition.ts";

/** The routers of a node, by name. */
type Peers = ReadonlyMap<string, PeerDefinition>;

/** The names of those routers of a node that are to hear of a route: it may name some, and each carries its families. */
export function hearersOf({ prefix, peers: named }: BgpRoute, peers: Peers): readonly string[] {
  const family = familyOf(prefixAddress(prefix));
  const names = named.length === 0 ? [...peers.keys()] : named;
  return names.filter((name) => familiesOf(peers.get(name)).includes(family));
}

/** Whether any router of a node is to hear of a route. */
export const isHeardOf = (route: BgpRoute, peers: Peers): boolean => hearersOf(route, peers).length > 0;

/** Differs when other routes are to be heard of by a node's routers. */
export function hearingOf(peers: Peers): string {
  return [...peers.values()].map((peer) => `${peer.id} ${familiesOf(peer)}`).join();
}

/** Those that a session with a router carries. */
function familiesOf(peer: PeerDefinition | undefined): readonly Family[] {
  if (!peer?.isDualStack) return peer?.address ? [familyOf(peer.address)] : [];
  return ["ipv4", "ipv6"];
}
