import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FreeTree } from "./free-tree.ts";

describe("free tree", () => {
  test.each([1n, 2n, 31n, 32n, 33n, 1024n, 1025n])("gives out each of %s numbers once, in order", (size) => {
    const tree = new FreeTree(size);
    for (let i = 0n; i < size; i++) {
      expect(tree.firstFree(0n)).toBe(i);
      tree.take(i);
    }
    expect(tree.firstFree(0n)).toBeUndefined();
    tree.free(size - 1n);
    expect(tree.firstFree(0n)).toBe(size - 1n);
  });

  test("the last of 2^128 numbers can be taken and freed", () => {
    const tree = new FreeTree(1n << 128n);
    const last = (1n << 128n) - 1n;
    expect(tree.firstFree(last)).toBe(last);
    tree.take(last);
    expect(tree.firstFree(last)).toBeUndefined();
    expect(tree.firstFree(last - 1n)).toBe(last - 1n);
    tree.free(last);
    expect(tree.firstFree(last)).toBe(last);
  });

  test("agrees with a set after any sequence of operations", () => {
    const operation = fc.record({ take: fc.boolean(), number: fc.bigInt(0n, 1099n) });
    fc.assert(
      fc.property(fc.bigInt(1n, 1100n), fc.array(operation, { maxLength: 300 }), (size, operations) => {
        const tree = new FreeTree(size);
        const taken = new Set<bigint>();
        for (const { take, number } of operations) {
          const at = number % size;
          if (take) {
            tree.take(at);
            taken.add(at);
          } else {
            tree.free(at);
            taken.delete(at);
          }
          let lowest = number % size;
          while (taken.has(lowest)) lowest += 1n;
          expect(tree.firstFree(number % size)).toBe(lowest < size ? lowest : undefined);
        }
      }),
      { numRuns: 200 },
    );
  });
});
