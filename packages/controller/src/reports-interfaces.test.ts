import { expect, test } from "vitest";
import type { Reach } from "./definitions.ts";
import { Reports } from "./reports.ts";
import { nodesWithoutInterface } from "./reports-interfaces.ts";

test("nodes that have none of the interfaces on which they shall announce are named", () => {
  const reports = new Reports();
  for (const node of ["n4", "n3", "n2", "n1"]) {
    reports.noteLinks({ node, stream: 1 }, [{ name: "eth0", present: true }]);
  }
  const reach: Reach = new Map([
    ["n4", { interfaces: ["eth8", "eth9"] }],
    ["n3", { interfaces: ["eth0", "eth9"] }],
    ["n2", { interfaces: ["eth9"] }],
    ["n1", { interfaces: "all" }],
    ["unheard", { interfaces: ["eth9"] }],
  ]);
  expect(nodesWithoutInterface(reach, reports)).toEqual(["n2", "n4"]);
});
