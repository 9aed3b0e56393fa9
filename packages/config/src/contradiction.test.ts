import { describe, expect, test } from "vitest";
import { type Candidate, EMPTY_CONFIGURATION } from "./configuration.ts";
import { advertisement, candidate, inForce, node, peer, pool, problems } from "./manifest.test.fixture.ts";
import { resolve } from "./resolve.ts";

const cold = (...candidates: readonly Candidate[]) => resolve(EMPTY_CONFIGURATION, candidates);

const inRack = (rack: string) => ({ nodeSelectors: [{ matchLabels: { rack } }] });

const OLD = { creationTimestamp: "2026-01-01T00:00:00Z" };
const NEW = { creationTimestamp: "2026-01-02T00:00:00Z" };

const ALREADY = "already exists, FRR mode doesn't support duplicate BGPPeers selecting the same node";

describe("peers: of two with one address, port and VRF on one node the second is refused", () => {
  test.each<[string, readonly Candidate[], readonly string[]]>([
    [
      "the same address",
      [peer("a", "10.0.0.1", {}, OLD), peer("b", "10.0.0.1", {}, NEW)],
      [
        `b spec.peerAddress: peer 10.0.0.1 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    [
      "the same IPv6 address, written differently",
      [peer("a", "fc00::1", {}, OLD), peer("b", "FC00:0::1", {}, NEW)],
      [
        `b spec.peerAddress: peer FC00:0::1 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    [
      "the same address, once IPv4-mapped",
      [peer("a", "10.0.0.1", {}, OLD), peer("b", "::ffff:10.0.0.1", {}, NEW)],
      [
        `b spec.peerAddress: peer ::ffff:10.0.0.1 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    [
      "the same interface",
      [peer("a", "", { interface: "eth0" }, OLD), peer("b", "", { interface: "eth0" }, NEW)],
      [
        `b spec.interface: peer eth0 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    [
      "the same address in one VRF",
      [peer("a", "10.0.0.1", { vrf: "red" }, OLD), peer("b", "10.0.0.1", { vrf: "red" }, NEW)],
      [
        `b spec.peerAddress: peer 10.0.0.1-red ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    [
      "an explicit default port",
      [peer("a", "10.0.0.1", {}, OLD), peer("b", "10.0.0.1", { peerPort: 179 }, NEW)],
      [
        `b spec.peerAddress: peer 10.0.0.1 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    ["another port", [peer("a", "10.0.0.1"), peer("b", "10.0.0.1", { peerPort: 1179 })], []],
    ["another VRF", [peer("a", "10.0.0.1"), peer("b", "10.0.0.1", { vrf: "red" })], []],
    ["another router id", [peer("a", "10.0.0.1", { routerID: "1.1.1.1" }), peer("b", "10.0.0.2")], []],
    ["another local AS number", [peer("a", "10.0.0.1", { myASN: 64600 }), peer("b", "10.0.0.2")], []],
    [
      "selectors that no node can meet together, as long as no node is known",
      [peer("a", "10.0.0.1", inRack("a")), peer("b", "10.0.0.1", inRack("b"))],
      [],
    ],
    [
      "selectors that a node could meet together, as long as no node is known",
      [
        peer("a", "10.0.0.1", inRack("a"), OLD),
        peer("b", "10.0.0.1", { nodeSelectors: [{ matchLabels: { zone: "z" } }] }, NEW),
      ],
      [
        `b spec.peerAddress: peer 10.0.0.1 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
    [
      "selectors that no known node meets together",
      [
        ...[node("n1", { rack: "a" }), node("n2", { zone: "z" })],
        ...[
          peer("a", "10.0.0.1", inRack("a")),
          peer("b", "10.0.0.1", { nodeSelectors: [{ matchLabels: { zone: "z" } }] }),
        ],
      ],
      [],
    ],
    [
      "one of three without selectors",
      [
        ...[node("n1", { rack: "a" }), node("n2", { rack: "b" })],
        ...[
          peer("a", "10.0.0.1", inRack("a"), OLD),
          peer("b", "10.0.0.1", inRack("b"), OLD),
          peer("c", "10.0.0.1", {}, NEW),
        ],
      ],
      [
        `c spec.peerAddress: peer 10.0.0.1 ${ALREADY}; "a" has this address, port and VRF too: change one of them, or nodeSelectors`,
      ],
    ],
  ])("%s", (_what, candidates, errors) => {
    const configuration = cold(...candidates);
    expect(problems(configuration, "error")).toEqual(errors);
    const refused = errors.map((error) => `BGPPeer ${error[0]}`);
    expect(refused.filter((each) => inForce(configuration).includes(each))).toEqual([]);
  });

  test("the one in force stays, however old the other", () => {
    const before = cold(peer("b", "10.0.0.1", {}, NEW));
    const after = resolve(before, [peer("a", "10.0.0.1", {}, OLD), peer("b", "10.0.0.1", {}, NEW)]);
    expect(inForce(after)).toEqual(["BGPPeer b"]);
  });

  test("a peer that is changed to another's address keeps its last form", () => {
    const before = cold(peer("a", "10.0.0.1"), peer("b", "10.0.0.2"));
    const after = resolve(before, [peer("a", "10.0.0.1"), peer("b", "10.0.0.1")]);
    expect(inForce(after)).toEqual(["BGPPeer a", "BGPPeer b*"]);
  });

  test("a new node that both select takes no session of other nodes away: both stay, with an error on the junior", () => {
    const peers = [peer("a", "10.0.0.1", inRack("a"), OLD), peer("b", "10.0.0.1", inRack("b"), NEW)];
    const nodes = [node("n1", { rack: "a" }), node("n2", { rack: "b" })];
    const [one, other] = [{ matchLabels: { rack: "b" } }, { matchLabels: { zone: "z" } }];
    const both = [...peers, peer("c", "10.0.0.1", { nodeSelectors: [other] }, NEW)];
    const before = cold(...both, ...nodes);
    expect(problems(before, "error")).toEqual([]);
    const after = resolve(before, [...both, ...nodes, node("n3", { ...one.matchLabels, ...other.matchLabels })]);
    expect(inForce(after).filter((each) => each.startsWith("BGPPeer"))).toEqual([
      "BGPPeer a",
      "BGPPeer b",
      "BGPPeer c",
    ]);
    expect(problems(after, "error").map((error) => error[0])).toEqual(["c"]);
  });

  test("two peers of one name in two namespaces are one too many", () => {
    const configuration = cold(peer("p", "10.0.0.1"), peer("p", "10.0.0.2", {}, { namespace: "other", position: 1 }));
    expect(problems(configuration, "error")).toEqual(["p metadata.name: peer p already exists; rename one of them"]);
  });
});

describe("BGPAdvertisements: an aggregation must not be shorter than what a pool lists", () => {
  const short = (length: number, mask: number, entry: string) =>
    `invalid aggregation length ${length}: prefix ${mask} in this pool is more specific than the aggregation length for addresses ${entry}`;

  test.each<[string, readonly string[], object, readonly string[]]>([
    ["as long as the pool", ["10.0.0.0/24"], { aggregationLength: 24 }, []],
    ["longer than the pool", ["10.0.0.0/24"], { aggregationLength: 26 }, []],
    [
      "shorter than the pool",
      ["10.0.0.0/16", "10.1.0.0/24"],
      { aggregationLength: 20 },
      [`a spec.aggregationLength: ${short(20, 24, "10.1.0.0/24")}; write at least 24, or leave out pool "p"`],
    ],
    ["as long as the widest block of a range", ["10.0.0.8-10.0.0.33"], { aggregationLength: 28 }, []],
    [
      "shorter than the widest block of a range",
      ["10.0.0.8-10.0.0.33"],
      { aggregationLength: 26 },
      [`a spec.aggregationLength: ${short(26, 28, "10.0.0.8-10.0.0.33")}; write at least 28, or leave out pool "p"`],
    ],
    [
      "shorter in IPv6",
      ["10.0.0.0/24", "fc00::/120"],
      { aggregationLengthV6: 119 },
      [`a spec.aggregationLengthV6: ${short(119, 120, "fc00::/120")}; write at least 120, or leave out pool "p"`],
    ],
    ["shorter than a pool that it is not for", ["10.0.0.0/24"], { aggregationLength: 8, ipAddressPools: ["q"] }, []],
  ])("%s", (_what, addresses, spec, errors) => {
    const configuration = cold(pool("p", addresses, OLD), advertisement("a", spec, NEW));
    expect(problems(configuration, "error")).toEqual(errors);
    expect(inForce(configuration).includes("BGPAdvertisement a")).toBe(errors.length === 0);
  });

  test("a pool that comes later is refused, for the advertisement is in force", () => {
    const aggregating = advertisement("a", { aggregationLength: 16 });
    const configuration = resolve(cold(aggregating), [aggregating, pool("p", ["10.0.0.0/24"])]);
    expect(inForce(configuration)).toEqual(["BGPAdvertisement a"]);
    expect(problems(configuration, "error")).toEqual([
      `p spec.addresses[0]: ${short(16, 24, "10.0.0.0/24")}; BGPAdvertisement "a" asks for it: change aggregationLength there`,
    ]);
    expect(configuration.poolSetAside).toBe(true);
  });
});

describe("BGPAdvertisements: one route has one local preference", () => {
  const set = (own: number, other: number, by: string, of = "p") =>
    `invalid local preference ${own}: local preferernce ${other} was already set for the same type of BGP update. Check existing BGP advertisements with common pools and aggregation lengths; BGPAdvertisement "${by}" set it for pool "${of}"`;
  const V4 = ["10.0.0.0/24"];
  const V6 = ["fc00::/64"];
  const nodes = [node("n1", { rack: "a" }), node("n2", { rack: "b" })];

  test.each<[string, readonly string[], object, object, boolean]>([
    ["another one for all", V4, { localPref: 100 }, { localPref: 200 }, true],
    ["the same one", V4, { localPref: 100 }, { localPref: 100 }, false],
    ["none and one", V4, {}, { localPref: 100 }, true],
    ["other IPv4 lengths", V4, { localPref: 1, aggregationLength: 24 }, { localPref: 2 }, false],
    ["other IPv6 lengths in an IPv4 pool", V4, { localPref: 1, aggregationLengthV6: 64 }, { localPref: 2 }, true],
    ["other IPv6 lengths in an IPv6 pool", V6, { localPref: 1, aggregationLengthV6: 64 }, { localPref: 2 }, false],
    [
      "other lengths in one family of two",
      [...V4, ...V6],
      { localPref: 1, aggregationLength: 24 },
      { localPref: 2 },
      true,
    ],
    [
      "other lengths in both families",
      [...V4, ...V6],
      { localPref: 1, aggregationLength: 24, aggregationLengthV6: 64 },
      { localPref: 2 },
      false,
    ],
    ["other peers", V4, { localPref: 1, peers: ["x"] }, { localPref: 2, peers: ["y"] }, false],
    ["a peer in common", V4, { localPref: 1, peers: ["x", "z"] }, { localPref: 2, peers: ["y", "z"] }, true],
    ["all peers and one of them", V4, { localPref: 1, peers: ["x"] }, { localPref: 2 }, true],
    ["other nodes", V4, { localPref: 1, ...inRack("a") }, { localPref: 2, ...inRack("b") }, false],
    ["a node in common", V4, { localPref: 1, ...inRack("a") }, { localPref: 2 }, true],
    ["other pools", V4, { localPref: 1, ipAddressPools: ["p"] }, { localPref: 2, ipAddressPools: ["q"] }, false],
    [
      "some Services only, which depends on the Service",
      V4,
      { localPref: 1, serviceSelectors: [{ matchLabels: { app: "web" } }] },
      { localPref: 2 },
      false,
    ],
  ])("%s", (_what, addresses, one, other, refused) => {
    const configuration = cold(
      ...nodes,
      pool("p", addresses),
      advertisement("a", one, OLD),
      advertisement("b", other, NEW),
    );
    const [own, before] = [one, other].map((spec) => ("localPref" in spec ? (spec.localPref as number) : 0));
    expect(problems(configuration, "error")).toEqual(
      refused ? [`b spec.localPref: ${set(before ?? 0, own ?? 0, "a")}`] : [],
    );
    expect(inForce(configuration).includes("BGPAdvertisement b")).toBe(!refused);
  });

  test("a pool that comes later is not to blame: both advertisements stay, with an error on the junior", () => {
    const both = [advertisement("a", { localPref: 1 }, OLD), advertisement("b", { localPref: 2 }, NEW)];
    const after = resolve(cold(...both), [...both, pool("p", V4)]);
    expect(inForce(after)).toEqual(["BGPAdvertisement a", "BGPAdvertisement b", "IPAddressPool p"]);
    expect(problems(after, "error")).toEqual([`b spec.localPref: ${set(2, 1, "a")}`]);
    expect(after.poolSetAside).toBe(false);
  });
});

describe("names that others refer to are used once", () => {
  const community = (name: string, alias: string, place: object) =>
    candidate("Community", name, { communities: [{ name: alias, value: "64512:1" }] }, { ...place });

  test("an alias that two Communities define stays the older one's", () => {
    const configuration = cold(community("a", "customers", NEW), community("b", "customers", OLD));
    expect(inForce(configuration)).toEqual(["Community b"]);
    expect(problems(configuration, "error")).toEqual([
      'a spec.communities[0].name: duplicate definition of community "customers"; define each alias once',
    ]);
  });

  test("two BFD profiles of one name in two namespaces are one too many", () => {
    const configuration = cold(
      candidate("BFDProfile", "fast", {}),
      candidate("BFDProfile", "fast", {}, { namespace: "other", position: 1 }),
    );
    expect(problems(configuration, "error")).toEqual([
      "fast metadata.name: found duplicate bfd profile name fast; rename one of them",
    ]);
  });
});
