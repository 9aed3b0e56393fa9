import { type Ipv6, ipToBytes } from "@heraldlb/net";
import { LITTLE_ENDIAN } from "./host-order.ts";
import { LinkError } from "./link-error.ts";
import { attempt, native } from "./native.ts";
import { FAMILY } from "./socket-address.ts";

/** Memberships of one interface in IPv6 multicast groups, announced by MLD so that snooping switches forward them. */
export interface MulticastGroups extends Disposable {
  /** Joins a group; once per group is enough. The kernel keeps the membership over link flaps. Throws a {@link LinkError}. */
  join(group: Ipv6): void;
  /** Leaves a group; does nothing if it was not joined, or the interface is gone. */
  leave(group: Ipv6): void;
  /** Leaves all. */
  close(): void;
}

const SOCK_DGRAM = 2;
const IPPROTO_IPV6 = 41;
const IPV6_ADD_MEMBERSHIP = 20;
const IPV6_DROP_MEMBERSHIP = 21;

/** Opens memberships for the interface with this index, any number of them. */
export function openMulticastGroups(interfaceIndex: number): MulticastGroups {
  return new Memberships(interfaceIndex);
}

class Memberships implements MulticastGroups {
  readonly #index: number;
  /** Several, since the kernel limits the memory for the options of one. */
  readonly #sockets: number[] = [];
  readonly #socketOf = new Map<Ipv6, number>();

  constructor(index: number) {
    this.#index = index;
  }

  join(group: Ipv6): void {
    if (this.#socketOf.has(group)) return;
    const newest = this.#sockets.at(-1);
    if (newest !== undefined && this.#joinOn(newest, group) === "joined") return;
    const another = attempt("open a socket", (native) => native.socket(FAMILY.ipv6, SOCK_DGRAM, 0));
    this.#sockets.push(another);
    if (this.#joinOn(another, group) === "full") throw new LinkError("system", `no memory to join ${group}`);
  }

  leave(group: Ipv6): void {
    const socket = this.#socketOf.get(group);
    if (socket === undefined) return;
    this.#socketOf.delete(group);
    try {
      this.#change(socket, IPV6_DROP_MEMBERSHIP, group);
    } catch (error) {
      // The membership ended with the interface.
      if (!(error instanceof LinkError) || !GONE.has(error.errno ?? "")) throw error;
    }
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) native().close(socket);
    this.#socketOf.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #joinOn(socket: number, group: Ipv6): "joined" | "full" {
    try {
      this.#change(socket, IPV6_ADD_MEMBERSHIP, group);
    } catch (error) {
      if (error instanceof LinkError && FULL.has(error.errno ?? "")) return "full";
      throw error;
    }
    this.#socketOf.set(group, socket);
    return "joined";
  }

  #change(socket: number, option: number, group: Ipv6): void {
    // struct ipv6_mreq
    const request = new Uint8Array(20);
    request.set(ipToBytes(group));
    new DataView(request.buffer).setUint32(16, this.#index, LITTLE_ENDIAN);
    attempt(`join or leave ${group}`, (native) => native.setOption(socket, IPPROTO_IPV6, option, request));
  }
}

const GONE: ReadonlySet<string> = new Set(["ENODEV", "EADDRNOTAVAIL"]);
const FULL: ReadonlySet<string> = new Set(["ENOBUFS", "ENOMEM"]);
