import {
  type ArpPacket,
  arpAnnouncement,
  arpProbe,
  arpReply,
  arpRequest,
  encodeArp,
  gratuitousReply,
  gratuitousRequest,
} from "@heraldlb/arp";
import { ETHER_TYPE, type EthernetFrame, encodeEthernet, type VlanTag } from "@heraldlb/ethernet";
import {
  ALL_NODES,
  ALL_ROUTERS,
  encodeNdpPacket,
  type NdpMessage,
  type NdpPacket,
  neighborProbe,
  neighborReply,
  neighborSolicitation,
  unsolicitedAdvertisement,
} from "@heraldlb/ndp";
import { BROADCAST_MAC, type Ipv4, type Ipv6, type Mac, multicastMac, type Prefix } from "@heraldlb/net";
import { beforeAll, describe, expect, test } from "vitest";
import { arpFields, type Expectation, ethernetFields, ndpFields } from "./expectation.ts";
import { type Dissection, dissect } from "./tshark.ts";

const mac = "02:00:00:00:00:0a" as Mac;
const node = "02:00:00:00:00:0b" as Mac;

interface Case {
  readonly frame: EthernetFrame;
  readonly expected: Expectation;
}

describe("what we encode, tshark reads as we mean it, and finds nothing wrong with", () => {
  const cases: Readonly<Record<string, Case>> = { ...arpCases(), ...ndpCases(), ...taggedCases() };
  const names = Object.keys(cases);
  let dissected: readonly Dissection[];

  // One start of tshark for all: it takes longer than everything else here.
  beforeAll(async () => {
    dissected = await dissect(Object.values(cases).map(({ frame }) => encodeEthernet(frame)));
  });

  test.each(names)("%s", (name) => {
    const { frame, expected } = cases[name] as Case;
    const seen = dissected[names.indexOf(name)] as Dissection;
    expect(seen.complaints).toEqual([]);
    const all = { ...ethernetFields(frame), ...expected };
    expect(pick(seen, Object.keys(all))).toEqual(lists(all));
  });
});

test("a redirected header is read as the packet that it is", async () => {
  const inner = encodeNdpPacket(neighborProbe("2001:db8::64" as Ipv6));
  const message = routerAdvertisement({ options: [{ type: "redirectedHeader", packet: inner }] });
  const [seen] = await dissect([encodeEthernet(ndpFrame(between("fe80::b", ALL_NODES, message)))]);
  expect(seen?.complaints).toEqual([]);
  expect(seen?.fields.get("icmpv6.checksum.status")?.[0]).toBe("1");
  expect(seen?.fields.get("icmpv6.opt.type")).toContain("4");
  expect(seen?.fields.get("ipv6.dst")).toEqual(["ff02::1", "ff02::1:ff00:64"]);
});

test("tshark would complain about a wrong checksum and a cut option", async () => {
  const wire = encodeEthernet(ndpFrame(neighborSolicitation({ mac, source: "2001:db8::1" as Ipv6 }, "::2" as Ipv6)));
  const [good, wrongChecksum, cutOption] = await dissect([wire, wire.with(56, 0), wire.with(79, 9)]);
  expect(good?.complaints).toEqual([]);
  expect(wrongChecksum?.fields.get("icmpv6.checksum.status")).toEqual(["0"]);
  expect(cutOption?.complaints).not.toEqual([]);
});

function arpCases(): Record<string, Case> {
  const ip = "192.0.2.1" as Ipv4;
  const address = "192.0.2.100" as Ipv4;
  const request = arpRequest({ mac, ip }, address);
  const probe = arpProbe(mac, address);
  return {
    "an ARP request": arpCase(request, BROADCAST_MAC, { "arp.isgratuitous": [] }),
    "an ARP reply": arpCase(arpReply(request, node), mac, { "arp.isgratuitous": [] }),
    "an ARP probe": arpCase(probe, BROADCAST_MAC, { "arp.isprobe": "1" }),
    "a reply to an ARP probe": arpCase(arpReply(probe, node), mac, {}),
    "an ARP announcement": arpCase(arpAnnouncement(node, address), BROADCAST_MAC, {
      "arp.isgratuitous": "1",
      "arp.isannouncement": "1",
    }),
    "a gratuitous ARP request": arpCase(gratuitousRequest(node, address), BROADCAST_MAC, { "arp.isgratuitous": "1" }),
    "a gratuitous ARP reply": arpCase(gratuitousReply(node, address), BROADCAST_MAC, { "arp.isgratuitous": "1" }),
  };
}

