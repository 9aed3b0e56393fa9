import {
  type Family,
  familyOf,
  type Ip,
  type IpRange,
  ipFromBigInt,
  ipToBigInt,
  rangeFirst,
  rangeLast,
} from "@heraldlb/net";
import { FreeTree } from "./free-tree.ts";
import { avoids, type PoolInput } from "./pool.ts";

/** One listed range of a pool, with what is taken of it. */
export interface Block {
  readonly pool: string;
  /** Its place in the pool's list. */
  readonly index: number;
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
  readonly tree: FreeTree;
}

/** How many addresses the block has. */
export function sizeOf({ first, last }: Pick<Block, "first" | "last">): bigint {
  return last - first + 1n;
}

/** An address in the block that it belongs to. */
export interface Place {
  readonly address: Ip;
  readonly block: Block;
  /** Its distance from the block's first address. */
  readonly offset: bigint;
}

/** The blocks of a pool, with nothing taken but what is reserved. */
export function blocksOf({ name, ranges, reserved = [] }: PoolInput): readonly Block[] {
  return ranges.map((range, index) => {
    const bounded = bounds(range);
    const { family, first, last } = bounded;
    const tree = new FreeTree(sizeOf(bounded));
    for (const { family: other, first: from, last: to } of reserved.map(bounds)) {
      if (other === family && from <= last && to >= first) {
        tree.takeAll(from > first ? from - first : 0n, (to < last ? to : last) - first);
      }
    }
    return { pool: name, index, family, first, last, tree };
  });
}

function bounds(range: IpRange): Pick<Block, "family" | "first" | "last"> {
  const first = rangeFirst(range);
  return { family: familyOf(first), first: ipToBigInt(first), last: ipToBigInt(rangeLast(range)) };
}

/** The first free address, in the blocks' order. What the pool avoids is taken for good on the way. */
export function firstFree(pool: PoolInput, blocks: readonly Block[]): Place | undefined {
  for (const block of blocks) {
    for (let offset = block.tree.firstFree(0n); offset !== undefined; offset = block.tree.firstFree(offset)) {
      const address = ipFromBigInt(block.family, block.first + offset);
      if (!avoids(pool, address)) return { address, block, offset };
      block.tree.take(offset);
    }
  }
  return undefined;
}

/** Orders places of one pool as they are given out. */
export function comparePlaces(a: Place, b: Place): number {
  return a.block.index - b.block.index || (a.offset < b.offset ? -1 : 1);
}

/** Finds the place of an address by halving. */
export class BlockIndex {
  readonly #blocks: Readonly<Record<Family, readonly Block[]>>;

  constructor(blocks: Iterable<Block>) {
    const all = Array.from(blocks).toSorted((a, b) => (a.first < b.first ? -1 : 1));
    this.#blocks = {
      ipv4: all.filter(({ family }) => family === "ipv4"),
      ipv6: all.filter(({ family }) => family === "ipv6"),
    };
  }

  find(address: Ip): Place | undefined {
    const blocks = this.#blocks[familyOf(address)];
    const value = ipToBigInt(address);
    let [low, high] = [0, blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((blocks[middle] as Block).first <= value) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low - 1];
    return block && value <= block.last ? { address, block, offset: value - block.first } : undefined;
  }
}
