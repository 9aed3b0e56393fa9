import type { Ip, Mac } from "@heraldlb/net";
import type { Epoch } from "./epoch.ts";

/** The canonical text of a group's first address (IPv4 first). It stays while that address stays in the group. */
export type GroupId = string;

/** A node's name, as the cluster knows it. */
export type NodeName = string;

/** Interfaces by name, or all that the speaker may use. */
export type InterfaceSet = "all" | readonly string[];

/** One address of a group, and the interfaces on which its owner answers for it. */
export interface GroupAddress {
  readonly address: Ip;
  readonly interfaces: InterfaceSet;
}

/** Addresses that must have one owner together: both families of a Service, and all Services that share an address. */
export interface GroupDefinition {
  readonly id: GroupId;
  readonly addresses: readonly GroupAddress[];
  /** How often the owner repeats its announcements once those of a change are over, in milliseconds; undefined: never. */
  readonly refreshMs?: number | undefined;
}

/**
 * What a speaker is to a group that it holds.
 *
 * - `verify`: it may own the group and is silent until a leader or probing confirms it.
 * - `owner`: it answers, announces and defends.
 * - `leaving`: it is being replaced; it answers requests, but neither announces nor defends, nor answers probes.
 * - `yielded`: it was the owner and fell silent because another one claims the address.
 */
export type HoldingState = "verify" | "owner" | "leaving" | "yielded";

/** One group that a speaker holds, and since which decision. */
export interface Holding {
  readonly group: GroupId;
  readonly epoch: Epoch;
  readonly state: HoldingState;
  /** Who else claims an address of the group, while the conflict lasts. */
  readonly conflictMac?: Mac;
}

/** A change of one holding; `none` says that the speaker holds the group no longer. */
export interface HoldingChange {
  readonly group: GroupId;
  readonly epoch: Epoch;
  readonly state: HoldingState | "none";
  readonly conflictMac?: Mac;
}
