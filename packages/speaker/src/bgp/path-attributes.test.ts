import { expect, test } from "vitest";
import type { RouteAttributes } from "./desired.ts";
import { pathAttributes } from "./path-attributes.ts";

const ORIGIN = { type: "origin", origin: "igp" };
const MED = { type: "med", value: 0 };
const PATH = { type: "asPath", segments: [{ type: "sequence", asns: [64512] }] };
const NO_PATH = { type: "asPath", segments: [] };

test.each<[string, "internal" | "external", RouteAttributes, unknown[]]>([
  ["an external peer is told our AS and a MED of 0", "external", {}, [ORIGIN, PATH, MED]],
  [
    "an internal peer is told a LOCAL_PREF of 100",
    "internal",
    {},
    [ORIGIN, NO_PATH, MED, { type: "localPref", value: 100 }],
  ],
  [
    "what was set is told",
    "internal",
    { localPref: 7, med: 8 },
    [ORIGIN, NO_PATH, { type: "med", value: 8 }, { type: "localPref", value: 7 }],
  ],
  ["an external peer is told no LOCAL_PREF", "external", { localPref: 7 }, [ORIGIN, PATH, MED]],
  [
    "prepending repeats our AS",
    "external",
    { prepend: 2 },
    [ORIGIN, { type: "asPath", segments: [{ type: "sequence", asns: [64512, 64512, 64512] }] }, MED],
  ],
  [
    "prepending is nothing for an internal peer",
    "internal",
    { prepend: 2 },
    [ORIGIN, NO_PATH, MED, { type: "localPref", value: 100 }],
  ],
  [
    "communities of all kinds are told",
    "external",
    { communities: [1], largeCommunities: [{ administrator: 1, local1: 2, local2: 3 }], linkBandwidth: 125_000 },
    [
      ORIGIN,
      PATH,
      MED,
      { type: "communities", values: [1] },
      {
        type: "extendedCommunities",
        values: [{ type: "linkBandwidth", transitive: false, asn: 64512, bytesPerSecond: 125_000 }],
      },
      { type: "largeCommunities", values: [{ administrator: 1, local1: 2, local2: 3 }] },
    ],
  ],
  ["no communities are no attribute", "external", { communities: [], largeCommunities: [] }, [ORIGIN, PATH, MED]],
])("%s", (_, peer, attributes, expected) => {
  expect(pathAttributes(attributes, 64512, { peer })).toEqual(expected);
});

test("a large AS number has no room in a link bandwidth community", () => {
  expect(pathAttributes({ linkBandwidth: 1 }, 4_200_000_000, { peer: "external" })).toContainEqual(
    expect.objectContaining({ values: [expect.objectContaining({ asn: 23_456 })] }),
  );
});
