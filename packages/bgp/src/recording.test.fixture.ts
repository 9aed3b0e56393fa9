import type { PathAttribute } from "./attribute.ts";
import type { BgpMessage } from "./message.ts";
import type { Nlri } from "./nlri.ts";
import type { Open } from "./open.ts";
import type { Update } from "./update.ts";
import { ipv4 } from "./wire.test.fixture.ts";

// Recorded on loopback from the speakers that Debian 12 has, by a listener on port 1790 that answers with `OURS`, a
// KEEPALIVE and a request for all IPv4 routes, and writes down what comes. Bytes begin with the message's type.
export const OURS: Open = {
  type: "open",
  asn: 65_010,
  holdSeconds: 90,
  identifier: ipv4("192.0.2.10"),
  capabilities: [
    { type: "multiprotocol", family: "ipv4" },
    { type: "multiprotocol", family: "ipv6" },
    { type: "routeRefresh" },
    { type: "enhancedRouteRefresh" },
    { type: "extendedMessage" },
    { type: "extendedNextHop", entries: [{ family: "ipv4", nextHop: "ipv6" }] },
    { type: "fourByteAs" },
    {
      type: "gracefulRestart",
      restarted: false,
      notification: true,
      restartSeconds: 120,
      entries: [
        { family: "ipv4", forwarding: true },
        { family: "ipv6", forwarding: true },
      ],
    },
  ],
};

/** Where path identifiers were offered as well. */
export const WITH_PATHS: Open = {
  ...OURS,
  capabilities: [
    ...OURS.capabilities,
    {
      type: "addPath",
      entries: [
        { family: "ipv4", mode: "both" },
        { family: "ipv6", mode: "both" },
      ],
    },
  ],
};

/** Where AS numbers had two bytes. */
export const TWO_BYTE: Open = { ...OURS, capabilities: OURS.capabilities.filter(({ type }) => type !== "fourByteAs") };

/** What was recorded of one session. */
export interface Recording {
  readonly ours: Open;
  readonly open: string;
  /** What the OPEN says, the capabilities by their types only. */
  readonly opens: {
    readonly asn: number;
    readonly holdSeconds: number;
    readonly identifier: string;
    readonly offers: readonly string[];
  };
  readonly messages: readonly (readonly [name: string, digits: string, expected: BgpMessage])[];
}

export const asPath = (...asns: readonly number[]): PathAttribute => ({
  type: "asPath",
  segments: asns.length > 0 ? [{ type: "sequence", asns }] : [],
});
export const nextHop = (address: string): PathAttribute => ({ type: "nextHop", address: ipv4(address) });
export const med = (value: number): PathAttribute => ({ type: "med", value });
export const incomplete: PathAttribute = { type: "origin", origin: "incomplete" };
export const igp: PathAttribute = { type: "origin", origin: "igp" };
export const target: PathAttribute = {
  type: "extendedCommunities",
  values: [{ type: "twoByteAs", transitive: true, subtype: 2, asn: 65_010, value: 9 }],
};
export const large = (administrator: number): PathAttribute => ({
  type: "largeCommunities",
  values: [{ administrator, local1: 1, local2: 2 }],
});
export const aggregator: PathAttribute = { type: "aggregator", asn: 4_200_000_002, address: ipv4("192.0.2.21") };

/** An UPDATE without withdrawals. */
export function announcement(attributes: readonly PathAttribute[], ...announced: readonly Nlri[]): Update {
  return { type: "update", withdrawn: [], attributes, announced };
}
