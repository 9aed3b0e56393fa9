import type { Ip, Mac } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Interface, InterfaceEvent } from "./interface.ts";
import { InterfaceTable } from "./interface-table.ts";
import type { LinkState, RouteMessage } from "./rtnetlink.ts";

const LINK: LinkState = {
  index: 2,
  name: "eth0",
  mac: "02:4c:00:00:00:42" as Mac,
  up: true,
  carrier: true,
  loopback: false,
  broadcast: true,
  noArp: false,
  master: undefined,
};

const link = (fields: Partial<LinkState> = {}): RouteMessage => ({
  type: "link",
  link: { ...LINK, ...fields },
  interrupted: false,
  sequence: 0,
});
const linkRemoved = (index = 2): RouteMessage => ({ type: "linkRemoved", index, sequence: 0 });
const addressFields = (address: string, index = 2) => ({
  index,
  address: address as Ip,
  prefixLength: 24,
  linkLocal: false,
  tentative: false,
});
const address = (text: string, index = 2): RouteMessage => ({
  type: "address",
  address: addressFields(text, index),
  interrupted: false,
  sequence: 0,
});
const addressRemoved = (text: string, index = 2): RouteMessage => ({
  type: "addressRemoved",
  address: addressFields(text, index),
  sequence: 0,
});

const addressesOf = (event: InterfaceEvent | undefined) =>
  event?.type === "changed" ? event.interface.addresses.map(({ address }) => address as string) : undefined;

/** A table that has been told these, and published them. */
function listed(...messages: readonly RouteMessage[]): InterfaceTable {
  const table = new InterfaceTable();
  for (const message of messages) expect(table.apply(message)).toEqual([]);
  table.endListing();
  return table;
}

test("tells nothing before the listing is complete, then every interface with its addresses in order", () => {
  const table = new InterfaceTable();
  const messages = [
    link(),
    link({ index: 1, name: "lo" }),
    address("192.0.2.7"),
    address("192.0.2.1"),
    address("::1", 1),
  ];
  for (const message of messages) expect(table.apply(message)).toEqual([]);
  const events = table.endListing();
  expect(events.map((event) => (event.type === "changed" ? event.interface.name : event.type))).toEqual([
    "lo",
    "eth0",
    "synced",
  ]);
  expect(addressesOf(events[1])).toEqual(["192.0.2.1", "192.0.2.7"]);
  expect(events[1]).toMatchObject({ previous: undefined });
});

test("tells what changed together with what was, and nothing if nothing changed", () => {
  const table = listed(link());
  expect(table.apply(link())).toEqual([]);
  expect(table.apply(link({ carrier: false }))).toMatchObject([
    { type: "changed", interface: { carrier: false }, previous: { carrier: true } },
  ]);
});

test("tells both states of a flap", () => {
  const table = listed(link());
  expect([link({ up: false }), link()].flatMap((message) => table.apply(message))).toHaveLength(2);
});

test("tells addresses once they have settled, however many came", () => {
  const table = listed(link());
  for (const text of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) expect(table.apply(address(text))).toEqual([]);
  expect(table.apply(addressRemoved("192.0.2.2"))).toEqual([]);
  expect(table.settle().map(addressesOf)).toEqual([["192.0.2.1", "192.0.2.3"]]);
  expect(table.settle()).toEqual([]);
});

test("an address that came before its link is there when the link comes", () => {
  const table = listed();
  table.apply(address("192.0.2.1"));
  expect(table.settle()).toEqual([]);
  expect(table.apply(link()).map(addressesOf)).toEqual([["192.0.2.1"]]);
});

test("a link that is deleted takes its addresses along; the next with that index has none", () => {
  const table = listed(link(), address("192.0.2.1"));
  expect(table.apply(linkRemoved())).toMatchObject([{ type: "removed", interface: { name: "eth0" } }]);
  expect(table.apply(linkRemoved())).toEqual([]);
  expect(table.apply(link()).map(addressesOf)).toEqual([[]]);
});

test("after a second listing it tells the differences only, and what is no longer there", () => {
  const table = listed(link(), link({ index: 3, name: "eth1" }), link({ index: 4, name: "eth2" }));
  table.beginListing();
  table.apply(link());
  table.apply(link({ index: 4, name: "eth2", up: false }));
  const events = table.endListing();
  expect(events).toMatchObject([
    { type: "removed", interface: { index: 3 } },
    { type: "changed", interface: { index: 4, up: false } },
    { type: "synced" },
  ]);
});

test("whoever follows the events knows what a fresh listing would tell", () => {
  const index = fc.integer({ min: 1, max: 3 });
  const step = fc.oneof(
    fc.record({ index, up: fc.boolean(), carrier: fc.boolean() }).map(link),
    index.map(linkRemoved),
    fc.tuple(fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1"), index).map(([text, at]) => address(text, at)),
    fc
      .tuple(fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1"), index)
      .map(([text, at]) => addressRemoved(text, at)),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const table = listed();
      const known = new Map<number, Interface>();
      for (const event of [...steps.flatMap((message) => table.apply(message)), ...table.settle()]) {
        if (event.type === "changed") known.set(event.interface.index, event.interface);
        if (event.type === "removed") known.delete(event.interface.index);
      }
      const fresh = new InterfaceTable();
      for (const message of steps) fresh.apply(message);
      const expected = fresh.endListing().flatMap((event) => (event.type === "changed" ? [event.interface] : []));
      expect([...known.values()].sort((a, b) => a.index - b.index)).toEqual(expected);
    }),
  );
});
