import type { Interface } from "@heraldlb/link";
import type { Ip, Ipv6 } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { DEFAULT_EXCLUDED_INTERFACES, describeInterface, isAllowed } from "./interface-selection.ts";
import { eth } from "./layer2.test.fixture.ts";

const eth0 = eth();

describe("names", () => {
  const excluded = new RegExp(DEFAULT_EXCLUDED_INTERFACES);

  test.each([
    ["eth0", true],
    ["bond0.100", true],
    ["br-lan", true],
    ["lo", false],
    ["lo1", true],
    ["docker0", false],
    ["mydocker", true],
    ["veth12ab", false],
    ["cali0af", false],
    ["flannel.1", false],
    ["nodelocaldns", false],
    ["kube-ipvs0", false],
    ["cni0", false],
    ["lxc_health", false],
  ])("%s is allowed by default: %s", (name, allowed) => {
    expect(isAllowed(name, { allowed: /.*/, excluded })).toBe(allowed);
  });

  test("both patterns apply, anywhere in the name", () => {
    const rules = { allowed: /eth|veth/, excluded: /^veth/ };
    expect(["eth0", "myeth", "veth0", "wlan0"].filter((name) => isAllowed(name, rules))).toEqual(["eth0", "myeth"]);
  });
});

describe("what can be done on an interface", () => {
  test.each<[string, Partial<Interface>, { arp: boolean; linkLocal: string | undefined }]>([
    ["Ethernet carries both", {}, { arp: true, linkLocal: "fe80::2" }],
    ["no IPv4 address is needed for ARP", { addresses: [] }, { arp: true, linkLocal: undefined }],
    ["a port of a bridge or bond carries nothing", { master: 7 }, { arp: false, linkLocal: undefined }],
    ["without ARP there is nothing", { noArp: true }, { arp: false, linkLocal: undefined }],
    ["without broadcast there is only NDP", { broadcast: false }, { arp: false, linkLocal: "fe80::2" }],
    ["without a MAC there is nothing", { mac: undefined }, { arp: false, linkLocal: undefined }],
    ["loopback carries nothing", { loopback: true }, { arp: false, linkLocal: undefined }],
    ["an interface that is down stays what it is", { up: false }, { arp: true, linkLocal: "fe80::2" }],
  ])("%s", (_what, change, expected) => {
    expect(describeInterface({ ...eth0, ...change })).toMatchObject(expected);
  });

  test("carrier means nothing while the interface is down", () => {
    expect(describeInterface({ ...eth0, up: false }).carrier).toBe(false);
  });

  test.each<[string, Ip, boolean]>([
    ["a global address", "2001:db8::1" as Ipv6, false],
    ["an IPv4 link-local address", "169.254.0.1" as Ip, false],
    ["an address that may be a duplicate", "fe80::2" as Ipv6, true],
  ])("%s is no source of advertisements", (_what, address, tentative) => {
    const addresses = [{ address, prefixLength: 64, linkLocal: true, tentative }];
    expect(describeInterface({ ...eth0, addresses }).linkLocal).toBeUndefined();
  });
});
