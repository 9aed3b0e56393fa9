import type { Family, Ip } from "@heraldlb/net";
import type { Holding } from "./action.ts";
import type { PoolRefusal } from "./explanation.ts";
import { joined } from "./message.ts";
import type { PoolInput } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import { type SharingTerms, whyNotShared } from "./sharing.ts";

/** Addresses that a Service has, with the terms on which it was let in. */
export interface Held extends Holding {
  readonly terms: SharingTerms;
  /** The Service's namespace: its quota pays for them. */
  readonly namespace: string;
}

/** Why a Service may not have an address that another one has. */
export interface Conflict {
  readonly reason: "addressInUse" | "portInUse";
  readonly message: string;
}

/** A Service that wants an address, with its terms. */
export interface Claimant extends SharingTerms {
  readonly key: string;
  readonly namespace: string;
}

/** What a Service may have of a pool. */
export interface Claim {
  readonly claimant: Claimant;
  /** Its namespace may have more addresses of the pool than it has. */
  readonly mayGrow: boolean;
}

/** Why no address of a family can be had from a pool. */
export interface Lack {
  readonly family: Family;
  readonly reason: Extract<PoolRefusal, "familyNotInPool" | "poolExhausted" | "coolingDown" | "quotaReached">;
  /** When the cool-down of the next address is over, in ms since the epoch. */
  readonly until?: number | undefined;
}

/** Who has which address, and what is left. The rules ask it; the reference answers by searching, the allocator by indexes. */
export interface Ledger {
  /** Some pool is set aside with an error. */
  readonly setAside: boolean;
  /** In the order in which they are tried. */
  readonly pools: readonly PoolInput[];
  /** Those that are given out without being asked for, to everybody; in this order. */
  readonly openPools: readonly PoolInput[];
  /** Those that are given out without being asked for, to whom they are pinned, and allow the namespace; in this order. */
  pinnedPools(namespace: string): readonly PoolInput[];
  pool(name: string): PoolInput | undefined;
  /** The one pool that contains all of the addresses, whether it gives them out or not. */
  poolOf(addresses: readonly Ip[]): PoolInput | undefined;
  /**
   * The address of the family that is the Service's turn: one that it had last and has just lost, or that rests since;
   * else the lowest, in the listed order of
   * ranges, that it may share or that nobody ever had; else the one that has rested longest. If the Service's namespace
   * may not `grow`, only one that this has already.
   */
  firstUsable(pool: PoolInput, family: Family, claim: Claim): Ip | Lack;
  /** What stands between the Service and the address; addresses that it has itself do not. */
  conflict(address: Ip, claimant: Claimant): Conflict | undefined;
  /** Until when the address rests, in ms since the epoch; undefined if it does not, or the Service had it last. */
  restsUntil(address: Ip, service: string): number | undefined;
  /** How many of the pool's addresses the namespace has. */
  count(pool: PoolInput, namespace: string): number;
  /** Whether a Service of the namespace has the address, counted to this pool. */
  isCounted(pool: PoolInput, namespace: string, address: Ip): boolean;
  held(service: string): Held | undefined;
  /** Records that the Service has these addresses, and no others. */
  take(service: string, held: Held): void;
  /** Records that the Service has none. */
  drop(service: string): void;
}

/** What the Service holds, on its present terms. */
export function heldBy(service: ServiceInput, holding: Holding): Held {
  return { ...holding, terms: service, namespace: service.namespace };
}

/** MetalLB's words for an address whose holders, with these terms, do not share it with the claimant, and why; undefined if they do. */
export function notShared(
  claimant: Claimant,
  holders: readonly string[],
  terms: readonly SharingTerms[],
): Conflict | undefined {
  for (const theirs of terms) {
    const why = whyNotShared(theirs, claimant);
    if (why === undefined) continue;
    const others = joined(holders.toSorted(), ",");
    const message = `can't change sharing key for ${JSON.stringify(claimant.key)}, address also in use by ${others}; ${why}`;
    return { reason: "addressInUse", message };
  }
  return undefined;
}

/** MetalLB's words for a port that another holder of the address listens on. */
export function portTaken(port: string, address: Ip): Conflict {
  return { reason: "portInUse", message: `port ${port} is already in use on ${JSON.stringify(address)}` };
}
