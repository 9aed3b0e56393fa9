import { describe, expect, test } from "vitest";
import { problems, type Wrong } from "./problems.test.fixture.ts";

const PEER = { myASN: 64512, peerASN: 64513, peerAddress: "10.0.0.1" };

const peer = (spec: object) => ({
  ...{ apiVersion: "metallb.io/v1beta2", kind: "BGPPeer", metadata: { name: "p" } },
  spec: { ...PEER, ...spec },
});

const inRack = { matchLabels: { rack: "a" } };
const [EXISTS, LACKS] = [
  { key: "rack", operator: "Exists" },
  { key: "drained", operator: "DoesNotExist" },
];

describe("BGPPeer", () => {
  test.each<[string, object]>([
    ["a single peer", {}],
    ["only a hold time", { holdTime: "90s" }],
    ["only a keepalive time", { keepaliveTime: "1s" }],
    ["zero timers, which turn them off", { holdTime: "0s", keepaliveTime: "0s" }],
    ["a keepalive as long as the hold time", { holdTime: "3s", keepaliveTime: "3s" }],
    ["a hold time whose fraction does not count", { holdTime: "3.9s" }],
    ["an empty node selector", { nodeSelectors: [{}] }],
    [
      "a node selector in two ways of writing",
      { nodeSelectors: [inRack, { matchExpressions: [{ key: "rack", operator: "In", values: ["a"] }] }] },
    ],
    [
      "a node selector in two orders of its expressions",
      { nodeSelectors: [{ matchExpressions: [EXISTS, LACKS] }, { matchExpressions: [LACKS, EXISTS] }] },
    ],
    ["a dynamic AS number", { peerASN: 0, dynamicASN: "external" }],
    ["an unnumbered peer", { peerAddress: "", interface: "eth0" }],
    ["disableMP, which does nothing", { disableMP: true }],
    ["a local AS number", { localASN: 64514 }],
    ["iBGP", { peerASN: 64512 }],
    ["multihop eBGP", { ebgpMultiHop: true }],
    ["multihop with whatever AS number is internal", { peerASN: 0, dynamicASN: "internal", ebgpMultiHop: true }],
    ["a VRF, a source address and a router id", { vrf: "red", sourceAddress: "10.0.0.2", routerID: "10.0.0.2" }],
    ["an IPv4-mapped router id", { routerID: "::ffff:10.0.0.2" }],
    ["an IPv6 peer", { peerAddress: "fc00::1", sourceAddress: "fc00::2" }],
    ["graceful restart, connect time and both families", { connectTime: "5s", dualStackAddressFamily: true }],
    ["a password of 80 bytes", { password: "ä".repeat(40) }],
    ["a Secret that may not be there yet", { passwordSecret: { name: "s" } }],
    ["a BFD profile that may not be there yet", { bfdProfile: "fast" }],
  ])("%s is right", (_what, spec) => {
    expect(problems(peer(spec))).toEqual([]);
  });

  test.each<[string, object, Wrong]>([
    ["no local AS number", { myASN: 0 }, [["spec.myASN", "missing local ASN; write this end's AS number"]]],
    [
      "no AS number of the peer",
      { peerASN: 0 },
      [["spec.peerASN", "missing peer ASN and dynamicASN; write one of the two"]],
    ],
    [
      "two AS numbers of the peer",
      { dynamicASN: "internal" },
      [["spec.dynamicASN", "both peer ASN and dynamicASN specified; remove one of the two"]],
    ],
    [
      "multihop eBGP that is iBGP",
      { peerASN: 64512, ebgpMultiHop: true },
      [
        [
          "spec.ebgpMultiHop",
          "invalid ebgp-multihop parameter set for an ibgp peer; remove it: iBGP peers may be any number of hops away",
        ],
      ],
    ],
    [
      "neither address nor interface",
      { peerAddress: "" },
      [["spec.peerAddress", "peer has no Address or Interface specified; write one of the two"]],
    ],
    [
      "address and interface",
      { interface: "eth0" },
      [["spec.interface", "peer has both Address and Interface specified; remove one of the two"]],
    ],
    [
      "a hold time that BGP does not allow",
      { holdTime: "1s" },
      [
        [
          "spec.holdTime",
          'invalid BGPPeer timers: invalid hold time "1s": must be 0 or >=3s; BGP knows no shorter one',
        ],
      ],
    ],
    [
      "a hold time that BGP cannot say",
      { holdTime: "18h13m" },
      [["spec.holdTime", 'invalid BGPPeer timers: invalid hold time "18h13m": must be at most 65535s']],
    ],
    [
      "a keepalive longer than the hold time",
      { holdTime: "90s", keepaliveTime: "91s" },
      [
        [
          "spec.keepaliveTime",
          'invalid BGPPeer timers: invalid keepaliveTime "91s", must be lower than holdTime "90s"; a third of it is usual',
        ],
      ],
    ],
    [
      "a keepalive that makes the hold time too short",
      { keepaliveTime: "500ms" },
      [
        [
          "spec.keepaliveTime",
          'invalid BGPPeer timers: invalid hold time "1.5s": must be 0 or >=3s; BGP knows no shorter one',
        ],
      ],
    ],
    [
      "an address that is none",
      { peerAddress: "400.500.600.700" },
      [["spec.peerAddress", 'invalid BGPPeer address "400.500.600.700"; write an IP address']],
    ],
    [
      "a router id that is no IPv4 address",
      { routerID: "oh god how do I BGP" },
      [["spec.routerID", 'invalid router ID "oh god how do I BGP"; write an IPv4 address other than 0.0.0.0']],
    ],
    [
      "the router id zero, which BGP does not allow",
      { routerID: "0.0.0.0" },
      [["spec.routerID", 'invalid router ID "0.0.0.0"; write an IPv4 address other than 0.0.0.0']],
    ],
    [
      "a source address that is none",
      { sourceAddress: "10.0.0" },
      [["spec.sourceAddress", 'invalid source IP "10.0.0"; write an IP address']],
    ],
    [
      "a selector without operator",
      { nodeSelectors: [{ matchExpressions: [{ key: "rack", operator: "", values: ["a"] }] }] },
      [
        [
          "spec.nodeSelectors[0].matchExpressions[0].operator",
          "failed to convert peer p node selector: must be In, NotIn, Exists or DoesNotExist",
        ],
      ],
    ],
    [
      "a selector twice",
      { nodeSelectors: [inRack, inRack] },
      [["spec.nodeSelectors[1]", 'duplicate definition of nodeSelectors "rack=a"; list it once']],
    ],
    [
      "a value twice in one expression",
      { nodeSelectors: [{ matchExpressions: [{ key: "rack", operator: "In", values: ["a", "a"] }] }] },
      [
        [
          "spec.nodeSelectors[0].matchExpressions[0].values[1]",
          'duplicate definition of match expression value in label selector "a"; list it once',
        ],
      ],
    ],
    [
      "a password and a Secret",
      { password: "hush", passwordSecret: { name: "s" } },
      [
        [
          "spec.passwordSecret",
          'can not have both password and secret ref set in peer config "herald"/"p"; remove one of the two',
        ],
      ],
    ],
    [
      "a password longer than 80 bytes",
      { password: "ä".repeat(41) },
      [["spec.password", "the password is longer than 80 bytes, the most that TCP MD5 takes; choose a shorter one"]],
    ],
    [
      "a password that is a number, without showing it",
      { password: 123_456_789 },
      [["spec.password", "must be a string"]],
    ],
  ])("%s is an error", (_what, spec, expected) => {
    expect(problems(peer(spec))).toEqual(expected);
  });
});
