import type { Ipv6 } from "@heraldlb/net";

/** Memberships of one interface in IPv6 multicast groups, announced by MLD so that snooping switches forward them. */
export interface MulticastGroups extends Disposable {
  /** Joins a group; once per group is enough. The kernel keeps the membership over link flaps. Throws a {@link LinkError}. */
  join(group: Ipv6): void;
  /** Leaves a group; does nothing if it was not joined, or the interface is gone. */
  leave(group: Ipv6): void;
  /** Leaves all. */
  close(): void;
}

/** Opens memberships for the interface with this index, any number of them. */
export function openMulticastGroups(interfaceIndex: number): MulticastGroups {
  throw new Error(`not implemented ${interfaceIndex}`);
}
