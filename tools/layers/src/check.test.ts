import { expect, test } from "vitest";
import { violations } from "./check.ts";

const net = { name: "@heraldlb/net", layer: "foundation", dependencies: [] };
const arp = { name: "@heraldlb/arp", layer: "protocol", dependencies: ["@heraldlb/net"] };

test("packages may use the layers below them", () => {
  const speaker = { name: "@heraldlb/speaker", layer: "app", dependencies: ["@heraldlb/arp", "@heraldlb/net"] };
  expect(violations([net, arp, speaker])).toEqual([]);
});

test.each([
  ["a sibling", { name: "@heraldlb/ndp", layer: "protocol", dependencies: ["@heraldlb/arp"] }],
  ["a higher layer", { name: "@heraldlb/labels", layer: "foundation", dependencies: ["@heraldlb/arp"] }],
  ["a package without a layer", { name: "@heraldlb/x", layer: undefined, dependencies: [] }],
  ["an outside package that belongs to another", { name: "@heraldlb/x", layer: "app", dependencies: ["zod"] }],
])("refuses %s", (_what, broken) => {
  expect(violations([net, arp, broken])).toHaveLength(1);
});

test("tools may name any outside package", () => {
  expect(violations([{ name: "@heraldlb/lab", layer: "tool", dependencies: ["commander"] }])).toEqual([]);
});
