import { readdirSync } from "node:fs";
import type { Mac } from "@heraldlb/net";
import { prefixOf, rangeLast } from "@heraldlb/net";
import { run } from "./command.ts";
import {
  BRIDGE,
  type HostInterface,
  type HostPlan,
  type HostRole,
  IPV4_PREFIX_LENGTH,
  IPV6_PREFIX_LENGTH,
  isNamespaceOf,
  type LabPlan,
  type NetworkName,
} from "./plan.ts";

const SWITCH_SETTINGS = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];

// Without duplicate address detection addresses are usable at once, and nobody hears probes that nobody meant.
const HOST_SETTINGS = [
  "net.ipv6.conf.all.accept_dad=0",
  "net.ipv6.conf.default.accept_dad=0",
  "net.ipv6.conf.all.accept_ra=0",
  "net.ipv6.conf.default.accept_ra=0",
];

const NODE_SETTINGS = [
  ...HOST_SETTINGS,
  "net.ipv4.ip_forward=1",
  "net.ipv6.conf.all.forwarding=1",
  "net.ipv4.conf.all.send_redirects=0",
  "net.ipv4.conf.default.send_redirects=0",
];

// Flows are told apart by their ports, and all of them pass here.
const ROUTER_SETTINGS = [
  ...NODE_SETTINGS,
  "net.ipv4.fib_multipath_hash_policy=1",
  "net.ipv6.fib_multipath_hash_policy=1",
];

const SETTINGS: Readonly<Record<HostRole, readonly string[]>> = {
  node: NODE_SETTINGS,
  router: ROUTER_SETTINGS,
  client: HOST_SETTINGS,
  controller: HOST_SETTINGS,
  server: HOST_SETTINGS,
};

// Hosts and services share a subnet: these are their parts of it.
const HOSTS_PREFIX_LENGTH = 24;
const SERVICES_PREFIX_LENGTH = 18;
const SERVICES_V6_PREFIX_LENGTH = 112;

const FIRST_PORT_INDEX = 1000;

/** Makes the namespaces, bridges, wires and addresses of a lab. */
export async function buildNetwork(plan: LabPlan): Promise<void> {
  const namespaces = namespacesOf(plan);
  await run("ip", ["-batch", "-"], { input: lines(namespaces.map((namespace) => `netns add ${namespace}`)) });
  for (const { namespace } of plan.switches) {
    await configure(namespace, SWITCH_SETTINGS);
    await ip(namespace, [
      `link add ${BRIDGE} address 02:00:00:00:00:01 type bridge mcast_snooping 0 stp_state 0 forward_delay 0`,
      `link set ${BRIDGE} up`,
    ]);
  }
  for (const host of plan.hosts) {
    await configure(host.namespace, SETTINGS[host.role]);
    await ip(host.namespace, ["link set lo up"]);
    for (const end of host.interfaces) await plugIn(plan, host, end);
    if (host.role === "client") await ip(host.namespace, servicesByRouter(plan, host));
  }
}

/** The routes of a client that reaches services by the lab's router, if there is one, and hosts as before. */
function servicesByRouter({ hosts, services }: LabPlan, client: HostPlan): readonly string[] {
  const router = hosts.find(({ role }) => role === "router")?.interfaces[0];
  const lan = client.interfaces[0]?.name;
  if (!router || !lan) return [];
  const { ipv4, ipv6 } = services;
  return [
    `route add ${prefixOf(router.ipv4, HOSTS_PREFIX_LENGTH)} dev ${lan}`,
    `route add ${prefixOf(rangeLast(ipv4), SERVICES_PREFIX_LENGTH)} via ${router.ipv4}`,
    `route add ${prefixOf(rangeLast(ipv6), SERVICES_V6_PREFIX_LENGTH)} via ${router.ipv6}`,
  ];
}

/** Makes the wire between a host and a switch, and gives the host's end its addresses. */
export async function plugIn(plan: LabPlan, host: HostPlan, end: HostInterface): Promise<void> {
  const { name, mac } = end;
  await ip(switchNamespace(plan, end.network), [
    `link add ${host.name} index ${portIndex(plan, host)} type veth peer name ${name} address ${mac} netns ${host.namespace}`,
    `link set ${host.name} master ${BRIDGE} up`,
  ]);
  await ip(host.namespace, [
    `address add ${end.ipv4}/${IPV4_PREFIX_LENGTH} broadcast + dev ${name}`,
    `address add ${end.ipv6}/${IPV6_PREFIX_LENGTH} dev ${name} nodad`,
    `link set ${name} up`,
  ]);
}

/**
 * The interface index of a host's port, which no interface of a host has: where both ends of a wire have the same one,
 * Linux takes them for one device and reports a change of carrier up to a second late.
 */
function portIndex(plan: LabPlan, host: HostPlan): number {
  return FIRST_PORT_INDEX + plan.hosts.findIndex(({ name }) => name === host.name);
}

/** Deletes the wire again: the host's interface is gone, and the switch's port with it. */
export async function unplug(host: HostPlan, { name }: HostInterface): Promise<void> {
  await ip(host.namespace, [`link delete ${name}`]);
}

/** Sets the switch's port of a host up or down. Down: the host's interface has no carrier. */
export async function setPort(
  plan: LabPlan,
  host: HostPlan,
  network: NetworkName,
  state: "up" | "down",
): Promise<void> {
  await ip(switchNamespace(plan, network), [`link set ${host.name} ${state}`]);
}

/** Gives a host's interface another hardware address, as a replaced network card would. */
export async function setMac(host: HostPlan, { name }: HostInterface, mac: Mac): Promise<void> {
  await ip(host.namespace, [`link set dev ${name} address ${mac}`]);
}

/** Loads nftables rules into a namespace. */
export async function loadRules(namespace: string, rules: string): Promise<void> {
  await run("ip", ["netns", "exec", namespace, "nft", "-f", "-"], { input: rules });
}

/** Deletes every namespace that can only be that lab's. Its processes must have gone before. */
export async function removeNetwork(lab: string): Promise<void> {
  const namespaces = existingNamespaces(lab);
  if (namespaces.length === 0) return;
  await run("ip", ["-batch", "-"], { input: lines(namespaces.map((namespace) => `netns delete ${namespace}`)) });
}

/** The namespaces of a lab that exist, whatever is known about it otherwise. */
export function existingNamespaces(lab: string): string[] {
  try {
    return readdirSync("/run/netns").filter((namespace) => isNamespaceOf(lab, namespace));
  } catch {
    return [];
  }
}

/** The namespace of the switch of a network. Throws a `RangeError` if the lab has no such network. */
export function switchNamespace(plan: LabPlan, network: NetworkName): string {
  const found = plan.switches.find((candidate) => candidate.network === network);
  if (!found) throw new RangeError(`lab ${plan.name} has no network ${network}`);
  return found.namespace;
}

function namespacesOf(plan: LabPlan): string[] {
  return [...plan.switches, ...plan.hosts].map(({ namespace }) => namespace);
}

async function configure(namespace: string, settings: readonly string[]): Promise<void> {
  await run("ip", ["netns", "exec", namespace, "sysctl", "-q", "-w", ...settings]);
}

async function ip(namespace: string, commands: readonly string[]): Promise<void> {
  await run("ip", ["-n", namespace, "-batch", "-"], { input: lines(commands) });
}

function lines(commands: readonly string[]): string {
  return `${commands.join("\n")}\n`;
}
