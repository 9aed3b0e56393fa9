import type { BfdProfile } from "./bfd-profile.ts";
import type { BgpAdvertisement } from "./bgp-advertisement.ts";
import type { BgpPeer } from "./bgp-peer.ts";
import type { Community } from "./community.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import type { Problem } from "./problem.ts";
import type { Resource } from "./resource.ts";

/** Kinds of which one object can contradict another. */
export type Contradictable = IpAddressPool | BgpPeer | BgpAdvertisement | BfdProfile | Community;

const CONTRADICTABLE_KINDS: ReadonlySet<string> = new Set<Contradictable["kind"]>([
  ...(["IPAddressPool", "BGPPeer", "BGPAdvertisement", "BFDProfile", "Community"] as const),
]);

/** Whether other objects can contradict this one. */
export function isContradictable(resource: Resource): resource is Contradictable {
  return CONTRADICTABLE_KINDS.has(resource.kind);
}

/** An object that wants to be in force. */
export interface Claimant<R extends Contradictable = Contradictable> {
  readonly resource: R;
  /** It is in force already, in this form. */
  readonly isIncumbent: boolean;
}

/** That an object contradicts one that goes before it. */
export interface Contradiction {
  readonly problem: Problem;
  /**
   * It began without either of the two being changed, by a third one (a node). Then both stay in force, so that a third
   * object never takes a route away; where they meet, the senior one holds.
   */
  readonly isBorne: boolean;
}

/** A contradiction that only a change of one of the two begins. */
export function contradiction(path: string, message: string, code: Problem["code"] = "conflict"): Contradiction {
  return { problem: { path, message, code }, isBorne: false };
}
