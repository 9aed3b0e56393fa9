import fc from "fast-check";
import { expect, test } from "vitest";
import {
  BROADCAST_MAC,
  compareMacs,
  isGroupMac,
  type Mac,
  macFromBytes,
  macToBytes,
  parseMac,
  ZERO_MAC,
} from "./mac.ts";

const bytes6 = fc.uint8Array({ minLength: 6, maxLength: 6 });

test.each([
  ["02:00:5e:10:00:01", "02:00:5e:10:00:01"],
  ["02-00-5E-10-00-01", "02:00:5e:10:00:01"],
  ["FF:FF:FF:FF:FF:FF", BROADCAST_MAC],
  ["00:00:00:00:00:00", ZERO_MAC],
])("reads %s as %s", (text, mac) => {
  expect(parseMac(text)).toBe(mac);
});

test.each([
  "",
  "02:00:5e:10:00",
  "02:00:5e:10:00:01:02",
  "2:0:5e:10:0:1",
  "02:00-5e:10:00:01",
  "02:00:5e:10:00:0g",
  "02:00:5e:10:00:01 ",
  "02:00:5e:10:00:01\n",
  "02005e100001",
])("refuses %j", (text) => {
  expect(parseMac(text)).toBeUndefined();
});

test("bytes and text are two forms of one value", () => {
  fc.assert(
    fc.property(bytes6, (bytes) => {
      const mac = macFromBytes(bytes);
      expect(parseMac(mac)).toBe(mac);
      expect(macToBytes(mac)).toEqual(Uint8Array.from(bytes));
    }),
  );
});

test("refuses any other number of bytes", () => {
  expect(() => macFromBytes(new Uint8Array(5))).toThrow(RangeError);
  expect(() => macFromBytes(new Uint8Array(7))).toThrow(RangeError);
});

test("orders by number", () => {
  const sorted = ["02:00:00:00:00:0a", "02:00:00:00:00:09", "ff:00:00:00:00:00", "00:ff:00:00:00:00"] as Mac[];
  expect(sorted.toSorted(compareMacs)).toEqual([
    "00:ff:00:00:00:00",
    "02:00:00:00:00:09",
    "02:00:00:00:00:0a",
    "ff:00:00:00:00:00",
  ]);
  expect(compareMacs(ZERO_MAC, ZERO_MAC)).toBe(0);
});

test("groups have the lowest bit of the first byte", () => {
  fc.assert(
    fc.property(bytes6, (bytes) => {
      expect(isGroupMac(macFromBytes(bytes))).toBe(((bytes[0] as number) & 1) === 1);
    }),
  );
});
