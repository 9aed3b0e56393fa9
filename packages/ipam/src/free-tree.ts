const DIGIT_BITS = 5;
const DIGITS = 1 << DIGIT_BITS;
const ALL = -1;
// Ten digits fit into a double exactly; bigints are slow.
const LIMB_DIGITS = 10;
const LIMB_BITS = BigInt(LIMB_DIGITS * DIGIT_BITS);
const LIMB_MASK = (1n << LIMB_BITS) - 1n;

/** A bit a digit: whether everything below it is taken. A child exists only while it is neither empty nor full. */
interface TreeNode {
  full: number;
  readonly children: (TreeNode | undefined)[];
}

/**
 * Which of the numbers below a size of up to 2^128 are taken. Each operation takes time, and each taken number memory,
 * in proportion to the number of digits of the size, whatever is taken.
 */
export class FreeTree {
  readonly #size: bigint;
  readonly #depth: number;
  readonly #root: TreeNode = { full: 0, children: [] };

  constructor(size: bigint) {
    this.#size = size;
    this.#depth = Math.max(1, Math.ceil((size - 1n).toString(2).length / DIGIT_BITS));
  }

  /** A tree in which all numbers are taken. */
  static full(size: bigint): FreeTree {
    const tree = new FreeTree(size);
    tree.#root.full = ALL;
    return tree;
  }

  /** Marks a number as taken; it may be so already. */
  take(number: bigint): void {
    const digits = this.#digits(number);
    take(this.#root, digits, digits, 0);
  }

  /** Marks the numbers from `first` to `last` as taken, in time that does not depend on how many they are. */
  takeAll(first: bigint, last: bigint): void {
    take(this.#root, this.#digits(first), this.#digits(last), 0);
  }

  /** Marks a number as free; it may be so already. */
  free(number: bigint): void {
    const digits = this.#digits(number);
    let node = this.#root;
    for (let level = 0; level < this.#depth; level++) {
      const digit = digits[level] as number;
      const wasFull = isSet(node.full, digit);
      node.full &= ~(1 << digit);
      if (level === this.#depth - 1) return;
      const child = node.children[digit] ?? (wasFull ? { full: ALL, children: [] } : undefined);
      if (!child) return;
      node.children[digit] = child;
      node = child;
    }
  }

  /** The lowest free number that is at least `from`. */
  firstFree(from: bigint): bigint | undefined {
    if (from >= this.#size) return undefined;
    const digits = new Array<number>(this.#depth).fill(0);
    const bound = from === 0n ? undefined : this.#digits(from);
    if (!find(this.#root, bound, { level: 0, depth: this.#depth, digits })) return undefined;
    const found = fromDigits(digits);
    return found < this.#size ? found : undefined;
  }

  /** Most significant digit first. */
  #digits(number: bigint): number[] {
    const digits = new Array<number>(this.#depth);
    let rest = number;
    let level = this.#depth;
    while (level > 0) {
      let limb = Number(rest & LIMB_MASK);
      rest >>= LIMB_BITS;
      for (let i = 0; i < LIMB_DIGITS && level > 0; i++) {
        digits[--level] = limb % DIGITS;
        limb = Math.floor(limb / DIGITS);
      }
    }
    return digits;
  }
}

/** Takes what is below the node, from the digits of `first` on and up to those of `last`; undefined: no bound. */
function take(
  node: TreeNode,
  first: readonly number[] | undefined,
  last: readonly number[] | undefined,
  level: number,
): void {
  const low = first?.[level] ?? 0;
  const high = last?.[level] ?? DIGITS - 1;
  const isLeaf = level + 1 === (first ?? last)?.length;
  for (let digit = low; digit <= high; digit++) {
    if (isSet(node.full, digit)) continue;
    const from = digit === low ? first : undefined;
    const to = digit === high ? last : undefined;
    if (!isLeaf && (from || to)) {
      const child = node.children[digit] ?? { full: 0, children: [] };
      node.children[digit] = child;
      take(child, from, to, level + 1);
      if (child.full !== ALL) continue;
    }
    node.full |= 1 << digit;
    node.children[digit] = undefined;
  }
}

interface Search {
  readonly level: number;
  readonly depth: number;
  /** What was found, all zeros at first. */
  readonly digits: number[];
}

/** Writes the digits of the lowest free number below the node that is not before `from`; undefined `from`: any. */
function find(node: TreeNode, from: readonly number[] | undefined, { level, depth, digits }: Search): boolean {
  const start = from?.[level] ?? 0;
  for (let open = ~node.full & (ALL << start); open !== 0; open &= open - 1) {
    const digit = 31 - Math.clz32(open & -open);
    const bound = digit === start ? from : undefined;
    digits[level] = digit;
    if (level === depth - 1) return true;
    const child = node.children[digit];
    if (child) {
      if (find(child, bound, { level: level + 1, depth, digits })) return true;
      continue;
    }
    for (let below = level + 1; below < depth; below++) digits[below] = bound?.[below] ?? 0;
    return true;
  }
  return false;
}

function fromDigits(digits: readonly number[]): bigint {
  let number = 0n;
  for (let at = 0; at < digits.length; ) {
    const end = at + ((digits.length - at - 1) % LIMB_DIGITS) + 1;
    let limb = 0;
    for (; at < end; at++) limb = limb * DIGITS + (digits[at] as number);
    // Only the first limb has fewer digits, and what it moves is 0.
    number = (number << LIMB_BITS) | BigInt(limb);
  }
  return number;
}

function isSet(mask: number, digit: number): boolean {
  return (mask & (1 << digit)) !== 0;
}
