import { type Family, familyOf, type Ip, ipFromBigInt, ipToBigInt, rangeFirst, rangeSize } from "@heraldlb/net";
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

/** The blocks of a pool, with nothing taken. */
export function blocksOf({ name, ranges }: PoolInput): readonly Block[] {
  return ranges.map((range, index) => {
    const first = ipToBigInt(rangeFirst(range));
    const size = rangeSize(range);
    return {
      pool: name,
      index,
      family: familyOf(rangeFirst(range)),
      first,
      last: first + size - 1n,
      tree: new FreeTree(size),
    };
  });
}

/** The lowest free address of the family in the listed order, with its block. */
export function firstFree(
  pool: PoolInput,
  blocks: readonly Block[],
  family: Family,
): { readonly address: Ip; readonly block: Block } | undefined {
  for (const block of blocks) {
    if (block.family !== family) continue;
    for (let at = block.tree.firstFree(0n); at !== undefined; at = block.tree.firstFree(at + 1n)) {
      const address = ipFromBigInt(family, block.first + at);
      if (!avoids(pool, address)) return { address, block };
    }
  }
  return undefined;
}

/** Finds the block of an address by halving. */
export class BlockIndex {
  readonly #blocks: Readonly<Record<Family, readonly Block[]>>;

  constructor(blocks: Iterable<Block>) {
    const all = Array.from(blocks).toSorted((a, b) => (a.first < b.first ? -1 : 1));
    this.#blocks = {
      ipv4: all.filter(({ family }) => family === "ipv4"),
      ipv6: all.filter(({ family }) => family === "ipv6"),
    };
  }

  find(address: Ip): Block | undefined {
    const blocks = this.#blocks[familyOf(address)];
    const value = ipToBigInt(address);
    let [low, high] = [0, blocks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((blocks[middle] as Block).first <= value) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low - 1];
    return block && value <= block.last ? block : undefined;
  }
}
