import type { Interface } from "@heraldlb/link";
import { type Ipv6, isLinkLocal, type Mac } from "@heraldlb/net";

/** The names of container runtimes' and network plug-ins' interfaces, which MetalLB leaves out as well. */
export const DEFAULT_EXCLUDED_INTERFACES: string = [
  "^docker.*",
  "^cbr.*",
  "^dummy.*",
  "^virbr.*",
  "^lxcbr.*",
  "^veth.*",
  "^lo$",
  "^cali.*",
  "^tunl.*",
  "^flannel.*",
  "^kube-ipvs.*",
  "^cni.*",
  "^nodelocaldns.*",
  "^lxc.*",
]
  .map((pattern) => `(${pattern})`)
  .join("|");

/** Which interfaces may be used. Both patterns are searched for anywhere in the name, and both apply. */
export interface InterfaceRules {
  readonly allowed: RegExp;
  readonly excluded: RegExp;
}

/** An interface that may be used, and what can be done on it. */
export interface UsableInterface {
  readonly index: number;
  readonly name: string;
  /** `undefined` where there is none, as on tunnels: then neither ARP nor NDP works. */
  readonly mac: Mac | undefined;
  readonly up: boolean;
  readonly carrier: boolean;
  /** Whether ARP requests are broadcast on it: no port of a bridge or bond, BROADCAST, not NOARP. */
  readonly arp: boolean;
  /** The address that Neighbor Advertisements come from; without one there is no NDP. */
  readonly linkLocal: Ipv6 | undefined;
}

/** Whether the rules let a name be used. */
export const isAllowed = (name: string, { allowed, excluded }: InterfaceRules): boolean =>
  allowed.test(name) && !excluded.test(name);

/** What can be done on an interface that the rules allow. An enslaved one (it has a master) can do neither. */
export function describeInterface(link: Interface): UsableInterface {
  const { index, name, mac, up, carrier } = link;
  const free = mac !== undefined && link.master === undefined && !link.noArp && !link.loopback;
  return {
    index,
    name,
    mac,
    up,
    carrier: up && carrier,
    arp: free && link.broadcast,
    linkLocal: free ? linkLocalOf(link) : undefined,
  };
}

/** The first link-local address that duplicate address detection has passed. */
export function linkLocalOf({ addresses }: Interface): Ipv6 | undefined {
  const found = addresses.find(({ address, tentative }) => address.includes(":") && isLinkLocal(address) && !tentative);
  return found?.address as Ipv6 | undefined;
}
