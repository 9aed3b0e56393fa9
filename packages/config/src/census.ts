import type { BfdProfile } from "./bfd-profile.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { BgpPeer } from "./bgp-peer.ts";
import type { Community } from "./community.ts";
import { type CommunityError, type CommunityValue, parseCommunity, wellKnownCommunity } from "./community-value.ts";
import type { InForce } from "./configuration.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { L2Advertisement } from "./l2-advertisement.ts";
import type { NodeIndex } from "./node-index.ts";
import type { Resource } from "./resource.ts";
import type { Secret } from "./secret.ts";

/** An object in force of one kind. */
export type InForceOf<R extends Resource> = InForce & { readonly resource: R };

/** What objects refer to, by name, and who refers. */
export interface Census {
  readonly pools: ReadonlyMap<string, InForceOf<IpAddressPool>>;
  readonly peers: ReadonlyMap<string, InForceOf<BgpPeer>>;
  readonly profiles: ReadonlyMap<string, InForceOf<BfdProfile>>;
  readonly aliases: ReadonlyMap<string, CommunityValue>;
  /** By namespace and name, `ns/name`. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly advertisements: readonly InForceOf<L2Advertisement | BgpAdvertisement>[];
}

/** What references may lead to. */
export interface Surroundings extends Census {
  readonly nodes: NodeIndex;
}

/** Kinds that objects of other kinds refer to, or that refer to others. */
export const CENSUS_KINDS: ReadonlySet<string> = new Set<Resource["kind"]>([
  ...(["IPAddressPool", "L2Advertisement", "BGPPeer", "BGPAdvertisement", "BFDProfile", "Community"] as const),
  ...(["Node", "Secret"] as const),
]);

/** Sorts what is in force by kind and name. */
export function takeCensus(inForce: Iterable<InForce>): Census {
  // Most objects are Services.
  const relevant = Iterator.from(inForce).filter(({ resource }) => CENSUS_KINDS.has(resource.kind));
  const byKind = Map.groupBy(relevant, ({ resource }) => resource.kind);
  const of = <R extends Resource>(kind: R["kind"]) =>
    // They were grouped by it.
    (byKind.get(kind) ?? []) as readonly InForce[] as readonly InForceOf<R>[];
  return {
    pools: byName(of<IpAddressPool>("IPAddressPool")),
    peers: byName(of<BgpPeer>("BGPPeer")),
    profiles: byName(of<BfdProfile>("BFDProfile")),
    aliases: new Map(of<Community>("Community").flatMap(({ resource }) => aliasesOf(resource))),
    secrets: new Map(
      of<Secret>("Secret").map(({ resource }) => [
        `${resource.metadata.namespace}/${resource.metadata.name}`,
        resource,
      ]),
    ),
    advertisements: [...of<L2Advertisement>("L2Advertisement"), ...of<BgpAdvertisement>("BGPAdvertisement")],
  };
}

/** The community that an advertisement means: an alias, a well-known one, or a value. */
export function communityOf(text: string, { aliases }: Census): CommunityValue | CommunityError {
  return aliases.get(text) ?? wellKnownCommunity(text) ?? parseCommunity(text);
}

/** In the order of the names: what is found first must not depend on how objects are listed. */
function byName<R extends Resource>(all: readonly InForceOf<R>[]): ReadonlyMap<string, InForceOf<R>> {
  const named = all.map((each) => [each.resource.metadata.name, each] as const);
  return new Map(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function aliasesOf({ spec }: Community): [string, CommunityValue][] {
  return spec.communities.flatMap(({ name, value }): [string, CommunityValue][] => {
    const community = parseCommunity(value);
    return "error" in community ? [] : [[name, community]];
  });
}
