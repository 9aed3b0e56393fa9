import { matches, type Selector } from "@heraldlb/labels";
import { type Family, type Ip, type IpRange, isIpv4, rangeContains } from "@heraldlb/net";
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
  /** How many of its addresses the Services of one namespace may hold together; undefined: any number. */
  readonly quotaPerNamespace?: number | undefined;
  /**
   * How long a freed address rests before another Service gets it, in ms; then the one that rested longest is next.
   * Undefined: not at all, and the lowest is next.
   */
  readonly coolDownMs?: number | undefined;
  /** Addresses that only a Service gets that asks for them by address. They need not be in the pool. */
  readonly reserved?: readonly IpRange[] | undefined;
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

/** Why the pool may not serve the Service; undefined if it may. */
export function closedTo(
  pool: PoolInput,
  { namespace, labels }: ServiceInput,
): "namespaceNotAllowed" | "serviceNotSelected" | undefined {
  if (!allowsNamespace(pool, namespace)) return "namespaceNotAllowed";
  const selectors = pool.allocation?.serviceSelectors ?? [];
  const isSelected = selectors.length === 0 || selectors.some((selector) => matches(selector, labels));
  return isSelected ? undefined : "serviceNotSelected";
}

/** Whether the pool may serve Services of the namespace. */
export function allowsNamespace({ allocation }: PoolInput, namespace: string): boolean {
  return allocation?.namespaces?.includes(namespace) ?? true;
}

/** Whether the pool never gives this address out. */
export function avoids({ avoidBuggyIps }: PoolInput, address: Ip): boolean {
  return avoidBuggyIps && isIpv4(address) && (address.endsWith(".0") || address.endsWith(".255"));
}

/** Whether the pool gives this address only to a Service that asks for it. */
function reserves({ reserved }: PoolInput, address: Ip): boolean {
  return reserved?.some((range) => rangeContains(range, address)) ?? false;
}

/** Whether the pool gives this address out without being asked for it. */
export function isForAll(pool: PoolInput, address: Ip): boolean {
  return !avoids(pool, address) && !reserves(pool, address);
}

/** Whether the pool has addresses of the family. */
export function hasFamily({ ranges }: PoolInput, family: Family): boolean {
  return ranges.some((range) => range.includes(":") === (family === "ipv6"));
}

/** Whether freed addresses of the pool rest. */
export function hasCoolDown({ coolDownMs }: PoolInput): boolean {
  return coolDownMs !== undefined;
}

/** How long a freed address of the pool rests, in ms: never less than 1, so that it is always a later change that gives it. */
export function restMs({ coolDownMs = 0 }: PoolInput): number {
  return Math.max(1, coolDownMs);
}

/** How many more of the pool's addresses a namespace may have that has so many. */
export function quotaRoom({ quotaPerNamespace = Number.POSITIVE_INFINITY }: PoolInput, count: number): number {
  return quotaPerNamespace - count;
}

/** What decides which addresses of a pool count as taken, beside who holds them; equal texts, equal decisions. */
export function shapeOf(pool: PoolInput): string {
  const { ranges, reserved = [], avoidBuggyIps } = pool;
  return JSON.stringify([ranges, reserved, avoidBuggyIps, hasCoolDown(pool)]);
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
