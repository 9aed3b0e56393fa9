import { matches, type Selector } from "@heraldlb/labels";
import { type Ip, type IpRange, isIpv4 } from "@heraldlb/net";
import type { ServiceInput } from "./service.ts";

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

/** Whether the pool may serve the Service. */
export function permits({ allocation }: PoolInput, { namespace, labels }: ServiceInput): boolean {
  if (!allocation) return true;
  const { namespaces, serviceSelectors } = allocation;
  if (namespaces && !namespaces.includes(namespace)) return false;
  return serviceSelectors.length === 0 || serviceSelectors.some((selector) => matches(selector, labels));
}

/** Whether the pool leaves this address out. */
export function avoids({ avoidBuggyIps }: PoolInput, address: Ip): boolean {
  return avoidBuggyIps && isIpv4(address) && /\.(?:0|255)$/.test(address);
}

/** The order in which pools are tried: positive priorities ascending, then those without, then by name. */
export function comparePools(a: PoolInput, b: PoolInput): number {
  const [left, right] = [rank(a), rank(b)];
  if (left !== right) return left < right ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

function rank({ allocation }: PoolInput): number {
  return allocation && allocation.priority > 0 ? allocation.priority : Number.POSITIVE_INFINITY;
}
