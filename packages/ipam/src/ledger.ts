import type { Family, Ip } from "@heraldlb/net";
import type { Holding } from "./action.ts";
import type { PoolInput } from "./pool.ts";
import type { SharingTerms } from "./sharing.ts";

/** Addresses that a Service has, with the terms on which it was let in. */
export interface Held extends Holding {
  readonly terms: SharingTerms;
}

/** Why a Service may not have an address that another one has. */
export interface Conflict {
  readonly reason: "addressInUse" | "portInUse";
  readonly message: string;
}

/** A Service that wants an address, with its terms. */
export interface Claimant extends SharingTerms {
  readonly key: string;
}

/** Who has which address, and what is left. The rules ask it; the reference answers by searching, the allocator by indexes. */
export interface Ledger {
  /** Some pool is set aside with an error. */
  readonly setAside: boolean;
  /** In the order in which they are tried. */
  readonly pools: readonly PoolInput[];
  pool(name: string): PoolInput | undefined;
  /** The one pool that contains all of the addresses, whether it gives them out or not. */
  poolOf(addresses: readonly Ip[]): PoolInput | undefined;
  /** The lowest address of the family, in the listed order of ranges, that the Service may have. */
  firstUsable(pool: PoolInput, family: Family, claimant: Claimant): Ip | undefined;
  /** What stands between the Service and the address; addresses that it has itself do not. */
  conflict(address: Ip, claimant: Claimant): Conflict | undefined;
  held(service: string): Held | undefined;
  /** Records that the Service has these addresses, and no others. */
  take(service: string, held: Held): void;
  /** Records that the Service has none. */
  drop(service: string): void;
}

/** MetalLB's words for an address whose holders do not share it on these terms. */
export function notShared({ key }: Claimant, holders: Iterable<string>): Conflict {
  const others = Array.from(holders).toSorted().join(",");
  const message = `can't change sharing key for ${JSON.stringify(key)}, address also in use by ${others}`;
  return { reason: "addressInUse", message };
}

/** MetalLB's words for a port that another holder of the address listens on. */
export function portTaken(port: string, address: Ip): Conflict {
  return { reason: "portInUse", message: `port ${port} is already in use on ${JSON.stringify(address)}` };
}
