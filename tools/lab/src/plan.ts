import type { IpRange, Ipv4, Ipv6, Mac } from "@heraldlb/net";
import { ipv4FromBytes, ipv6FromBytes, macFromBytes, rangeOf } from "@heraldlb/net";

/** The two segments of a lab: `lan` carries the services' addresses, `mgmt` the speakers' streams. */
export type NetworkName = "lan" | "mgmt";

/**
 * What a host stands for. Nodes run speakers and serve, clients look on, controllers run controllers, routers forward,
 * the server runs what a cluster has beside all of them.
 */
export type HostRole = "node" | "client" | "controller" | "router" | "server";

/** A host's end of a wire. Its other end, in the switch's namespace, is a bridge port named after the host. */
export interface HostInterface {
  readonly network: NetworkName;
  /** `lan0` or `mgmt0`: not `veth…`, which speakers exclude by default. */
  readonly name: string;
  readonly mac: Mac;
  readonly ipv4: Ipv4;
  readonly ipv6: Ipv6;
}

/** One host of the lab, in a network namespace of its own. */
export interface HostPlan {
  readonly name: string;
  readonly role: HostRole;
  readonly namespace: string;
  readonly interfaces: readonly HostInterface[];
}

/** One segment: a namespace with a bridge, and a port for each host on it. */
export interface SwitchPlan {
  readonly network: NetworkName;
  readonly namespace: string;
}

/** Names and addresses of everything in a lab, known before any of it exists. */
export interface LabPlan {
  readonly name: string;
  readonly hosts: readonly HostPlan[];
  readonly switches: readonly SwitchPlan[];
  /** The ranges that services get their addresses from. They lie inside the `lan` subnets; no host has one of them. */
  readonly services: { readonly ipv4: IpRange; readonly ipv6: IpRange };
}

/** How large a lab is to be. */
export interface LabShape {
  /** Lower-case letters, digits and inner hyphens, at most 24. Part of every namespace's name. */
  readonly name: string;
  /** Default 3. */
  readonly nodes?: number | undefined;
  /** Default 1. */
  readonly clients?: number | undefined;
  /** Default 1. */
  readonly controllers?: number | undefined;
  /** Default 0. With one, it is what clients reach services by. */
  readonly routers?: number | undefined;
  /** Default 0. It is where the controllers are. */
  readonly servers?: number | undefined;
  /** `shared`: no `mgmt` network, the controllers sit on the `lan` (a node with one interface for everything). */
  readonly management?: "separate" | "shared" | undefined;
}

/** Bits of the subnets on both networks. */
export const IPV4_PREFIX_LENGTH = 16;
/** Bits of the subnets on both networks. */
export const IPV6_PREFIX_LENGTH = 64;
/** The bridge's name in every switch namespace. */
export const BRIDGE = "br0";

const LAB_NAME = /^[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?$/;
const NETWORK_NUMBERS = { lan: 64, mgmt: 65 } as const;
/** Host numbers have two digits, so that one number fits all: 10.64.0.12, fd64::12 and 02:00:00:00:64:12 are node12's. */
const HOST_NUMBERS = {
  node: { first: 1, most: 49 },
  server: { first: 50, most: 1 },
  client: { first: 51, most: 20 },
  controller: { first: 71, most: 20 },
  router: { first: 91, most: 9 },
};

/**
 * Plans a lab. The same shape gives the same plan, so a test may write addresses down; labs do not see each other, so
 * all of them use the same ones. Throws a `RangeError` that says what is wrong with the shape.
 */
export function planLab({
  name,
  nodes = 3,
  clients = 1,
  controllers = 1,
  routers = 0,
  servers = 0,
  management = "separate",
}: LabShape): LabPlan {
  if (!LAB_NAME.test(name)) {
    throw new RangeError(`a lab's name is 1 to 24 lower-case letters, digits and inner hyphens, not "${name}"`);
  }
  const networks: readonly NetworkName[] = management === "separate" ? ["lan", "mgmt"] : ["lan"];
  const hosts = (role: HostRole, count: number, on: readonly NetworkName[]): HostPlan[] => {
    const { most } = HOST_NUMBERS[role];
    if (!Number.isInteger(count) || count < 0 || count > most) {
      throw new RangeError(`a lab has 0 to ${most} ${role}s, not ${count}`);
    }
    return Array.from({ length: count }, (_, index) => planHost(name, role, index, on));
  };
  const aside: readonly NetworkName[] = management === "separate" ? ["mgmt"] : ["lan"];
  return {
    name,
    hosts: [
      ...hosts("node", nodes, networks),
      ...hosts("client", clients, ["lan"]),
      ...hosts("router", routers, ["lan"]),
      ...hosts("controller", controllers, aside),
      ...hosts("server", servers, aside),
    ],
    switches: networks.map((network) => ({ network, namespace: namespaceOf(name, network) })),
    services: {
      ipv4: rangeOf(ipv4Of("lan", 1, 1), ipv4Of("lan", 63, 255)),
      ipv6: rangeOf(ipv6Of("lan", 1, 1), ipv6Of("lan", 1, 0xffff)),
    },
  };
}

/** The `index`th address (from 0) of the lab's service ranges, both families. */
export function serviceAddress(index: number): { readonly ipv4: Ipv4; readonly ipv6: Ipv6 } {
  const number = index + 1;
  return { ipv4: ipv4Of("lan", 1 + (number >> 8), number & 0xff), ipv6: ipv6Of("lan", 1, number) };
}

/** The name of the namespace that belongs to a host or to a switch of a lab. */
export function namespaceOf(lab: string, member: string): string {
  return `herald-${lab}-${member}`;
}

/** Whether a namespace of this name can only be that lab's. No member's name has a hyphen, so labs `a` and `a-b` differ. */
export function isNamespaceOf(lab: string, namespace: string): boolean {
  const prefix = namespaceOf(lab, "");
  return (
    namespace.startsWith(prefix) &&
    /^(?:lan|mgmt|(?:node|client|controller|router|server)\d+)$/.test(namespace.slice(prefix.length))
  );
}

function planHost(lab: string, role: HostRole, index: number, networks: readonly NetworkName[]): HostPlan {
  const name = `${role}${index + 1}`;
  const number = HOST_NUMBERS[role].first + index;
  return {
    name,
    role,
    namespace: namespaceOf(lab, name),
    interfaces: networks.map((network) => ({
      network,
      name: `${network}0`,
      mac: macFromBytes(Uint8Array.of(0x02, 0, 0, 0, sameDigits(NETWORK_NUMBERS[network]), sameDigits(number))),
      ipv4: ipv4Of(network, 0, number),
      ipv6: ipv6Of(network, 0, sameDigits(number)),
    })),
  };
}

function ipv4Of(network: NetworkName, third: number, fourth: number): Ipv4 {
  return ipv4FromBytes(Uint8Array.of(10, NETWORK_NUMBERS[network], third, fourth));
}

function ipv6Of(network: NetworkName, high: number, low: number): Ipv6 {
  const bytes = new Uint8Array(16);
  bytes.set([0xfd, sameDigits(NETWORK_NUMBERS[network])], 0);
  bytes.set([high >> 8, high & 0xff, low >> 8, low & 0xff], 12);
  return ipv6FromBytes(bytes);
}

/** 12 → 0x12 */
function sameDigits(decimal: number): number {
  return Number.parseInt(`${decimal}`, 16);
}
