import type { SavedGroup } from "@heraldlb/election";
import type { Ipv4 } from "@heraldlb/net";
import { expect, test } from "vitest";
import { OwnershipRecord, parseOwnership } from "./ownership-record.ts";

const group = (id: string, counter: number): SavedGroup => ({
  id,
  addresses: [{ address: id as Ipv4, interfaces: counter % 2 ? "all" : ["eth0"] }],
  epoch: { term: 3, counter },
});
const A = group("192.0.2.1", 1);
const B = group("192.0.2.2", 2);

test("changes add up, and are read back as they were written", () => {
  const record = new OwnershipRecord("boot1");
  record.apply({ maxTerm: 3, termHolder: "c1", saved: [A, B], forgotten: [] });
  record.apply({ maxTerm: 4, termHolder: "c2", saved: [group(B.id, 4)], forgotten: [A.id] });
  const expected = { bootId: "boot1", maxTerm: 4, termHolder: "c2", groups: [group(B.id, 4)] };
  expect(parseOwnership(record.format())).toEqual(expected);
  expect(record.snapshot()).toEqual(expected);
});

test("what is saved of this boot stays, of an earlier one only the term", () => {
  const saved = { bootId: "boot1", maxTerm: 4, termHolder: "c2", groups: [A] };
  expect(new OwnershipRecord("boot1", saved).snapshot()).toEqual(saved);
  expect(new OwnershipRecord("boot2", saved).snapshot()).toEqual({ ...saved, bootId: "boot2", groups: [] });
});

const valid = JSON.parse(new OwnershipRecord("b", { bootId: "b", maxTerm: 1, termHolder: "c", groups: [A] }).format());

test.each([
  ["another version", { ...valid, version: 2 }],
  ["no boot id", { ...valid, boot_id: undefined }],
  ["a term that is no count", { ...valid, max_term: -1 }],
  ["groups that are no list", { ...valid, groups: {} }],
  ["a group that is no object", { ...valid, groups: [null] }],
  ["an address that is none", { ...valid, groups: [{ ...A, addresses: [{ address: "x", interfaces: "all" }] }] }],
  ["interfaces that are none", { ...valid, groups: [{ ...A, addresses: [{ address: A.id, interfaces: "some" }] }] }],
  ["a group without an epoch", { ...valid, groups: [{ ...A, epoch: undefined }] }],
])("a file with %s is refused", (_what, file) => {
  expect(() => parseOwnership(JSON.stringify(file))).toThrow();
});

test("half a file is refused", () => {
  expect(() => parseOwnership('{"version":1,')).toThrow();
});