function ndpCases(): Record<string, Case> {
  const client = { mac, source: "2001:db8::1" as Ipv6 };
  const sender = { mac: node, source: "fe80::b" as Ipv6 };
  const target = "2001:db8::64" as Ipv6;
  const question = neighborSolicitation(client, target);
  const packets: Record<string, NdpPacket> = {
    "a neighbor solicitation": question,
    "a neighbor probe": neighborProbe(target),
    "a solicited neighbor advertisement": neighborReply(question, sender),
    "an advertisement to who has no address yet": neighborReply(neighborProbe(target), sender),
    "an unsolicited neighbor advertisement": unsolicitedAdvertisement(sender, target),
    "a neighbor advertisement with the router flag and no options": between(sender.source, client.source, {
      ...unsolicitedAdvertisement(sender, target).message,
      router: true,
      override: false,
      options: [],
    }),
    "a neighbor solicitation with a nonce": between("::", "ff02::1:ff00:64", {
      ...neighborProbe(target).message,
      options: [{ type: "unknown", code: 14, value: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
    }),
    "a router solicitation": between(sender.source, ALL_ROUTERS, {
      type: "routerSolicitation",
      options: [{ type: "sourceLinkLayer", mac: node }],
    }),
    "a router solicitation without an address": between("::", ALL_ROUTERS, { type: "routerSolicitation", options: [] }),
    "a router advertisement of no default router": between(sender.source, ALL_NODES, routerAdvertisement({})),
    "a router advertisement with all it can say": between(
      sender.source,
      client.source,
      routerAdvertisement({
        hopLimit: 64,
        managed: true,
        otherConfig: true,
        lifetimeSeconds: 1_800,
        reachableMs: 30_000,
        retransmitMs: 1_000,
        options: [
          { type: "sourceLinkLayer", mac: node },
          { type: "mtu", mtu: 9_000 },
          {
            type: "prefixInformation",
            prefix: "2001:db8:0:1::/64" as Prefix,
            onLink: true,
            autonomous: false,
            validSeconds: 0xffff_ffff,
            preferredSeconds: 604_800,
          },
        ],
      }),
    ),
  };
  return Object.fromEntries(
    Object.entries(packets).map(([name, packet]) => [name, { frame: ndpFrame(packet), expected: ndpFields(packet) }]),
  );
}

function taggedCases(): Record<string, Case> {
  const vlan: VlanTag = { id: 4_094, priority: 5, dropEligible: true };
  const arp = arpProbe(mac, "192.0.2.100" as Ipv4);
  const ndp = neighborProbe("2001:db8::64" as Ipv6);
  return {
    "an ARP packet in a VLAN": { frame: { ...arpFrame(arp, BROADCAST_MAC), vlan }, expected: arpFields(arp) },
    "a neighbor probe in a VLAN": { frame: { ...ndpFrame(ndp), vlan }, expected: ndpFields(ndp) },
  };
}

function arpCase(packet: ArpPacket, destination: Mac, more: Expectation): Case {
  return { frame: arpFrame(packet, destination), expected: { ...arpFields(packet), ...more } };
}

function arpFrame(packet: ArpPacket, destination: Mac): EthernetFrame {
  return { destination, source: packet.senderMac, etherType: ETHER_TYPE.arp, payload: encodeArp(packet) };
}

function ndpFrame(packet: NdpPacket): EthernetFrame {
  const destination = packet.destination.startsWith("ff02:") ? multicastMac(packet.destination) : mac;
  return { destination, source: node, etherType: ETHER_TYPE.ipv6, payload: encodeNdpPacket(packet) };
}

function between(source: string, destination: string, message: NdpMessage): NdpPacket {
  return { source: source as Ipv6, destination: destination as Ipv6, message };
}

function routerAdvertisement(fields: Partial<Extract<NdpMessage, { type: "routerAdvertisement" }>>): NdpMessage {
  return {
    type: "routerAdvertisement",
    hopLimit: 0,
    managed: false,
    otherConfig: false,
    lifetimeSeconds: 0,
    reachableMs: 0,
    retransmitMs: 0,
    options: [],
    ...fields,
  };
}

function pick({ fields }: Dissection, names: readonly string[]): Record<string, readonly string[]> {
  return Object.fromEntries(names.map((name) => [name, fields.get(name) ?? []]));
}

function lists(expected: Expectation): Record<string, readonly string[]> {
  return Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, [value].flat()]));
}
