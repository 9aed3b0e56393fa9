const DIGIT_BITS = 5;
const DIGITS = 1 << DIGIT_BITS;
const ALL = -1;

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

  /** Marks a number as taken; it may be so already. */
  take(number: bigint): void {
    const digits = this.#digits(number);
    const path: TreeNode[] = [this.#root];
    for (const digit of digits.slice(0, -1)) {
      const node = path.at(-1) as TreeNode;
      if (isSet(node.full, digit)) return;
      node.children[digit] ??= { full: 0, children: [] };
      path.push(node.children[digit]);
    }
    for (let level = this.#depth - 1; level >= 0; level--) {
      const node = path[level] as TreeNode;
      const digit = digits[level] as number;
      node.full |= 1 << digit;
      node.children[digit] = undefined;
      if (node.full !== ALL) return;
    }
  }

  /** Marks a number as free; it may be so already. */
  free(number: bigint): void {
    let node = this.#root;
    for (const [level, digit] of this.#digits(number).entries()) {
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
    const digits = find(this.#root, this.#digits(from), { level: 0, depth: this.#depth });
    if (!digits) return undefined;
    const found = digits.reduce((number, digit) => (number << BigInt(DIGIT_BITS)) | BigInt(digit), 0n);
    return found < this.#size ? found : undefined;
  }

  /** Most significant digit first. */
  #digits(number: bigint): number[] {
    const digits = new Array<number>(this.#depth);
    let rest = number;
    for (let level = this.#depth - 1; level >= 0; level--) {
      digits[level] = Number(rest & BigInt(DIGITS - 1));
      rest >>= BigInt(DIGIT_BITS);
    }
    return digits;
  }
}

/** The digits of the lowest free number below the node that is not before `from`; undefined `from`: any. */
function find(
  node: TreeNode,
  from: readonly number[] | undefined,
  { level, depth }: { readonly level: number; readonly depth: number },
): number[] | undefined {
  const start = from?.[level] ?? 0;
  for (let open = ~node.full & (ALL << start); open !== 0; open &= open - 1) {
    const digit = 31 - Math.clz32(open & -open);
    const bound = digit === start ? from : undefined;
    if (level === depth - 1) return [digit];
    const child = node.children[digit];
    const rest = child
      ? find(child, bound, { level: level + 1, depth })
      : (bound?.slice(level + 1) ?? new Array<number>(depth - level - 1).fill(0));
    if (rest) return [digit, ...rest];
  }
  return undefined;
}

function isSet(mask: number, digit: number): boolean {
  return (mask & (1 << digit)) !== 0;
}
