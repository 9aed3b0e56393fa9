import type { Family, Mac } from "@heraldlb/net";
import type { InterfaceSet } from "./group.ts";

/** One network interface that the speaker's settings allow. */
export interface Link {
  readonly name: string;
  readonly ifindex: number;
  /** False once it was deleted; a link that never existed is not listed. */
  readonly present: boolean;
  /** Administratively up (IFF_UP). */
  readonly up: boolean;
  /** It has carrier (IFF_LOWER_UP). */
  readonly carrier: boolean;
  readonly mac: Mac;
  /** It can carry ARP: BROADCAST, not NOARP, and no master. */
  readonly arp: boolean;
  /** It can carry Neighbor Discovery: it has a link-local address. */
  readonly ndp: boolean;
}

/** Frames can leave through the link now. */
export const isUsable = (link: Link): boolean => link.present && link.up && link.carrier;

/** The link is usable and carries ARP or NDP, whichever the family needs. */
export const carriesFamily = (link: Link, family: Family): boolean =>
  isUsable(link) && (family === "ipv4" ? link.arp : link.ndp);

/** Whether a set of interfaces contains the one called `name`. */
export const allowsInterface = (interfaces: InterfaceSet, name: string): boolean =>
  interfaces === "all" || interfaces.includes(name);
