import { describe, expect, test } from "vitest";
import type { Capability } from "./capability.ts";
import { negotiate } from "./negotiation.ts";
import type { Open } from "./open.ts";
import { hex, ipv4 } from "./wire.test.fixture.ts";

const ALL: readonly Capability[] = [
  { type: "multiprotocol", family: "ipv4" },
  { type: "multiprotocol", family: "ipv6" },
  { type: "routeRefresh" },
  { type: "enhancedRouteRefresh" },
  { type: "extendedMessage" },
  { type: "extendedNextHop", entries: [{ family: "ipv4", nextHop: "ipv6" }] },
  { type: "fourByteAs" },
  { type: "gracefulRestart", restarted: false, notification: true, restartSeconds: 120, entries: [] },
  {
    type: "addPath",
    entries: [
      { family: "ipv4", mode: "both" },
      { family: "ipv6", mode: "send" },
    ],
  },
];

function open(capabilities: readonly Capability[] = ALL, change: Partial<Open> = {}): Open {
  return { type: "open", asn: 65_001, holdSeconds: 90, identifier: ipv4("192.0.2.1"), capabilities, ...change };
}

describe("two OPENs", () => {
  test("agree on what both offer", () => {
    expect(negotiate(open(), open(ALL, { holdSeconds: 180 }))).toEqual({
      fourByteAs: true,
      extendedMessage: { send: true, receive: true },
      addPath: { send: ["ipv4"], receive: ["ipv4"] },
      extendedNextHop: true,
      peer: "internal",
      holdSeconds: 90,
      asn: 65_001,
      families: ["ipv4", "ipv6"],
      routeRefresh: true,
      enhancedRouteRefresh: true,
      gracefulRestart: {
        type: "gracefulRestart",
        restarted: false,
        notification: true,
        restartSeconds: 120,
        entries: [],
      },
    });
  });

  test.each([
    ["ours", open([]), open()],
    ["theirs", open(), open([])],
  ])("agree on IPv4 and little more if %s offers nothing", (_whose, ours, theirs) => {
    expect(negotiate(ours, theirs)).toMatchObject({
      fourByteAs: false,
      addPath: { send: [], receive: [] },
      extendedNextHop: false,
      families: ["ipv4"],
      routeRefresh: false,
      enhancedRouteRefresh: false,
      gracefulRestart: undefined,
    });
  });

  test("let each send long messages to whom has offered to take them (RFC 8654 section 4)", () => {
    expect(negotiate(open(), open([])).extendedMessage).toEqual({ send: false, receive: true });
    expect(negotiate(open([]), open()).extendedMessage).toEqual({ send: true, receive: false });
  });

  test("agree on path identifiers for each direction (RFC 7911 section 4)", () => {
    const ours: Capability = { type: "addPath", entries: [{ family: "ipv4", mode: "send" }] };
    const theirs: Capability = { type: "addPath", entries: [{ family: "ipv4", mode: "receive" }] };
    expect(negotiate(open([ours]), open([theirs])).addPath).toEqual({ send: ["ipv4"], receive: [] });
    expect(negotiate(open([theirs]), open([ours])).addPath).toEqual({ send: [], receive: ["ipv4"] });
    expect(negotiate(open([ours]), open([ours])).addPath).toEqual({ send: [], receive: [] });
  });

  test("never have path identifiers for a family that is not exchanged", () => {
    const onlyIpv6: Capability = { type: "multiprotocol", family: "ipv6" };
    const addPath: Capability = { type: "addPath", entries: [{ family: "ipv4", mode: "both" }] };
    expect(negotiate(open([onlyIpv6, addPath]), open([onlyIpv6, addPath])).addPath).toEqual({ send: [], receive: [] });
  });

  test("agree on no family if there is none in common", () => {
    const evpn: Capability = { type: "unknown", code: 1, value: hex("0019 00 46") };
    expect(negotiate(open(), open([evpn])).families).toEqual([]);
  });

  test("are of one AS or of two", () => {
    expect(negotiate(open(), open(ALL, { asn: 65_002 }))).toMatchObject({ peer: "external", asn: 65_002 });
  });

  test("agree on no keepalives if one wants none (RFC 4271 section 4.2)", () => {
    expect(negotiate(open(), open(ALL, { holdSeconds: 0 })).holdSeconds).toBe(0);
  });

  test("take the last of several restart capabilities (RFC 4724 section 3)", () => {
    const later: Capability = {
      type: "gracefulRestart",
      restarted: true,
      notification: false,
      restartSeconds: 1,
      entries: [],
    };
    expect(negotiate(open(), open([...ALL, later])).gracefulRestart).toEqual(later);
  });
});
