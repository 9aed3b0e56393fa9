// Where generated protobuf types of groups and Herald's own meet.
import { isDeepStrictEqual } from "node:util";
import type { Group as ProtoGroup } from "@heraldlb/api";
import type { GroupAddress, GroupDefinition } from "@heraldlb/election";
import { type Ip, isMulticast, isUnspecified, parseIp } from "@heraldlb/net";
import { compact, type ReceivedGroup } from "./definitions.ts";
import type { KnownServices } from "./service-names.ts";

/** Reads a group. */
export function fromGroup({ id, addresses, refreshMs }: ProtoGroup): ReceivedGroup {
  const invalid = (message: string): ReceivedGroup => ({
    type: "error",
    error: { group: id, reason: "invalidGroup", message },
  });
  if (id === "") return invalid("a group without an id");
  if (addresses.length === 0) return invalid("a group without an address");
  const read: GroupAddress[] = [];
  const names: (readonly string[])[] = [];
  for (const { address, allInterfaces, interfaces, services } of addresses) {
    const ip = parseIp(address);
    if (ip === undefined || isMulticast(ip) || isUnspecified(ip)) return invalid(`not a unicast address: ${address}`);
    if (read.some((other) => other.address === ip)) return invalid(`${ip} occurs twice`);
    read.push({ address: ip, interfaces: allInterfaces ? "all" : interfaces });
    const before = names.at(-1);
    // Mostly all addresses are one Service's: its name is kept once, and in no longer a list than need be.
    names.push(before && isDeepStrictEqual(before, services) ? before : services.slice());
  }
  const group = compact({ id, addresses: read, refreshMs: refreshMs || undefined });
  return names.some(({ length }) => length > 0) ? { type: "group", group, services: names } : { type: "group", group };
}

/** A group with the names of its Services. */
export const toGroup = ({ id, addresses, refreshMs = 0 }: GroupDefinition, services?: KnownServices): ProtoGroup => ({
  id,
  addresses: addresses.map(({ address, interfaces }) => ({
    address,
    allInterfaces: interfaces === "all",
    interfaces: interfaces === "all" ? [] : interfaces,
    services: services?.ofAddresses.get(address) ?? [],
  })),
  refreshMs,
});

/** The Services of each address of a group, of which any is named. */
export function namesOf(item: ReceivedGroup): (readonly [Ip, readonly string[]])[] {
  if (item.type !== "group") return [];
  const { group, services = [] } = item;
  return group.addresses
    .map(({ address }, i) => [address, services[i] ?? []] as const)
    .filter(([, names]) => names.length);
}
