import {
  announcement,
  asPath,
  igp,
  large,
  med,
  nextHop,
  OURS,
  type Recording,
  target,
  WITH_PATHS,
} from "./recording.test.fixture.ts";
import { hex, ipv4, ipv6, route } from "./wire.test.fixture.ts";

/** Sessions with speakers that are routers, by what the speaker was. */
export const daemonRecordings: Readonly<Record<string, Recording>> = {
  "BIRD 2.0.12 with path identifiers": {
    ours: WITH_PATHS,
    open:
      "01 04 fe10 00f0 c0000228 44 0242 010400010001 010400020001 0200 0506000100010002 0600" +
      "400a00780001010000020100 41040000fe10 450400010103 4600 470e00010100000e1000020100000e10",
    opens: {
      asn: 65_040,
      holdSeconds: 240,
      identifier: "192.0.2.40",
      offers: [
        "multiprotocol",
        "multiprotocol",
        "routeRefresh",
        "extendedNextHop",
        "extendedMessage",
        "gracefulRestart",
        "fourByteAs",
        "addPath",
        "enhancedRouteRefresh",
        "longLivedGracefulRestart",
      ],
    },
    messages: [
      [
        "an IPv4 route with an IPv4 next hop in MP_REACH_NLRI, and attributes with needlessly long lengths",
        "02 0000 0043 900e001100010104c0000228000000000218c63364 40010100 40020602010000fe10 c00804fdf20001" +
          "c010080002fdf200000009 c0200c0000fe100000000100000002",
        announcement([
          {
            type: "mpReach",
            family: "ipv4",
            nextHop: { address: ipv4("192.0.2.40") },
            nlri: [{ ...route("198.51.100.0/24"), pathId: 2 }],
          },
          igp,
          asPath(65_040),
          { type: "communities", values: [0xfdf2_0001] },
          target,
          large(65_040),
        ]),
      ],
      ["the begin of a refresh", "05 0001 01 01", { type: "routeRefresh", subtype: "begin", family: "ipv4" }],
      ["the end of a refresh", "05 0001 02 01", { type: "routeRefresh", subtype: "end", family: "ipv4" }],
      [
        "a shutdown",
        "03 06 02 03627965",
        { type: "notification", error: "administrativeShutdown", data: hex("03627965") },
      ],
    ],
  },
  "FRR 8.4.4, an internal peer": {
    ours: OURS,
    open:
      "01 04 fdf2 00b4 c0000232 5d 0206010400010001 0206010400020001 02028000 02020200 02024600 020641040000fdf2 02020600" +
      "020a4508000101030002010302 0749050366727200020c400ac0780001010000020100 0210470e0001018000000000020180000000",
    opens: {
      asn: 65_010,
      holdSeconds: 180,
      identifier: "192.0.2.50",
      offers: [
        "multiprotocol",
        "multiprotocol",
        "unknown",
        "routeRefresh",
        "enhancedRouteRefresh",
        "fourByteAs",
        "extendedMessage",
        "addPath",
        "hostname",
        "gracefulRestart",
        "longLivedGracefulRestart",
      ],
    },
    messages: [
      [
        "a route with all attributes",
        "02 0000 0062 40010100 5002000a0202fa56ea050000fc00 4003047f000001 80040400000007 40050400000064 400600" +
          "c00708e3822830c0000233 c00808fdf20001ffffff01 c0200c0000fdf20000000100000002" +
          "c010100002fdf2000000090004fdf24b3ebc20 18c63364",
        announcement(
          [
            igp,
            asPath(4_200_000_005, 64_512),
            nextHop("127.0.0.1"),
            med(7),
            { type: "localPref", value: 100 },
            { type: "atomicAggregate" },
            { type: "aggregator", asn: 3816958000, address: ipv4("192.0.2.51") },
            { type: "communities", values: [0xfdf2_0001, 0xffff_ff01] },
            large(65_010),
            {
              type: "extendedCommunities",
              values: [
                { type: "twoByteAs", transitive: true, subtype: 2, asn: 65_010, value: 9 },
                { type: "linkBandwidth", transitive: true, asn: 65_010, bytesPerSecond: 12_500_000 },
              ],
            },
          ],
          route("198.51.100.0/24"),
        ),
      ],
      [
        "an IPv6 route",
        "02 0000 0036 900e001c0002011000000000000000000000ffff7f000001003020010db80005 40010100 50020000 80040400000000 40050400000064",
        announcement([
          {
            type: "mpReach",
            family: "ipv6",
            nextHop: { address: ipv6("::ffff:127.0.0.1") },
            nlri: [route("2001:db8:5::/48")],
          },
          igp,
          asPath(),
          med(0),
          { type: "localPref", value: 100 },
        ]),
      ],
      [
        "a hard reset for a shutdown",
        "03 06 09 06020a676f696e6720646f776e",
        { type: "notification", error: "hardReset", data: hex("06020a676f696e6720646f776e") },
      ],
    ],
  },
};
