import { ipFromBigInt, ipToBigInt } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ip, pool } from "./bench.test.fixture.ts";
import { BlockIndex, blocksOf } from "./pool-space.ts";
import { ShareIndex } from "./share-index.ts";
import type { SharingTerms } from "./sharing.ts";

const blocks = blocksOf(pool("p", ["10.0.0.64/26", "10.0.0.0/26"]));
const first = ipToBigInt(ip("10.0.0.0"));
const terms = (ports: readonly number[]): SharingTerms => ({
  ...{ sharingKey: "k", backendKey: "", ports: ports.map((port) => ({ protocol: "TCP", port })) },
});

const operation = fc.record({
  offset: fc.integer({ min: 0, max: 127 }),
  port: fc.constantFrom(80, 443),
  isAdded: fc.boolean(),
});

test("finds what a search would find, in groups of any size and after blocks have changed", () => {
  fc.assert(
    fc.property(
      fc.array(operation, { minLength: 120, maxLength: 300 }),
      fc.subarray([80, 443, 53]),
      (operations, wanted) => {
        const index = new ShareIndex((address) => new BlockIndex(blocks).find(address));
        const held = new Map<string, SharingTerms>();
        for (const [i, { offset, port, isAdded }] of operations.entries()) {
          const address = ipFromBigInt("ipv4", first + BigInt(offset));
          const key = `${address} ${port}`;
          const mine = held.get(key);
          if (mine) index.delete(mine, address);
          held.delete(key);
          if (isAdded) {
            const added = terms([port]);
            index.add(added, address);
            held.set(key, added);
          }
          if (i === 200) index.forgetPlaces();
          if (i % 10 > 0) continue;
          // Each address once, in the order of the blocks; small groups leave the ports to whoever asks.
          const found = Array.from(index.candidates(terms(wanted), blocks), (place) => place.address);
          const addresses = new Set(Array.from(held.keys(), (text) => ip(text.split(" ")[0] ?? "")));
          const isVacant = (text: string) => wanted.every((port) => !held.has(`${text} ${port}`));
          const expected = Array.from(addresses).filter(isVacant);
          expect(new Set(found.filter(isVacant))).toEqual(new Set(expected));
          expect(found.length).toBe(new Set(found).size);
          const places = found.map((address) => Number(ipToBigInt(address) - first));
          expect(places).toEqual(places.toSorted((a, b) => Math.floor(b / 64) - Math.floor(a / 64) || a - b));
          if (addresses.size > 32) expect(found.every(isVacant)).toBe(true);
        }
      },
    ),
    { numRuns: 200 },
  );
});
