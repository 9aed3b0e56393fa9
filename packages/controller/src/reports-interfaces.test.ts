import { expect, test } from "vitest";
import type { Reach } from "./definitions.ts";
import { Reports } from "./reports.ts";
import { announcedInVain } from "./reports-interfaces.ts";

const ALL = new Set(["n1", "n2", "n3"]);
const on = (...interfaces: string[]) => ({ interfaces });
const EVERYWHERE = { interfaces: "all" } as const;

test.each<readonly [string, Reach, ReadonlySet<string>, ReturnType<typeof announcedInVain>]>([
  [
    "whose nodes all lack the interfaces",
    new Map([
      ["n2", on("eth8", "eth9")],
      ["n1", on("eth9")],
    ]),
    ALL,
    { reason: "interfacesMissing", nodes: ["n1", "n2"] },
  ],
  [
    "whose nodes lack them, but for some that never had a speaker",
    new Map([
      ["n1", on("eth9")],
      ["control-plane", on("eth9")],
    ]),
    ALL,
    { reason: "interfacesMissing", nodes: ["n1"] },
  ],
  [
    "that reaches only nodes that never had a speaker",
    new Map<string, { readonly interfaces: "all" | readonly string[] }>([
      ["x", EVERYWHERE],
      ["control-plane", on("eth0")],
    ]),
    ALL,
    { reason: "noSpeaker", nodes: ["control-plane", "x"] },
  ],
  [
    "of which one node has an interface",
    new Map([
      ["n1", on("eth9")],
      ["n2", on("eth0", "eth9")],
    ]),
    ALL,
    undefined,
  ],
  ["on all interfaces", new Map([["n1", EVERYWHERE]]), ALL, undefined],
  [
    "of which one node has not told its interfaces",
    new Map([
      ["n1", on("eth9")],
      ["n4", on("eth9")],
    ]),
    new Set([...ALL, "n4"]),
    undefined,
  ],
  ["that reaches no node", new Map(), ALL, undefined],
  ["while there is no speaker yet", new Map([["n1", on("eth9")]]), new Set(), undefined],
])("what is said of a group %s", (_, reach, speakers, expected) => {
  const reports = new Reports();
  for (const node of ALL) reports.noteLinks({ node, stream: 1 }, [{ name: "eth0", present: true }]);
  expect(announcedInVain(reach, reports, speakers)).toEqual(expected);
});
