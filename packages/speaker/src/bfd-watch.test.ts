import { type Ip, parseIp } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { DesiredSession } from "./bfd/desired-session.ts";
import { BfdWatch } from "./bfd-watch.ts";
import type { NodePeer } from "./bgp-definitions.ts";

const ip = (text: string): Ip => parseIp(text) ?? expect.fail(`no address: ${text}`);

const LOCAL = ip("192.0.2.1");
const ON_LINK = ip("192.0.2.254");
const FAR = ip("198.51.100.1");
const LINKS = [{ name: "eth0", addresses: [{ address: LOCAL, prefixLength: 24 }] }] as never;
const PROFILE = {
  ...{ receiveIntervalMs: 300, transmitIntervalMs: 300, detectMultiplier: 3, echoIntervalMs: undefined },
  ...{ isPassive: false, minimumTtl: 254 },
};

function peer(change: Partial<NodePeer["bgp"]> = {}, bfd: NodePeer["bfd"] = PROFILE): NodePeer {
  const bgp = { name: "r1", port: 179, asn: 64_512, peerAsn: 64_513, holdSeconds: 180, keepaliveSeconds: 60 };
  return { bgp: { ...bgp, ...change }, bfd, gracefulShutdownMs: 0 };
}

function watched(one: NodePeer, remote: Ip | undefined = ON_LINK, local: Ip | undefined = LOCAL) {
  return new BfdWatch().watch([one], () => ({ local, remote }), LINKS)[0];
}

describe("a router is watched", () => {
  test("between the addresses of its BGP session, over the interface of this end's", () => {
    expect(watched(peer())).toEqual({
      ...{ local: LOCAL, remote: ON_LINK, interface: "eth0", vrf: undefined, isMultihop: false, profile: PROFILE },
    });
  });

  test.each<[string, Partial<NodePeer["bgp"]>, Ip, boolean]>([
    ["one hop to an external router, wherever it is", {}, FAR, false],
    ["several hops if that is said", { isMultiHop: true }, ON_LINK, true],
    ["one hop to an internal router on the link", { peerAsn: 64_512 }, ON_LINK, false],
    ["several hops to an internal router elsewhere", { peerAsn: 64_512 }, FAR, true],
    ["several hops to a router elsewhere that must be internal", { peerAsn: "internal" }, FAR, true],
    ["one hop to a router elsewhere that must be external", { peerAsn: "external" }, FAR, false],
    ["one hop to an internal router with a link-local address", { peerAsn: 64_512 }, ip("fe80::1"), false],
  ])("over %s", (_what, change, remote, isMultihop) => {
    const local = remote === ip("fe80::1") ? ip("fe80::2") : LOCAL;
    expect(watched(peer(change), remote, local)).toMatchObject({ isMultihop });
  });

  test("over no interface if it is several hops away, over its own if it has one", () => {
    expect(watched(peer({ isMultiHop: true }))?.interface).toBeUndefined();
    expect(watched(peer({ interface: "eth7" }))?.interface).toBe("eth7");
  });

  test.each<[string, NodePeer, SessionEnd, SessionEnd]>([
    ["it has no profile", { ...peer(), bfd: undefined }, ON_LINK, LOCAL],
    ["it is not found yet", peer(), "unknown", LOCAL],
    ["no session was up yet", peer(), ON_LINK, "unknown"],
    ["the ends known are of two families", peer(), ON_LINK, ip("2001:db8::1")],
  ])("not while %s", (_what, one, remote, local) => {
    const ends = { remote: remote === "unknown" ? undefined : remote, local: local === "unknown" ? undefined : local };
    expect(new BfdWatch().watch([one], () => ends, LINKS)).toEqual([]);
  });
});

type SessionEnd = Ip | "unknown";

describe("a router is lost", () => {
  /** Two routers at one address, watched, and up for BFD. */
  function up(): { readonly watch: BfdWatch; readonly session: DesiredSession } {
    const watch = new BfdWatch();
    const peers = [peer(), peer({ name: "r2", port: 1_179 })];
    const [session, ...others] = watch.watch(peers, () => ({ local: LOCAL, remote: ON_LINK }), LINKS);
    if (!session || others.length > 0) return expect.fail("one session");
    expect(watch.changed({ session, state: "init", remoteState: "down" })).toEqual([]);
    expect(watch.changed({ session, state: "up", remoteState: "up" })).toEqual([]);
    return { watch, session };
  }

  test("once, with all at its address, when it was up for BFD and is not any more", () => {
    const { watch, session } = up();
    expect(watch.changed({ session, state: "down", remoteState: "up" })).toEqual(["r1", "r2"]);
    expect(watch.changed({ session, state: "down", remoteState: "down" })).toEqual([]);
  });

  test("not when either end turns BFD off (RFC 5882 section 4.2)", () => {
    const here = up();
    expect(here.watch.changed({ session: here.session, state: "adminDown", remoteState: "up" })).toEqual([]);
    const there = up();
    expect(there.watch.changed({ session: there.session, state: "down", remoteState: "adminDown" })).toEqual([]);
  });

  test("not if it is not to be watched any more", () => {
    const { watch, session } = up();
    watch.watch([{ ...peer(), bfd: undefined }], () => ({ local: LOCAL, remote: ON_LINK }), LINKS);
    expect(watch.changed({ session, state: "down", remoteState: "down" })).toEqual([]);
  });
});
