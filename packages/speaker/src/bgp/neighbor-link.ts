import type { Interface } from "@heraldlb/link";
import type { Ipv6, Mac } from "@heraldlb/net";
import { linkLocalOf } from "../interface-selection.ts";

/** An interface on which a neighbor can be looked for. */
export interface NeighborLink {
  readonly name: string;
  readonly index: number;
  readonly mac: Mac;
  readonly linkLocal: Ipv6;
}

/** The interface of that name if a neighbor can be looked for on it, else why not. */
export function findLink(name: string, interfaces: readonly Interface[]): NeighborLink | string {
  const found = interfaces.find((candidate) => candidate.name === name);
  if (!found) return "no such interface";
  const { index, mac, up, carrier } = found;
  if (!up) return "interface is down";
  if (!carrier) return "interface has no carrier";
  if (!mac) return "interface has no MAC address";
  const linkLocal = linkLocalOf(found);
  return linkLocal ? { name, index, mac, linkLocal } : "interface has no link-local address";
}

/** Whether what was said and heard on one holds for the other. */
export function isSameLink(one: NeighborLink, other: NeighborLink): boolean {
  return one.index === other.index && one.mac === other.mac && one.linkLocal === other.linkLocal;
}
