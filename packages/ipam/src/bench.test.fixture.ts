import { type Ip, type IpRange, parseIp, parsePrefix, parseRange, prefixToRange } from "@heraldlb/net";
import type { Action } from "./action.ts";
import { Allocator } from "./allocator.ts";
import type { AllocatorConfig, Change } from "./change.ts";
import type { PoolInput, PoolSet } from "./pool.ts";
import type { ServiceInput } from "./service.ts";
import type { ServicePort } from "./sharing.ts";

function range(text: string): IpRange {
  const prefix = parsePrefix(text);
  const range = prefix ? prefixToRange(prefix) : parseRange(text);
  if (!range) throw new TypeError(`no range: ${text}`);
  return range;
}

/** A pool of the ranges and CIDRs. */
export function pool(name: string, ranges: readonly string[], rest: Partial<PoolInput> = {}): PoolInput {
  return { name, ranges: ranges.map(range), autoAssign: true, avoidBuggyIps: false, ...rest };
}

const CLUSTER_IPS = { v4: ["10.96.0.1"], v6: ["fd96::1"], dual: ["10.96.0.1", "fd96::1"] } as const;

/** A Service `ns/NAME` that is content with any IPv4 address. */
export function service(
  name: string,
  rest: Partial<ServiceInput> & { readonly stack?: keyof typeof CLUSTER_IPS } = {},
): ServiceInput {
  const { stack = "v4", ...fields } = rest;
  return {
    key: `ns/${name}`,
    namespace: "ns",
    labels: {},
    clusterIps: CLUSTER_IPS[stack],
    ipFamilies: [],
    ipFamilyPolicy: "SingleStack",
    sharingKey: "",
    backendKey: "",
    ports: [],
    assigned: [],
    ...fields,
  };
}

/** An allocator in a few words: `set` returns what the Service has afterwards, or why it has nothing. */
export class Bench {
  readonly allocator: Allocator;
  now: number;

  constructor(pools: readonly PoolInput[], config: AllocatorConfig = { onStranded: "keep" }, now = 1_000_000) {
    this.now = now;
    this.allocator = new Allocator(config);
    this.pools(pools);
  }

  apply(...changes: Change[]): Action[] {
    return this.allocator.apply(changes, this.now);
  }

  /** Lets time pass. */
  wait(ms: number): Action[] {
    this.now += ms;
    return this.apply();
  }

  pools(pools: readonly PoolInput[], rest: Partial<PoolSet> = {}): Action[] {
    return this.apply({ type: "pools", set: { pools, setAside: false, ...rest } });
  }

  set(name: string, rest: Parameters<typeof service>[1] = {}): string {
    this.apply({ type: "service", service: service(name, rest) });
    return this.has(name);
  }

  remove(name: string): Action[] {
    return this.apply({ type: "serviceRemoved", key: `ns/${name}` });
  }

  has(name: string): string {
    const holding = this.allocator.holding(`ns/${name}`);
    return holding?.addresses.join() ?? this.allocator.refusal(`ns/${name}`)?.reason ?? "nothing";
  }

  says(name: string): string | undefined {
    return this.allocator.refusal(`ns/${name}`)?.message;
  }
}

/** The address in the text. */
export function ip(text: string): Ip {
  const address = parseIp(text);
  if (!address) throw new TypeError(`no address: ${text}`);
  return address;
}

/** A TCP port. */
export const port = (port: number): ServicePort[] => [{ protocol: "TCP", port }];
