import { type Family, familyOf, ipToBigInt, type Prefix, prefixAddress, prefixToRange, rangeSize } from "@heraldlb/net";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { poolEntries } from "./pool-addresses.ts";

/** A CIDR that two pools claim, or one pool twice. */
export interface Overlap {
  readonly cidr: Prefix;
  /** Index in `spec.addresses` of the entry that the CIDR belongs to. */
  readonly entry: number;
  /** The CIDR that was there before. */
  readonly with: Prefix;
}

interface Block {
  readonly cidr: Prefix;
  readonly first: bigint;
  readonly last: bigint;
}

/** Disjoint CIDRs in order, so that an overlap is found by halving. */
export class CidrSet {
  readonly #blocks: Readonly<Record<Family, Block[]>> = { ipv4: [], ipv6: [] };

  /** Adds all CIDRs of the pool, or none if one of them overlaps. */
  add(pool: IpAddressPool): Overlap | undefined {
    const added: Prefix[] = [];
    for (const [entry, { cidrs }] of poolEntries(pool).entries()) {
      for (const cidr of cidrs) {
        const before = this.#insert(cidr);
        if (before) {
          added.forEach((one) => {
            this.#remove(one);
          });
          return { cidr, entry, with: before };
        }
        added.push(cidr);
      }
    }
    return undefined;
  }

  /** The CIDR that overlaps, or undefined once inserted. */
  #insert(cidr: Prefix): Prefix | undefined {
    const blocks = this.#blocks[familyOf(prefixAddress(cidr))];
    const first = ipToBigInt(prefixAddress(cidr));
    const block = { cidr, first, last: first + rangeSize(prefixToRange(cidr)) - 1n };
    const at = position(blocks, first);
    const [left, right] = [blocks[at - 1], blocks[at]];
    if (left && left.last >= first) return left.cidr;
    if (right && right.first <= block.last) return right.cidr;
    blocks.splice(at, 0, block);
    return undefined;
  }

  #remove(cidr: Prefix): void {
    const blocks = this.#blocks[familyOf(prefixAddress(cidr))];
    blocks.splice(position(blocks, ipToBigInt(prefixAddress(cidr))) - 1, 1);
  }
}

/** Index of the first block that begins after the address. */
function position(blocks: readonly Block[], address: bigint): number {
  let [low, high] = [0, blocks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle] as Block).first <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}
