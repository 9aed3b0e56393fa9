import type { Ip } from "@heraldlb/net";
import { beforeEach, expect, test } from "vitest";
import { BfdDemultiplexer, type BfdPath } from "./demultiplexer.ts";
import { PACKET } from "./packet.test.fixture.ts";

const path = (remote: string, more: Partial<BfdPath> = {}): BfdPath => ({
  local: "fe80::1" as Ip,
  remote: remote as Ip,
  interface: "eth0",
  isMultihop: false,
  ...more,
});
const a = path("fe80::a");
const b = path("fe80::a", { interface: "eth1" });
const far = path("2001:db8::9", { interface: undefined, isMultihop: true });

let table: BfdDemultiplexer<string>;

beforeEach(() => {
  table = new BfdDemultiplexer();
  table.add(1, a, "a");
  table.add(2, b, "b");
  table.add(3, far, "far");
});

test.each([
  ["no discriminator, from a's neighbour", 0, a, { session: "a" }],
  ["no discriminator, from the same address through another interface", 0, b, { session: "b" }],
  ["no discriminator, from far away", 0, far, { session: "far" }],
  ["no discriminator, from a stranger", 0, path("fe80::b"), { problem: "unknownSender" }],
  ["no discriminator, to the port of the other kind", 0, { ...far, isMultihop: false }, { problem: "unknownSender" }],
  ["a's discriminator", 1, a, { session: "a" }],
  ["a discriminator that there is not", 4, a, { problem: "unknownDiscriminator" }],
  ["a's discriminator, from a stranger", 1, path("fe80::b"), { problem: "wrongPath" }],
  ["a's discriminator, through another interface", 1, b, { problem: "wrongPath" }],
  ["far's discriminator, to the port for one hop", 3, { ...far, isMultihop: false }, { problem: "wrongPath" }],
] as const)("%s", (_name, yourDiscriminator, arrived, found) => {
  expect(table.find({ ...PACKET, yourDiscriminator }, arrived)).toEqual(found);
});

test("a session that was removed is not found, and its discriminator and path are free", () => {
  table.remove(1);
  table.remove(1);
  expect(table.has(1)).toBe(false);
  expect(table.find({ ...PACKET, yourDiscriminator: 1 }, a)).toEqual({ problem: "unknownDiscriminator" });
  expect(table.find(PACKET, a)).toEqual({ problem: "unknownSender" });
  table.add(1, a, "again");
  expect(table.find(PACKET, a)).toEqual({ session: "again" });
});

test.each([
  ["discriminator 0", 0, path("fe80::c")],
  ["a discriminator that is taken", 2, path("fe80::c")],
  ["a path that is taken", 9, a],
])("%s cannot be added", (_name, discriminator, taken) => {
  expect(() => table.add(discriminator, taken, "x")).toThrow(RangeError);
});
