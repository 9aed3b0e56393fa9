import type { GroupId, GroupSpec, NodeName } from "@heraldlb/election";
import { type Ip, parseIp } from "@heraldlb/net";

/** The id of group `index`: its only address. */
export const groupId = (index: number): GroupId => `10.0.${index >> 8}.${index & 255}`;

/** The address of a group. */
export function addressOf(id: GroupId): Ip {
  let address = addresses.get(id);
  if (!address) {
    address = parseIp(id) as Ip;
    addresses.set(id, address);
  }
  return address;
}

const addresses = new Map<GroupId, Ip>();

/** Every node may have the group, in an order that differs from group to group; at most one is preferred. */
export const groupSpec = (id: GroupId, nodes: readonly NodeName[], preferred?: NodeName): GroupSpec => ({
  id,
  families: ["ipv4"],
  fresh: false,
  candidates: nodes.map((node, i) => ({
    node,
    preference: node === preferred ? 1 : 0,
    score: ((i * 7 + Number(id.slice(id.lastIndexOf(".") + 1)) * 13) % 11).toString(16),
    interfaces: { ipv4: "all" },
  })),
});
