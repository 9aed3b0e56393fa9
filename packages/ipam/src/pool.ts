import type { Selector } from "@heraldlb/labels";
import type { IpRange } from "@heraldlb/net";

/** A pool in force. Pools never overlap: whoever hands them over has seen to that. */
export interface PoolInput {
  readonly name: string;
  /** In the listed order, in which they are also given out. Both families may occur. */
  readonly ranges: readonly IpRange[];
  /** False: used only when a Service asks for the pool or for one of its addresses. */
  readonly autoAssign: boolean;
  /** Leaves out IPv4 addresses that end in .0 or .255. */
  readonly avoidBuggyIps: boolean;
  /** Absent: open to every Service, but after the pools that are pinned to it. */
  readonly allocation?: PoolAllocation | undefined;
}

/** To whom a pool is pinned. A Service must satisfy both `namespaces` and `serviceSelectors` where given. */
export interface PoolAllocation {
  /** The lower positive number is tried first; 0 comes after all of them. */
  readonly priority: number;
  /** Namespace names, selectors resolved. Undefined: any namespace; empty: none at all. */
  readonly namespaces?: readonly string[] | undefined;
  /** One of them must match the Service's labels; none given: all do. */
  readonly serviceSelectors: readonly Selector[];
}

/** All pools in force at one time. */
export interface PoolSet {
  readonly pools: readonly PoolInput[];
  /** Some pool is set aside with an error: no address is released because "its pool does not exist". */
  readonly setAside: boolean;
}
