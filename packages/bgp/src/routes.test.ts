import { describe, expect, test } from "vitest";
import type { PathAttribute } from "./attribute.ts";
import { encodeMessage } from "./message.ts";
import { endOfRib, endOfRibFamily, updateRoutes } from "./routes.ts";
import type { ReceivedUpdate } from "./update.ts";
import { decoded, ipv4, ipv6, MODERN, message, route } from "./wire.test.fixture.ts";

const nothing: ReceivedUpdate = { type: "update", withdrawn: [], attributes: [], announced: [], errors: [] };
const nextHop = { address: ipv6("2001:db8::1"), linkLocal: ipv6("fe80::1") };

describe("the routes of an UPDATE", () => {
  test("come from its own fields and from the attributes", () => {
    const attributes: readonly PathAttribute[] = [
      { type: "mpReach", family: "ipv6", nextHop, nlri: [route("2001:db8:1::/48")] },
      { type: "mpUnreach", family: "ipv6", nlri: [route("2001:db8:2::/48")] },
      { type: "nextHop", address: ipv4("192.0.2.1") },
    ];
    const routes = updateRoutes({
      ...nothing,
      withdrawn: [route("10.0.0.0/8")],
      attributes,
      announced: [route("198.51.100.0/24")],
    });
    expect(routes.withdrawn).toEqual([route("10.0.0.0/8"), route("2001:db8:2::/48")]);
    expect(routes.announced).toEqual([
      { nextHop, nlri: [route("2001:db8:1::/48")] },
      { nextHop: { address: "192.0.2.1" }, nlri: [route("198.51.100.0/24")] },
    ]);
  });

  test("are none if there is only a next hop", () => {
    const attributes: readonly PathAttribute[] = [{ type: "nextHop", address: ipv4("192.0.2.1") }];
    expect(updateRoutes({ ...nothing, attributes })).toEqual({ withdrawn: [], announced: [] });
  });
});

describe("End-of-RIB (RFC 4724 section 2)", () => {
  test.each([
    ["ipv4", message("02 0000 0000")],
    ["ipv6", message("02 0000 0006 80 0f 03 0002 01")],
  ] as const)("of %s has these bytes", (family, bytes) => {
    expect(encodeMessage(endOfRib(family), MODERN)).toEqual(bytes);
    expect(endOfRibFamily(decoded(bytes))).toBe(family);
  });

  test("of IPv4 may be in an attribute as well", () => {
    expect(endOfRibFamily(decoded(message("02 0000 0006 80 0f 03 0001 01")))).toBe("ipv4");
  });

  test.each<readonly [string, ReceivedUpdate]>([
    ["withdraws", { ...nothing, withdrawn: [route("10.0.0.0/8")] }],
    [
      "withdraws in an attribute",
      { ...nothing, attributes: [{ type: "mpUnreach", family: "ipv6", nlri: [route("::/0")] }] },
    ],
    ["announces", { ...nothing, announced: [route("10.0.0.0/8")] }],
    ["has other attributes", { ...nothing, attributes: [{ type: "med", value: 1 }] }],
    [
      "has more attributes",
      {
        ...nothing,
        attributes: [
          { type: "mpUnreach", family: "ipv6", nlri: [] },
          { type: "med", value: 1 },
        ],
      },
    ],
    ["is about a family that is not spoken", decoded(message("02 0000 0006 80 0f 03 0019 46"))],
  ])("is nothing that %s", (_name, update) => {
    expect(endOfRibFamily(update)).toBeUndefined();
  });
});
