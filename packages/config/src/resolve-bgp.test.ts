import { describe, expect, test } from "vitest";
import { formatCommunity } from "./community-value.ts";
import { type Candidate, EMPTY_CONFIGURATION } from "./configuration.ts";
import { advertisement, candidate, node, peer, secret } from "./manifest.test.fixture.ts";
import { resolve } from "./resolve.ts";
import { peersOfNode, type ResolvedPeer, resolveBgp } from "./resolve-bgp.ts";

const resolved = (...candidates: readonly Candidate[]) =>
  resolveBgp(resolve(EMPTY_CONFIGURATION, candidates).inForce.values());

const names = (peers: readonly ResolvedPeer[]) => peers.map(({ peer: { metadata } }) => metadata.name);
const onlyPeer = (...candidates: readonly Candidate[]) => resolved(...candidates).peers[0];
const inRack = (rack: string) => ({ nodeSelectors: [{ matchLabels: { rack } }] });

describe("peers", () => {
  test("come with profile, password and timers", () => {
    const annotations = {
      ...{ "heraldlb.io/gtsm": "2", "heraldlb.io/add-path": "true", "heraldlb.io/graceful-shutdown": "5s" },
    };
    const spec = { bfdProfile: "fast", passwordSecret: { name: "s" }, holdTime: "90s", connectTime: "5s" };
    const fast = candidate("BFDProfile", "fast", { receiveInterval: 100 });
    expect(onlyPeer(peer("p", "10.0.0.1", spec, { annotations }), fast, secret("s"))).toMatchObject({
      profile: { spec: { receiveInterval: 100 } },
      password: { type: "known", text: "hush" },
      timers: { hold: 90, keepalive: 30, connect: 5 },
      ...{ gtsmHops: 2, addPath: true, gracefulShutdownMs: 5000 },
    });
  });

  test.each<[string, object, object]>([
    ["nothing", {}, { hold: undefined, keepalive: undefined, connect: undefined }],
    ["only a hold time: a third of it", { holdTime: "90s" }, { hold: 90, keepalive: 30 }],
    ["only a keepalive time: three times it", { keepaliveTime: "5s" }, { hold: 15, keepalive: 5 }],
    ["both", { holdTime: "9s", keepaliveTime: "2s" }, { hold: 9, keepalive: 2 }],
    ["zero: off", { holdTime: "0s", keepaliveTime: "0s" }, { hold: 0, keepalive: 0 }],
  ])("have timers: %s", (_what, spec, timers) => {
    expect(onlyPeer(peer("p", "10.0.0.1", spec))?.timers).toMatchObject(timers);
  });

  test.each<[string, readonly Candidate[], object]>([
    ["none", [peer("p", "10.0.0.1")], { type: "none" }],
    ["that of the field", [peer("p", "10.0.0.1", { password: "hush" })], { type: "known", text: "hush" }],
    ["missing with its Secret", [peer("p", "10.0.0.1", { passwordSecret: { name: "s" } })], { type: "missing" }],
    [
      "missing if the Secret is of no use",
      [peer("p", "10.0.0.1", { passwordSecret: { name: "s" } }), secret("s", { type: "Opaque" })],
      { type: "missing" },
    ],
  ])("have a password: %s", (_what, candidates, password) => {
    expect(onlyPeer(...candidates)?.password).toEqual(password);
  });

  test("go without BFD while the profile is missing", () => {
    expect(onlyPeer(peer("p", "10.0.0.1", { bfdProfile: "fast" }))?.profile).toBeUndefined();
  });

  test("of a node are those that select its labels", () => {
    const { peers } = resolved(
      peer("a", "10.0.0.1", inRack("a")),
      peer("b", "10.0.0.2", inRack("b")),
      peer("c", "10.0.0.3"),
    );
    expect(names(peersOfNode(peers, { rack: "a" }))).toEqual(["a", "c"]);
    expect(names(peersOfNode(peers, {}))).toEqual(["c"]);
  });

  test("of a node never meet: where two have one address, the senior one is its peer", () => {
    const inZone = { nodeSelectors: [{ matchLabels: { zone: "z" } }] };
    const { peers } = resolved(
      ...[node("n1", { rack: "a" }), node("n2", { zone: "z" })],
      peer("b", "10.0.0.1", inRack("a"), { creationTimestamp: "2026-01-01T00:00:00Z" }),
      peer("a", "10.0.0.1", inZone, { creationTimestamp: "2026-01-02T00:00:00Z" }),
    );
    expect(names(peers)).toEqual(["b", "a"]);
    expect(names(peersOfNode(peers, { rack: "a", zone: "z" }))).toEqual(["b"]);
    expect(names(peersOfNode(peers, { zone: "z" }))).toEqual(["a"]);
  });
});

describe("advertisements", () => {
  test("come with their communities as values, each once, and with Herald's own settings", () => {
    const annotations = {
      ...{ "heraldlb.io/med": "50", "heraldlb.io/as-path-prepend": "2", "heraldlb.io/link-bandwidth": "true" },
    };
    const [first] = resolved(
      candidate("Community", "c", { communities: [{ name: "customers", value: "64512:1" }] }),
      advertisement(
        "a",
        { communities: ["customers", "large:1:2:3", "no-export", "unknown", "64512:01"] },
        { annotations },
      ),
    ).advertisements;
    expect(first?.communities.map(formatCommunity)).toEqual(["64512:1", "large:1:2:3", "65535:65281"]);
    expect(first).toMatchObject({ med: 50, asPathPrepend: 2, linkBandwidth: true });
  });

  test("a Community may name a well-known one anew", () => {
    const [first] = resolved(
      candidate("Community", "c", { communities: [{ name: "no-export", value: "64512:2" }] }),
      advertisement("a", { communities: ["no-export"] }),
    ).advertisements;
    expect(first?.communities.map(formatCommunity)).toEqual(["64512:2"]);
  });

  test("senior ones come first", () => {
    const { advertisements } = resolved(
      advertisement("a", {}, { creationTimestamp: "2026-01-02T00:00:00Z" }),
      advertisement("b", {}, { creationTimestamp: "2026-01-01T00:00:00Z" }),
    );
    expect(advertisements.map((each) => each.advertisement.metadata.name)).toEqual(["b", "a"]);
  });
});
