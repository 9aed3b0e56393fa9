import type { AgreedConnection } from "@heraldlb/bgp";
import type { Ip, Ipv4 } from "@heraldlb/net";
import { expect, test } from "vitest";
import type { BgpPeer } from "./desired.ts";
import { changeOfPeer, familiesOf, isSamePeer, type RunningSession } from "./peer-change.ts";

const PEER: BgpPeer = {
  name: "tor",
  address: "192.0.2.1" as Ip,
  port: 179,
  asn: 64512,
  peerAsn: 64513,
  holdSeconds: 180,
  keepaliveSeconds: 60,
};

/** A session with `PEER`. */
const RUNNING = {
  connection: {
    open: { identifier: "192.0.2.9" as Ipv4 },
    session: { peer: "external", asn: 64513 },
  } as AgreedConnection,
  localAddress: "192.0.2.9" as Ip,
} satisfies RunningSession;

// The table of the manual.
test.each<[Partial<BgpPeer>, "none" | "restart" | "replace"]>([
  [{ address: "192.0.2.2" as Ip }, "replace"],
  [{ interface: "eth1" }, "replace"],
  [{ port: 1790 }, "replace"],
  [{ vrf: "red" }, "replace"],
  [{ asn: 64999 }, "replace"],
  [{ sourceAddress: "192.0.2.8" as Ip }, "replace"],
  [{ sourceAddress: "192.0.2.9" as Ip }, "none"],
  [{ peerAsn: 64514 }, "restart"],
  [{ peerAsn: "internal" }, "restart"],
  [{ peerAsn: "external" }, "none"],
  [{ routerId: "1.2.3.4" as Ipv4 }, "restart"],
  [{ routerId: "192.0.2.9" as Ipv4 }, "none"],
  [{ password: "secret" }, "restart"],
  [{ ttlSecurityHops: 1 }, "restart"],
  [{ ttlSecurityHops: undefined }, "none"],
  [{ isDualStack: true }, "restart"],
  [{ hasGracefulRestart: true }, "restart"],
  [{ hasAddPath: true }, "restart"],
  [{ holdSeconds: 9 }, "none"],
  [{ keepaliveSeconds: 3 }, "none"],
  [{ connectRetrySeconds: 3 }, "none"],
  [{ isMultiHop: true }, "none"],
  [{ password: "secret", port: 1790 }, "replace"],
  [{}, "none"],
])("a running session, when %j changes: %s", (change, expected) => {
  expect(changeOfPeer(PEER, { ...PEER, ...change }, RUNNING)).toBe(expected);
});

test("knows whether anything has changed at all", () => {
  expect(isSamePeer(PEER, { ...PEER })).toBe(true);
  expect(isSamePeer(PEER, { ...PEER, password: undefined })).toBe(true);
  expect(isSamePeer(PEER, { ...PEER, holdSeconds: 9 })).toBe(false);
});

test("a session carries its address's family, unless it is to carry both", () => {
  const { address: _, ...unnumbered } = { ...PEER, interface: "eth1" };
  expect(familiesOf(PEER)).toEqual(["ipv4"]);
  expect(familiesOf({ ...PEER, address: "fd00::1" as Ip })).toEqual(["ipv6"]);
  expect(familiesOf({ ...PEER, isDualStack: true })).toEqual(["ipv4", "ipv6"]);
  expect(familiesOf(unnumbered)).toEqual(["ipv4", "ipv6"]);
});
