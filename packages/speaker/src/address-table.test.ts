import { type Ip, type Ipv4, type Ipv6, ipFromBytes, ipToBytes } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AddressTable } from "./address-table.ts";

const V4 = "192.0.2.1" as Ipv4;
const V6 = "2001:db8::1" as Ipv6;
const all = (address: Ip) => ({ address, interfaces: "all" as const });

const find = (table: AddressTable, ip: Ip) => {
  const bytes = ipToBytes(ip);
  return bytes.length === 4 ? table.findIpv4(bytes, 0) : table.findIpv6(bytes, 0);
};

test("finds the addresses of a group by bytes at any offset", () => {
  const table = new AddressTable();
  table.define({ id: V4, addresses: [all(V4), all(V6)] });
  expect(table.findIpv4(Uint8Array.of(0, 0, ...ipToBytes(V4)), 2)?.address).toBe(V4);
  expect(table.findIpv6(Uint8Array.of(9, ...ipToBytes(V6), 9), 1)?.address).toBe(V6);
  expect(find(table, "192.0.2.2" as Ipv4)).toBeUndefined();
});

test("a new group is not answered for; one that changes keeps its mode, for new addresses too", () => {
  const table = new AddressTable();
  table.define({ id: V4, addresses: [all(V4)] });
  expect(find(table, V4)?.mode).toBe("none");
  table.setMode(V4, "all");
  table.define({ id: V4, addresses: [all(V4), all(V6)] });
  expect(find(table, V4)?.mode).toBe("all");
  expect(find(table, V6)?.mode).toBe("all");
});

test("an address that moves to another group belongs to that one, whichever is changed first", () => {
  const table = new AddressTable();
  table.define({ id: "a", addresses: [all(V4), all(V6)] });
  table.define({ id: "b", addresses: [all(V6)] });
  table.define({ id: "a", addresses: [all(V4)] });
  expect(find(table, V6)?.group).toBe("b");
  table.remove("b");
  expect(find(table, V6)).toBeUndefined();
});

test("counts of an address that is gone are not lost", () => {
  const table = new AddressTable();
  table.define({ id: V4, addresses: [all(V4), all(V6)] });
  for (const entry of table.group(V4)) entry.requests = 1;
  table.define({ id: V4, addresses: [all(V4)] });
  table.remove(V4);
  expect(table.takeCounts().map(({ address, requests }) => [address, requests])).toEqual([
    [V6, 1],
    [V4, 1],
  ]);
});

test("finds exactly what is defined, however many share a hash", () => {
  // Addresses that differ in few bits, so that hashes meet.
  const byte = fc.constantFrom(0, 1, 0x80);
  const address = fc
    .tuple(fc.constantFrom(4, 16), fc.array(byte, { minLength: 16, maxLength: 16 }))
    .map(([length, bytes]) => ipFromBytes(Uint8Array.from(bytes.slice(0, length))));
  const step = fc.record({
    group: fc.constantFrom("a", "b", "c"),
    addresses: fc.uniqueArray(address, { maxLength: 6 }),
  });
  fc.assert(
    fc.property(fc.array(step), fc.array(address), (steps, others) => {
      const table = new AddressTable();
      const expected = new Map<Ip, string>();
      for (const { group, addresses } of steps) {
        for (const [ip, owner] of expected) if (owner === group) expected.delete(ip);
        for (const ip of addresses) expected.set(ip, group);
        if (addresses.length > 0) table.define({ id: group, addresses: addresses.map(all) });
        else table.remove(group);
      }
      for (const ip of [...others, ...expected.keys()]) expect(find(table, ip)?.group).toBe(expected.get(ip));
    }),
  );
});
