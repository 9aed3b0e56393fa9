import type { Interface } from "@heraldlb/link";
import type { Family, Ip } from "@heraldlb/net";
import { expect, test } from "vitest";
import { eth } from "../layer2.test.fixture.ts";
import { defaultIdentifier, interfaceWith, nextHopFor } from "./next-hop.ts";

function link(name: string, ...addresses: string[]): Interface {
  return eth({
    name,
    addresses: addresses.map((address) => ({
      address: address.replace("!", "") as Ip,
      prefixLength: 24,
      linkLocal: address.startsWith("fe80"),
      tentative: address.endsWith("!"),
    })),
  });
}

const BOTH = [link("lo", "127.0.0.1"), link("eth0", "192.0.2.1", "192.0.2.7", "fd00::1", "fe80::1")];
const SIX = [link("eth0", "fd00::1", "fe80::1")];
const BARE = [link("eth0", "fe80::1")];
const TENTATIVE = [link("eth0", "192.0.2.1", "fd00::1!", "fd00::2")];

interface Row {
  readonly what: string;
  readonly family: Family;
  readonly local: string;
  readonly links: readonly Interface[];
  readonly is: unknown;
  readonly extended?: boolean;
}

test.each<Row>([
  { what: "its own end", family: "ipv4", local: "192.0.2.7", links: BOTH, is: { address: "192.0.2.7" } },
  { what: "its own end", family: "ipv6", local: "fd00::1", links: BOTH, is: { address: "fd00::1" } },
  { what: "its interface's address", family: "ipv6", local: "192.0.2.7", links: BOTH, is: { address: "fd00::1" } },
  { what: "one that is in use", family: "ipv6", local: "192.0.2.1", links: TENTATIVE, is: { address: "fd00::2" } },
  { what: "its interface's address", family: "ipv4", local: "fd00::1", links: BOTH, is: { address: "192.0.2.1" } },
  { what: "none", family: "ipv4", local: "fd00::1", links: SIX, is: undefined },
  {
    what: "its own end by RFC 8950",
    family: "ipv4",
    local: "fd00::1",
    links: SIX,
    extended: true,
    is: { address: "fd00::1" },
  },
  {
    what: "both addresses of a link-local session",
    family: "ipv6",
    local: "fe80::1",
    links: SIX,
    is: { address: "fd00::1", linkLocal: "fe80::1" },
  },
  { what: "a link-local address alone", family: "ipv6", local: "fe80::1", links: BARE, is: { address: "fe80::1" } },
  {
    what: "a link-local address by RFC 8950",
    family: "ipv4",
    local: "fe80::1",
    links: BARE,
    extended: true,
    is: { address: "fe80::1" },
  },
  { what: "none", family: "ipv6", local: "192.0.2.1", links: [link("eth0", "192.0.2.1", "fe80::1")], is: undefined },
])("the next hop of $family over $local is $what", ({ family, local, links, extended = false, is }) => {
  const source = { localAddress: local as Ip, interface: "eth0", extendedNextHop: extended };
  expect(nextHopFor(family, source, links)).toEqual(is);
});

test.each([
  ["192.0.2.7", BOTH, "192.0.2.7"],
  ["fd00::1", BOTH, "192.0.2.1"],
  // MetalLB's vectors.
  ["fd00::1", SIX, "64.37.239.133", "node1"],
  ["fd00::1", SIX, "171.77.153.120", "node-a"],
  ["fd00::1", SIX, "160.112.56.60", "worker-1"],
] as const)("the identifier of a session from %s", (local, links, identifier, node = "node1") => {
  expect(defaultIdentifier({ localAddress: local as Ip, interface: "eth0" }, links, node)).toBe(identifier);
});

test("where nothing is known of the interface, only the session's own end is a next hop", () => {
  const source = { localAddress: "192.0.2.1" as Ip, interface: undefined, extendedNextHop: false };
  expect(nextHopFor("ipv4", source, BOTH)).toEqual({ address: "192.0.2.1" });
  expect(nextHopFor("ipv6", source, BOTH)).toBeUndefined();
});

test("finds the interface that has an address", () => {
  expect(interfaceWith("192.0.2.7" as Ip, BOTH)).toBe("eth0");
  expect(interfaceWith("192.0.2.8" as Ip, BOTH)).toBeUndefined();
});
