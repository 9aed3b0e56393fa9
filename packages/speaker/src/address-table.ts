import type { AnswerMode, GroupDefinition, GroupId, InterfaceSet } from "@heraldlb/election";
import { type Ip, ipToBytes, isIpv4 } from "@heraldlb/net";
import { i32 } from "./frame-bytes.ts";

/** An address of a group that is defined for this node, with what has happened on the wire for it. */
export interface ServedAddress {
  /** Its group. */
  readonly group: GroupId;
  /** The address. */
  readonly address: Ip;
  /** The same as signed 32-bit numbers in network order, one or four. A byte array would take ten times the memory. */
  readonly words: readonly number[];
  /** Where it may be answered for. */
  readonly interfaces: InterfaceSet;
  /** What is answered: everything, requests but not probes (a hand-over is going on), or nothing. */
  mode: AnswerMode;
  /** Requests heard for it while it was answered, since they were last taken. */
  requests: number;
  /** Replies sent. */
  responses: number;
  /** Gratuitous frames sent. */
  gratuitous: number;
}

/** By how much an address's counts have grown. */
export type AddressCounts = Pick<ServedAddress, "address" | "requests" | "responses" | "gratuitous">;

/**
 * All addresses that are defined for this node. Finding one costs the same however many there are, and allocates
 * nothing.
 */
export class AddressTable {
  readonly #groups = new Map<GroupId, readonly ServedAddress[]>();
  readonly #ipv4 = new Map<number, ServedAddress>();
  // Keyed by a hash of 32 bits: a key of 128 would have to be a string, made anew for every frame.
  readonly #ipv6 = new Map<number, readonly ServedAddress[]>();
  #retired: AddressCounts[] = [];

  /** Defines a group or changes its addresses. Addresses that stay keep their counts; all take the group's mode. */
  define({ id: group, addresses }: GroupDefinition): readonly ServedAddress[] {
    const before = this.#groups.get(group) ?? [];
    const mode = before[0]?.mode ?? "none";
    for (const entry of before) this.#delete(entry);
    for (const entry of before) if (addresses.every(({ address }) => address !== entry.address)) this.#retire(entry);
    const served = addresses.map(({ address, interfaces }): ServedAddress => {
      const old = before.find((other) => other.address === address);
      const { requests, responses, gratuitous } = old ?? newCounts;
      return { group, address, words: wordsOf(address), interfaces, mode, requests, responses, gratuitous };
    });
    this.#groups.set(group, served);
    for (const entry of served) this.#insert(entry);
    return served;
  }

  /** Forgets a group. */
  remove(group: GroupId): void {
    for (const entry of this.#groups.get(group) ?? []) {
      this.#delete(entry);
      this.#retire(entry);
    }
    this.#groups.delete(group);
  }

  /** Sets what is answered for a group. Unknown groups are ignored. */
  setMode(group: GroupId, mode: AnswerMode): void {
    for (const entry of this.#groups.get(group) ?? []) entry.mode = mode;
  }

  /** The addresses of a group; none if it is unknown. */
  group(group: GroupId): readonly ServedAddress[] {
    return this.#groups.get(group) ?? [];
  }

  /** By how much the counts have grown since the last call, of those addresses where they have. */
  takeCounts(): AddressCounts[] {
    const taken = this.#retired;
    this.#retired = [];
    for (const served of this.#groups.values()) for (const entry of served) takeGrowth(entry, taken);
    return taken;
  }

  /** The entry of the IPv4 address at an offset. */
  findIpv4(bytes: Uint8Array, at: number): ServedAddress | undefined {
    return this.#ipv4.get(i32(bytes, at));
  }

  /** The entry of the IPv6 address at an offset. */
  findIpv6(bytes: Uint8Array, at: number): ServedAddress | undefined {
    const [a, b, c, d] = [i32(bytes, at), i32(bytes, at + 4), i32(bytes, at + 8), i32(bytes, at + 12)];
    const found = this.#ipv6.get(hash(a, b, c, d));
    if (!found) return undefined;
    for (const entry of found) {
      const { words } = entry;
      if (words[3] === d && words[2] === c && words[1] === b && words[0] === a) return entry;
    }
    return undefined;
  }

  #insert(entry: ServedAddress): void {
    const [a = 0, b = 0, c = 0, d = 0] = entry.words;
    if (isIpv4(entry.address)) {
      this.#ipv4.set(a, entry);
      return;
    }
    const key = hash(a, b, c, d);
    // An address that moves from one group to another belongs to the one that was defined last.
    const others = (this.#ipv6.get(key) ?? []).filter((other) => other.address !== entry.address);
    this.#ipv6.set(key, [...others, entry]);
  }

  #retire(entry: ServedAddress): void {
    takeGrowth(entry, this.#retired);
  }

  #delete(entry: ServedAddress): void {
    const [a = 0, b = 0, c = 0, d = 0] = entry.words;
    if (isIpv4(entry.address)) {
      if (this.#ipv4.get(a) === entry) this.#ipv4.delete(a);
      return;
    }
    const key = hash(a, b, c, d);
    const others = (this.#ipv6.get(key) ?? []).filter((other) => other !== entry);
    if (others.length > 0) this.#ipv6.set(key, others);
    else this.#ipv6.delete(key);
  }
}

const newCounts = { requests: 0, responses: 0, gratuitous: 0 } as const;

function takeGrowth(entry: ServedAddress, taken: AddressCounts[]): void {
  const { address, requests, responses, gratuitous } = entry;
  if (requests === 0 && responses === 0 && gratuitous === 0) return;
  taken.push({ address, requests, responses, gratuitous });
  Object.assign(entry, newCounts);
}

function wordsOf(address: Ip): number[] {
  const bytes = ipToBytes(address);
  return Array.from({ length: bytes.length / 4 }, (_, i) => i32(bytes, 4 * i));
}

const hash = (a: number, b: number, c: number, d: number): number =>
  (Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ d) | 0;
