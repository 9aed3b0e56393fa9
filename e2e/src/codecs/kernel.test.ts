import { decodeArp, encodeArp, isArpProbe, isGratuitous } from "@heraldlb/arp";
import { decodeEthernet, ETHER_TYPE, type EthernetFrame, encodeEthernet } from "@heraldlb/ethernet";
import { until } from "@heraldlb/lab";
import { decodeNdpPacket, encodeNdpPacket, isNeighborProbe, type NdpPacket } from "@heraldlb/ndp";
import { DecodeError } from "@heraldlb/net";
import { beforeAll, describe, expect, test } from "vitest";
import { arpFields, type Expectation, ethernetFields, ndpFields } from "./expectation.ts";
import { type Dissection, dissect } from "./tshark.ts";
import { PORT, type TwoHosts, twoHosts } from "./two-hosts.ts";

interface Captured {
  readonly bytes: Uint8Array;
  readonly frame: EthernetFrame;
  readonly seen: Dissection;
}

const NEIGHBOR_DISCOVERY = ["133", "134", "135", "136"];

describe("what Linux sends to find and to announce neighbours", () => {
  let captured: readonly Captured[];
  let arp: readonly Captured[];
  let ndp: readonly Captured[];

  beforeAll(async () => {
    const frames = await captureConversation();
    const dissected = await dissect(frames);
    captured = frames.map((bytes, i) => ({ bytes, frame: decodeEthernet(bytes), seen: dissected[i] as Dissection }));
    arp = captured.filter(({ frame }) => frame.etherType === ETHER_TYPE.arp);
    ndp = captured.filter(({ seen }) => NEIGHBOR_DISCOVERY.includes(seen.fields.get("icmpv6.type")?.[0] ?? ""));
  });

  test("has every form that it can be made to send", () => {
    const packets = arp.map(({ frame }) => decodeArp(frame.payload));
    expect(packets.some((packet) => packet.operation === "reply")).toBe(true);
    expect(packets.some((packet) => packet.operation === "request" && !isGratuitous(packet))).toBe(true);
    expect(packets.some(isGratuitous)).toBe(true);
    expect(packets.some(isArpProbe)).toBe(true);

    const neighbours = ndp.map(({ frame }) => decodeNdpPacket(frame.payload));
    const solicited = ({ message }: NdpPacket) => message.type === "neighborAdvertisement" && message.solicited;
    const announced = ({ message }: NdpPacket) => message.type === "neighborAdvertisement" && !message.solicited;
    expect(neighbours.some(isNeighborProbe)).toBe(true);
    expect(neighbours.some(({ message, source }) => message.type === "neighborSolicitation" && source !== "::")).toBe(
      true,
    );
    expect(neighbours.some(({ message }) => message.type === "routerSolicitation")).toBe(true);
    expect(neighbours.some(solicited)).toBe(true);
    expect(neighbours.some(announced)).toBe(true);
  });

  test("ARP decodes to what tshark reads, and encodes to the same bytes", () => {
    for (const { frame, seen } of arp) {
      const packet = decodeArp(frame.payload);
      expectFields(seen, { ...ethernetFields(frame), ...arpFields(packet) });
      expect(Array.from(encodeArp(packet))).toEqual(Array.from(frame.payload.subarray(0, 28)));
    }
  });

  test("Neighbor Discovery decodes to what tshark reads, and encodes to the same bytes", () => {
    for (const { frame, seen } of ndp) {
      const packet = decodeNdpPacket(frame.payload);
      expectFields(seen, { ...ethernetFields(frame), ...ndpFields(packet) });
      expect(Array.from(encodeNdpPacket(packet))).toEqual(Array.from(frame.payload));
    }
  });

  test("frames encode to the same bytes, with the padding that short ones lack on a virtual wire", () => {
    for (const { bytes, frame } of captured) {
      expect(Array.from(encodeEthernet(frame).subarray(0, bytes.length))).toEqual(Array.from(bytes));
    }
  });

  test("everything else that went over the wire is refused, as unsupported or for its hop limit", () => {
    const others = captured.filter((one) => !arp.includes(one) && !ndp.includes(one));
    // Pings and multicast listener reports, which have a hop-by-hop header.
    expect(others.length).toBeGreaterThan(0);
    for (const { frame } of others) expect(() => decodeNdpPacket(frame.payload)).toThrow(DecodeError);
  });
});

/** Everything that two hosts say while they get addresses, find each other and announce themselves. */
async function captureConversation(): Promise<Uint8Array[]> {
  await using hosts = await twoHosts();
  for (const [host, ipv4, ipv6] of [
    ["a", "192.0.2.1", "2001:db8::1"],
    ["b", "192.0.2.2", "2001:db8::2"],
  ] as const) {
    await hosts.exec(host, "ip", "address", "add", `${ipv4}/24`, "dev", PORT);
    await hosts.exec(host, "ip", "address", "add", `${ipv6}/64`, "dev", PORT);
  }
  await settled(hosts);
  await hosts.exec("a", "ping", "-c1", "-W5", "192.0.2.2");
  await hosts.exec("a", "ping", "-c1", "-W5", "2001:db8::2");
  // As a new MAC does, link down and up makes it announce its addresses.
  await hosts.exec("b", "sysctl", "-qw", `net.ipv4.conf.${PORT}.arp_notify=1`, `net.ipv6.conf.${PORT}.ndisc_notify=1`);
  await hosts.exec("b", "ip", "link", "set", PORT, "down");
  await hosts.exec("b", "ip", "link", "set", PORT, "up");
  await hosts.exec("b", "ip", "address", "replace", "2001:db8::2/64", "dev", PORT);
  await settled(hosts);
  // Linux itself sends no ARP probes; the tool that does is as good a witness.
  await hosts.exec("a", "arping", "-0", "-c1", "-i", PORT, "192.0.2.2");
  await hosts.exec("a", "ping", "-c1", "-W5", "2001:db8::2");
  return await hosts.stop();
}

/** Waits until duplicate address detection is over on both hosts. */
async function settled(hosts: TwoHosts): Promise<void> {
  await until("no address is tentative", async () => {
    const lists = await Promise.all(
      (["a", "b"] as const).map((host) => hosts.exec(host, "ip", "-6", "address", "show", "dev", PORT)),
    );
    return lists.every((list) => list.includes("2001:db8::") && !list.includes("tentative"));
  });
}

function expectFields({ fields, complaints }: Dissection, expected: Expectation): void {
  expect(complaints).toEqual([]);
  for (const [name, value] of Object.entries(expected))
    expect([name, fields.get(name)]).toEqual([name, [value].flat()]);
}
