import { describe, expect, test } from "vitest";
import { problems, type Wrong } from "./problems.test.fixture.ts";

const advertisement = (spec: object) => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "BGPAdvertisement", metadata: { name: "a" }, spec },
});

const community = (...communities: readonly (readonly [name: string, value: string])[]) => ({
  ...{ apiVersion: "metallb.io/v1beta1", kind: "Community", metadata: { name: "c" } },
  spec: { communities: communities.map(([name, value]) => ({ name, value })) },
});

const inRack = { matchLabels: { rack: "a" } };

describe("BGPAdvertisement", () => {
  test.each<[string, object]>([
    ["nothing but defaults", {}],
    ["aggregation in both families", { aggregationLength: 24, aggregationLengthV6: 64 }],
    ["standard, large and named communities", { communities: ["64512:1", "large:4294967295:2:3", "customers"] }],
    [
      "Services and the default lengths",
      { serviceSelectors: [inRack], aggregationLength: 32, aggregationLengthV6: 128 },
    ],
    ["several selectors", { serviceSelectors: [inRack, { matchLabels: { rack: "b" } }], nodeSelectors: [{}] }],
  ])("%s is right", (_what, spec) => {
    expect(problems(advertisement(spec))).toEqual([]);
  });

  const fix = "write ASN:NUMBER, both up to 65535, or large:ASN:NUMBER:NUMBER, each up to 4294967295";

  test.each<[string, object, Wrong]>([
    [
      "an aggregation longer than an IPv4 address",
      { aggregationLength: 34 },
      [["spec.aggregationLength", "invalid aggregation length 34 for IPv4; write 1 to 32"]],
    ],
    [
      "an aggregation longer than an IPv6 address",
      { aggregationLengthV6: 129 },
      [["spec.aggregationLengthV6", "invalid aggregation length 129 for IPv6; write 0 to 128"]],
    ],
    [
      "a pool twice",
      { ipAddressPools: ["p", "p"] },
      [["spec.ipAddressPools[1]", 'duplicate definition of ipAddressPools "p"; list it once']],
    ],
    ["a peer twice", { peers: ["p", "p"] }, [["spec.peers[1]", 'duplicate definition of peers "p"; list it once']]],
    [
      "a pool selector twice",
      { ipAddressPoolSelectors: [inRack, inRack] },
      [["spec.ipAddressPoolSelectors[1]", 'duplicate definition of ipAddressPoolSelectors "rack=a"; list it once']],
    ],
    [
      "a Service selector twice",
      { serviceSelectors: [inRack, inRack] },
      [["spec.serviceSelectors[1]", 'duplicate definition of serviceSelectors "rack=a"; list it once']],
    ],
    [
      "an expression twice",
      {
        nodeSelectors: [
          {
            matchExpressions: [
              { key: "rack", operator: "In", values: ["a", "b"] },
              { key: "rack", operator: "In", values: ["b", "a"] },
            ],
          },
        ],
      },
      [
        [
          "spec.nodeSelectors[0].matchExpressions[1]",
          'duplicate definition of match expressions "rack In [b a]"; list it once',
        ],
      ],
    ],
    [
      "a community twice",
      { communities: ["64512:1", "64512:1"] },
      [["spec.communities[1]", 'duplicate definition of community "64512:1"; list it once']],
    ],
    [
      "a community of three parts",
      { communities: ["64512:1:2"] },
      [
        [
          "spec.communities[0]",
          `invalid community "64512:1:2" in BGP advertisement: invalid community format: 64512:1:2; ${fix}`,
        ],
      ],
    ],
    [
      "a community whose AS number is too big",
      { communities: ["99999999:1"] },
      [
        [
          "spec.communities[0]",
          `invalid community "99999999:1" in BGP advertisement: invalid community value: invalid section "99999999" of community "99999999:1", err: strconv.ParseUint: parsing "99999999": value out of range; ${fix}`,
        ],
      ],
    ],
    [
      "a community whose value is no number",
      { communities: ["64512:x"] },
      [
        [
          "spec.communities[0]",
          `invalid community "64512:x" in BGP advertisement: invalid community value: invalid section "x" of community "64512:x", err: strconv.ParseUint: parsing "x": invalid syntax; ${fix}`,
        ],
      ],
    ],
    [
      "a large community that does not say so",
      { communities: ["huge:1:2:3"] },
      [
        [
          "spec.communities[0]",
          `invalid community "huge:1:2:3" in BGP advertisement: invalid community value: invalid marker for large community, expected community to be of format large:<uint32>:<uint32>:<uint32> but got "huge:1:2:3" instead; ${fix}`,
        ],
      ],
    ],
  ])("%s is an error", (_what, spec, expected) => {
    expect(problems(advertisement(spec))).toEqual(expected);
  });
});

describe("Community", () => {
  test("standard and large values are right", () => {
    expect(problems(community(["a", "64512:65535"], ["b", "large:1:2:4294967295"]))).toEqual([]);
  });

  test("a wrong value and an alias defined twice are errors", () => {
    expect(problems(community(["a", "64512"], ["b", "1:2"], ["b", "large:1:2:4294967296"]))).toEqual([
      [
        "spec.communities[0].value",
        'parsing community "a": invalid community format: 64512; write ASN:NUMBER, both up to 65535, or large:ASN:NUMBER:NUMBER, each up to 4294967295',
      ],
      [
        "spec.communities[2].value",
        'parsing community "b": invalid community value: invalid section "4294967296" of community "large:1:2:4294967296", err: strconv.ParseUint: parsing "4294967296": value out of range; write ASN:NUMBER, both up to 65535, or large:ASN:NUMBER:NUMBER, each up to 4294967295',
      ],
      ["spec.communities[2].name", 'duplicate definition of community "b"; define each alias once'],
    ]);
  });
});
