import {
  aggregator,
  announcement,
  asPath,
  igp,
  incomplete,
  large,
  med,
  nextHop,
  OURS,
  type Recording,
  TWO_BYTE,
  target,
  WITH_PATHS,
} from "./recording.test.fixture.ts";
import { endOfRib } from "./routes.ts";
import { hex, ipv6, route } from "./wire.test.fixture.ts";

/** As ExaBGP is told in its configuration: `unicast 198.51.100.0/24 next-hop 192.0.2.20 origin incomplete …`. */
const EXABGP = announcement(
  [
    incomplete,
    asPath(4_200_000_001, 64_512),
    nextHop("192.0.2.20"),
    med(7),
    { type: "atomicAggregate" },
    aggregator,
    { type: "communities", values: [0xfdf2_0001, 0xffff_ff01, 0xffff_0000] },
    {
      type: "extendedCommunities",
      values: [
        { type: "twoByteAs", transitive: true, subtype: 2, asn: 65_010, value: 9 },
        { type: "twoByteAs", transitive: true, subtype: 3, asn: 0xc000, value: 0x0201_0005 },
      ],
    },
    large(4_200_000_001),
    { type: "unknown", code: 99, value: hex("010203") },
  ],
  route("198.51.100.0/24"),
);

/** What ExaBGP begins with. */
const EXABGP_OPEN: Pick<Recording, "open" | "opens"> = {
  open:
    "01 04 5ba0 005a c0000214 3c 02060104000100010206010400020001 02064104fa56ea01 02080506000100010002" +
    "020c400a80780001018000020180 02020200 02024600 02020600",
  opens: {
    asn: 4_200_000_001,
    holdSeconds: 90,
    identifier: "192.0.2.20",
    offers: [
      "multiprotocol",
      "multiprotocol",
      "fourByteAs",
      "extendedNextHop",
      "gracefulRestart",
      "routeRefresh",
      "enhancedRouteRefresh",
      "extendedMessage",
    ],
  },
};

