import { tooShort } from "./aggregation.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { BgpPeer } from "./bgp-peer.ts";
import { duplicateAlias } from "./check-community.ts";
import type { Community } from "./community.ts";
import { type Claimant, type Contradictable, type Contradiction, contradiction } from "./contradiction.ts";
import { EndpointClaims } from "./endpoint-claims.ts";
import { formatPath } from "./field-path.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { NodeIndex } from "./node-index.ts";
import { CidrSet } from "./overlap.ts";
import { endpointText } from "./peer-endpoint.ts";
import { poolEntries } from "./pool-addresses.ts";
import { PreferenceClaims } from "./preference-claims.ts";
import { reachedPools, reachesPool } from "./reach.ts";

/** Names that others refer to: within a kind they are used once, in whatever namespace. */
const DUPLICATES: Readonly<Partial<Record<Contradictable["kind"], (name: string) => string>>> = {
  IPAddressPool: (name) => `duplicate definition of pool "${name}"; rename one of them`,
  BGPPeer: (name) => `peer ${name} already exists; rename one of them`,
  BFDProfile: (name) => `found duplicate bfd profile name ${name}; rename one of them`,
};

/** What objects have been granted so far: whoever comes later must not contradict it. */
export class Claims {
  readonly #names = new Set<string>();
  readonly #cidrs = new CidrSet();
  readonly #pools = new Map<string, IpAddressPool>();
  readonly #advertisements: BgpAdvertisement[] = [];
  readonly #preferences: PreferenceClaims;
  readonly #aliases = new Set<string>();
  readonly #endpoints: EndpointClaims;

  constructor(nodes: NodeIndex) {
    this.#endpoints = new EndpointClaims(nodes);
    this.#preferences = new PreferenceClaims(nodes);
  }

  /** Grants what the object claims, or says what it contradicts. */
  claim(claimant: Claimant): Contradiction | undefined {
    const { kind, metadata } = claimant.resource;
    const duplicate = DUPLICATES[kind]?.(metadata.name);
    const name = `${kind} ${metadata.name}`;
    if (duplicate && this.#names.has(name)) return contradiction("metadata.name", duplicate, "duplicateObject");
    const found = this.#claimContents(claimant);
    if (!found || found.isBorne) this.#names.add(name);
    return found;
  }

  #claimContents({ resource, isIncumbent }: Claimant): Contradiction | undefined {
    switch (resource.kind) {
      case "IPAddressPool":
        return this.#claimPool(resource);
      case "BGPAdvertisement":
        return this.#claimAdvertisement({ resource, isIncumbent });
      case "BGPPeer":
        return this.#claimPeer(resource, { isBorne: isIncumbent });
      case "Community":
        return this.#claimAliases(resource);
      case "BFDProfile":
        return undefined;
    }
  }

  #claimPool(pool: IpAddressPool): Contradiction | undefined {
    const advertising = this.#advertisements.filter((each) => reachesPool(each, pool));
    for (const advertisement of advertising) {
      const short = tooShort(advertisement, pool);
      if (!short) continue;
      const fix = `BGPAdvertisement "${advertisement.metadata.name}" asks for it: change ${short.field} there`;
      return contradiction(formatPath(["spec", "addresses", short.entry]), `${short.message}; ${fix}`);
    }
    const overlap = this.#cidrs.add(pool);
    if (overlap) {
      const { cidr, entry, with: before } = overlap;
      const words = `CIDR "${cidr}" in pool "${pool.metadata.name}" overlaps with already defined CIDR "${before}"`;
      const owner = this.#pools.values().find((each) => poolEntries(each).some(({ cidrs }) => cidrs.includes(before)));
      const fix = `pool "${(owner ?? pool).metadata.name}" has that: list each address once`;
      return contradiction(formatPath(["spec", "addresses", entry]), `${words}; ${fix}`, "overlap");
    }
    this.#pools.set(pool.metadata.name, pool);
    for (const advertisement of advertising) this.#preferences.grant(advertisement, [pool]);
    return undefined;
  }

  #claimAdvertisement({ resource, isIncumbent }: Claimant<BgpAdvertisement>): Contradiction | undefined {
    const pools = reachedPools(resource, this.#pools);
    for (const pool of pools) {
      const short = tooShort(resource, pool);
      if (!short) continue;
      const fix = `write at least ${short.least}, or leave out pool "${pool.metadata.name}"`;
      return contradiction(formatPath(["spec", short.field]), `${short.message}; ${fix}`);
    }
    const problem = isIncumbent ? undefined : this.#preferences.conflict(resource, pools);
    if (problem) return { problem, isBorne: false };
    this.#advertisements.push(resource);
    this.#preferences.grant(resource, pools);
    return undefined;
  }

  #claimPeer(peer: BgpPeer, { isBorne }: Pick<Contradiction, "isBorne">): Contradiction | undefined {
    const other = this.#endpoints.holder(peer);
    if (!other || isBorne) this.#endpoints.grant(peer);
    if (!other) return undefined;
    const words = `peer ${endpointText(peer)} already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node`;
    const fix = `"${other.metadata.name}" has this address, port and VRF too: change one of them, or nodeSelectors`;
    const path = peer.spec.interface ? "spec.interface" : "spec.peerAddress";
    return { problem: { path, message: `${words}; ${fix}`, code: "conflict" }, isBorne };
  }

  #claimAliases({ spec }: Community): Contradiction | undefined {
    const taken = spec.communities.findIndex(({ name }) => this.#aliases.has(name));
    if (taken >= 0) {
      const path = formatPath(["spec", "communities", taken, "name"]);
      return contradiction(path, duplicateAlias(spec.communities[taken]?.name ?? ""), "duplicateObject");
    }
    for (const { name } of spec.communities) this.#aliases.add(name);
    return undefined;
  }
}
