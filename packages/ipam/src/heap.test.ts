import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

test("gives out what was put in at any time, the least of what is there first", () => {
  const operations = fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 100 });
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), operations, (first, operations) => {
      const heap = new Heap(first, (a, b) => a - b);
      let model = first.toSorted((a, b) => a - b);
      for (const item of operations) {
        if (item === null) {
          expect(heap.pop()).toBe(model[0]);
          model = model.slice(1);
        } else {
          heap.push(item);
          model = [...model, item].toSorted((a, b) => a - b);
        }
      }
    }),
  );
});
