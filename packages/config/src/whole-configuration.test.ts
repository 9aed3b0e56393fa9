import { describe, expect, test } from "vitest";
import { type Candidate, EMPTY_CONFIGURATION } from "./configuration.ts";
import { advertisement, candidate, inForce, node, peer, pool, problems, secret } from "./manifest.test.fixture.ts";
import { resolve } from "./resolve.ts";
import { resolveBgp } from "./resolve-bgp.ts";
import { Resolver } from "./resolver.ts";

const cold = (...candidates: readonly Candidate[]) => resolve(EMPTY_CONFIGURATION, candidates, { namespace: "herald" });

const inRack = { nodeSelectors: [{ matchLabels: { rack: "a" } }] };
const V4 = pool("v4", ["10.0.0.0/24", "10.0.1.8-10.0.1.33"], { labels: { tenant: "x" } });
const V6 = pool("v6", ["fc00::/120"], {
  annotations: { "heraldlb.io/quota-per-namespace": "2", "heraldlb.io/reserved": "fc00::1" },
});
const FAST = candidate("BFDProfile", "fast", { receiveInterval: 50, echoMode: false });
const ALIASES = candidate("Community", "aliases", {
  communities: [
    { name: "customers", value: "64512:1" },
    { name: "large", value: "large:64512:1:2" },
  ],
});

const EVERYTHING = [
  ...[V4, V6, FAST, ALIASES, node("n1", { rack: "a" }), secret("s")],
  candidate("Namespace", "tenant"),
  candidate("L2Advertisement", "l2", { ipAddressPools: ["v4"], interfaces: ["eth0"], ...inRack }),
  peer("plain", "10.9.0.1"),
  peer("full", "10.9.0.2", {
    ...{ bfdProfile: "fast", passwordSecret: { name: "s" }, holdTime: "90s", keepaliveTime: "30s", connectTime: "5s" },
    ...{ routerID: "10.9.9.9", sourceAddress: "10.9.0.9", vrf: "red", localASN: 64_600, enableGracefulRestart: true },
    ...{ ebgpMultiHop: true, dualStackAddressFamily: true, ...inRack },
  }),
  peer("unnumbered", "", { interface: "eth1", peerASN: 0, dynamicASN: "external" }),
  advertisement("range", {
    ipAddressPools: ["v4"],
    aggregationLength: 28,
    communities: ["customers", "large", "64512:2"],
  }),
  advertisement("selected", {
    ...{ ipAddressPoolSelectors: [{ matchLabels: { tenant: "x" } }], peers: ["full"], localPref: 200, ...inRack },
  }),
  advertisement("some", { serviceSelectors: [{ matchLabels: { app: "web" } }], localPref: 50 }),
];

test("nothing is a right configuration", () => {
  expect(cold()).toEqual(EMPTY_CONFIGURATION);
});

test("everything at once is a right configuration, in force as a whole", () => {
  const configuration = cold(...EVERYTHING);
  expect(configuration.problems).toEqual([]);
  expect(configuration.inForce.size).toBe(EVERYTHING.length);
});

test("reading and judging change nothing of the objects", () => {
  const before = structuredClone(EVERYTHING);
  resolveBgp(cold(...EVERYTHING).inForce.values());
  expect(EVERYTHING).toEqual(before);
});

describe("what MetalLB refuses in one of its BGP modes works here", () => {
  const all = advertisement("all");

  test.each<[string, readonly Candidate[]]>([
    ["a BFD profile", [FAST]],
    ["a peer with a BFD profile", [FAST, peer("p", "10.9.0.1", { bfdProfile: "fast" })]],
    ["a keepalive time", [peer("p", "10.9.0.1", { keepaliveTime: "1s" })]],
    ["a connect time", [peer("p", "10.9.0.1", { connectTime: "1s" })]],
    ["a VRF", [peer("p", "10.9.0.1", { vrf: "red" })]],
    ["graceful restart", [peer("p", "10.9.0.1", { enableGracefulRestart: true })]],
    ["disableMP", [peer("p", "10.9.0.1", { disableMP: true })]],
    ["both families on one session", [peer("p", "10.9.0.1", { dualStackAddressFamily: true })]],
    ["a dynamic AS number", [peer("p", "10.9.0.1", { peerASN: 0, dynamicASN: "internal" })]],
    ["an interface", [peer("p", "", { interface: "eth0" })]],
    ["a local AS number", [peer("p", "10.9.0.1", { localASN: 64_600 })]],
    ["an IPv6 pool that is advertised", [V6, all]],
    ["a large community", [advertisement("a", { communities: ["large:1:2:3"] })]],
    ["an alias of a large community", [ALIASES]],
    [
      "router ids that differ",
      [peer("p", "10.9.0.1", { routerID: "1.1.1.1" }), peer("q", "10.9.0.2", { routerID: "2.2.2.2" })],
    ],
    ["one router id, one unset", [peer("p", "10.9.0.1", { routerID: "1.1.1.1" }), peer("q", "10.9.0.2")]],
    ["own AS numbers that differ in one VRF", [peer("p", "10.9.0.1"), peer("q", "10.9.0.2", { myASN: 64_600 })]],
    ["one address on two ports", [peer("p", "10.9.0.1"), peer("q", "10.9.0.1", { peerPort: 1179 })]],
  ])("%s", (_what, candidates) => {
    const configuration = cold(...candidates);
    expect(problems(configuration, "error")).toEqual([]);
    expect(configuration.inForce.size).toBe(candidates.length);
  });
});

test("a wrong peer disturbs no other one", () => {
  const wrong = peer("wrong", "10.9.0.3", { myASN: 0 });
  const configuration = cold(...EVERYTHING, wrong);
  expect(problems(configuration, "error")).toEqual(["wrong spec.myASN: missing local ASN; write this end's AS number"]);
  expect(inForce(configuration)).toEqual(inForce(cold(...EVERYTHING)));
  expect(configuration.poolSetAside).toBe(false);
});

test("the last BFD profile that goes is gone from its peers", () => {
  const watched = peer("p", "10.9.0.1", { bfdProfile: "fast" });
  const before = cold(FAST, watched);
  expect(resolveBgp(before.inForce.values()).peers[0]?.profile).toBeDefined();
  expect(resolveBgp(resolve(before, [watched]).inForce.values()).peers[0]?.profile).toBeUndefined();
});

test("a change of a Service, or of a Node's state, judges nothing else again", () => {
  const missing = advertisement("a", { peers: ["missing"] });
  const resolver = new Resolver();
  const service = (port: number) => candidate("Service", "web", { spec: { ports: [{ port }] } });
  const ready = (status: string) => candidate("Node", "n1", { status: { conditions: [{ type: "Ready", status }] } });
  const update = (...more: readonly Candidate[]) => resolver.update([missing, ...more]).problems[0];
  update(service(80), ready("True"));
  const problem = update(service(81), ready("True"));
  expect(problem?.id?.name).toBe("a");
  expect(update(service(82), ready("False"))).toBe(problem);
  expect(update(service(82), ready("False"), peer("missing", "10.9.0.1"))).toBeUndefined();
});