/** Sessions with speakers that are driven by programs, by what the speaker was. */
export const toolRecordings: Readonly<Record<string, Recording>> = {
  "ExaBGP 4.2.21": {
    ours: OURS,
    ...EXABGP_OPEN,
    messages: [
      [
        "a route with all attributes",
        "02 0000 0064 40010102 40020a0202fa56ea010000fc00 400304c0000214 80040400000007 400600 c00708fa56ea02c0000215" +
          "c0080cfdf20001ffffff01ffff0000 c010100002fdf2000000090003c00002010005 c0200cfa56ea010000000100000002" +
          "c06303010203 18c63364",
        EXABGP,
      ],
      [
        "two routes",
        "02 0000 0014 40010100 4002060201fa56ea01 400304c0000214 19cb007100 19cb007180",
        announcement(
          [igp, asPath(4_200_000_001), nextHop("192.0.2.20")],
          route("203.0.113.0/25"),
          route("203.0.113.128/25"),
        ),
      ],
      [
        "an IPv4 route over IPv6",
        "02 0000 002a 40010100 4002060201fa56ea01 800e1a0001011020010db80000000000000000000000200020c000024d",
        announcement([
          igp,
          asPath(4_200_000_001),
          {
            type: "mpReach",
            family: "ipv4",
            nextHop: { address: ipv6("2001:db8::20") },
            nlri: [route("192.0.2.77/32")],
          },
        ]),
      ],
      ["the end of IPv6", "02 0000 0007 900f0003000201", endOfRib("ipv6")],
    ],
  },
  "ExaBGP 4.2.21 with two-byte AS numbers": {
    ours: TWO_BYTE,
    ...EXABGP_OPEN,
    messages: [
      [
        "a route with all attributes",
        "02 0000 0076 40010102 40020602025ba0fc00 c0110a0202fa56ea010000fc00 400304c0000214 80040400000007 400600" +
          "c007065ba0c0000215 c01208fa56ea02c0000215 c0080cfdf20001ffffff01ffff0000" +
          "c010100002fdf2000000090003c00002010005 c0200cfa56ea010000000100000002 c06303010203 18c63364",
        EXABGP,
      ],
    ],
  },
  "GoBGP 3.10": {
    ours: OURS,
    open:
      "01 04 fe06 005a c000021e 39 0237 0200 490402766d00 010400010001 010400020001 41040000fe06" +
      "400a40780001010000020100 4707000101000186a0 0506000100010002",
    opens: {
      asn: 65_030,
      holdSeconds: 90,
      identifier: "192.0.2.30",
      offers: [
        "routeRefresh",
        "hostname",
        "multiprotocol",
        "multiprotocol",
        "fourByteAs",
        "gracefulRestart",
        "longLivedGracefulRestart",
        "extendedNextHop",
      ],
    },
    messages: [
      [
        "a route with all attributes",
        "02 0000 0053 40010102 40020e02030000fe06fa56ea010000fc00 80040400000007 c00708fa56ea02c0000215" +
          "c00808fdf20001ffffff01 c010080002fdf200000009 c0200cfa56ea010000000100000002 400304c000021e 18c63364",
        announcement(
          [
            incomplete,
            asPath(65_030, 4_200_000_001, 64_512),
            med(7),
            aggregator,
            { type: "communities", values: [0xfdf2_0001, 0xffff_ff01] },
            target,
            large(4_200_000_001),
            nextHop("192.0.2.30"),
          ],
          route("198.51.100.0/24"),
        ),
      ],
      [
        "two routes",
        "02 0000 0014 40010102 40020602010000fe06 400304c000021e 19cb007100 19cb007180",
        announcement(
          [incomplete, asPath(65_030), nextHop("192.0.2.30")],
          route("203.0.113.0/25"),
          route("203.0.113.128/25"),
        ),
      ],
      [
        "an IPv6 route",
        "02 0000 0033 40010102 40020602010000fe06 80040400000005 800e1c0002011020010db8000000000000000000000030003020010db80003",
        announcement([
          incomplete,
          asPath(65_030),
          med(5),
          {
            type: "mpReach",
            family: "ipv6",
            nextHop: { address: ipv6("2001:db8::30") },
            nlri: [route("2001:db8:3::/48")],
          },
        ]),
      ],
      [
        "a withdrawal",
        "02 0005 19cb007180 0000",
        { type: "update", withdrawn: [route("203.0.113.128/25")], attributes: [], announced: [] },
      ],
      [
        "a withdrawal of IPv6",
        "02 0000 000d 800f0a0002013020010db80003",
        announcement([{ type: "mpUnreach", family: "ipv6", nlri: [route("2001:db8:3::/48")] }]),
      ],
      ["the end of IPv4", "02 0000 0000", endOfRib("ipv4")],
      ["the end of IPv6", "02 0000 0006 800f03000201", endOfRib("ipv6")],
      ["a shutdown", "03 06 02", { type: "notification", error: "administrativeShutdown", data: new Uint8Array() }],
    ],
  },
  "GoBGP 3.10 with path identifiers": {
    ours: WITH_PATHS,
    open:
      "01 04 fe06 005a c000021e 3f 023d 0200 490402766d00 010400010001 010400020001 41040000fe06" +
      "400a40780001010000020100 4707000101000186a0 0506000100010002 450400010103",
    opens: {
      asn: 65_030,
      holdSeconds: 90,
      identifier: "192.0.2.30",
      offers: [
        "routeRefresh",
        "hostname",
        "multiprotocol",
        "multiprotocol",
        "fourByteAs",
        "gracefulRestart",
        "longLivedGracefulRestart",
        "extendedNextHop",
        "addPath",
      ],
    },
    messages: [
      [
        "a route",
        "02 0000 0014 40010102 40020602010000fe06 400304c000021e 00000001 19cb007100",
        announcement([incomplete, asPath(65_030), nextHop("192.0.2.30")], { ...route("203.0.113.0/25"), pathId: 1 }),
      ],
    ],
  },
};
