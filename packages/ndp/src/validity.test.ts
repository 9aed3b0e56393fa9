import { type Ipv6, internetChecksum, type Mac, onesComplementSum } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import type { NdpMessage } from "./message.ts";
import { decodeNdpPacket, encodeNdpPacket, type NdpPacket } from "./packet.ts";

const slla = { type: "sourceLinkLayer", mac: "02:00:00:00:00:0a" as Mac } as const;
const target = "2001:db8::2" as Ipv6;
const node = "2001:db8::1";
const solicitation: NdpMessage = { type: "neighborSolicitation", target, options: [] };
const advertisement: NdpMessage = {
  type: "neighborAdvertisement",
  target,
  router: false,
  solicited: true,
  override: true,
  options: [],
};
const router: NdpMessage = {
  type: "routerAdvertisement",
  hopLimit: 0,
  managed: false,
  otherConfig: false,
  lifetimeSeconds: 0,
  reachableMs: 0,
  retransmitMs: 0,
  options: [],
};

type Case = readonly [rule: string, source: string, destination: string, message: NdpMessage];

describe("discarded, and never sent", () => {
  test.each<Case>([
    ["§7.1.1 solicitation for a multicast target", node, "ff02::1", { ...solicitation, target: "ff02::5" as Ipv6 }],
    ["§7.1.1 solicitation from :: to a unicast address", "::", target, solicitation],
    ["§7.1.1 solicitation from :: to all nodes", "::", "ff02::1", solicitation],
    ["§7.1.1 solicitation from :: to something like a solicited-node group", "::", "ff02::1:ff", solicitation],
    ["§7.1.1 solicitation from :: to a group of another scope", "::", "ff05::1:ff00:2", solicitation],
    ["§7.1.1 solicitation from :: with a MAC", "::", "ff02::1:ff00:2", { ...solicitation, options: [slla] }],
    ["§7.1.2 advertisement of a multicast target", node, "ff02::1", { ...advertisement, target: "ff02::5" as Ipv6 }],
    ["§7.1.2 solicited advertisement to a group", node, "ff02::1", advertisement],
    ["§6.1.1 router solicitation from :: with a MAC", "::", "ff02::2", { type: "routerSolicitation", options: [slla] }],
    ["§6.1.2 router advertisement from a global address", node, "ff02::1", router],
    ["§6.1.2 router advertisement from ::", "::", "ff02::1", router],
    ["RFC 4291 §2.7 multicast source", "ff02::1", target, solicitation],
  ])("%s", (_rule, source, destination, message) => {
    const packet = { source: source as Ipv6, destination: destination as Ipv6, message };
    expect(() => encodeNdpPacket(packet)).toThrow(RangeError);
    expect(() => decodeNdpPacket(forge(packet))).toThrow(expect.objectContaining({ code: "malformed" }));
  });
});

describe("accepted", () => {
  test.each<Case>([
    ["solicitation to a unicast address (§7.3.3)", node, target, solicitation],
    ["solicitation to a unicast address, with a MAC", node, target, { ...solicitation, options: [slla] }],
    ["solicitation from ::", "::", "ff02::1:ff00:2", solicitation],
    ["solicitation from :: for an address ending in zeros", "::", "ff02::1:ff00:0", solicitation],
    ["advertisement to a group, unsolicited", node, "ff02::1", { ...advertisement, solicited: false }],
    ["router solicitation from ::", "::", "ff02::2", { type: "routerSolicitation", options: [] }],
    ["router advertisement to a unicast address", "fe80::1", node, router],
    ["router advertisement from the end of fe80::/10", "febf::1", "ff02::1", router],
  ])("%s", (_rule, source, destination, message) => {
    const packet = { source: source as Ipv6, destination: destination as Ipv6, message };
    expect(decodeNdpPacket(encodeNdpPacket(packet))).toEqual(packet);
  });
});

/** The bytes of a packet that the encoder refuses: valid ones, with what is wrong put in afterwards. */
function forge({ source, destination, message }: NdpPacket): Uint8Array {
  const valid = message.type === "routerAdvertisement" ? "fe80::1" : node;
  const soft: NdpMessage =
    message.type === "neighborAdvertisement"
      ? { ...message, target }
      : message.type === "neighborSolicitation"
        ? { ...message, target }
        : message;
  const bytes = encodeNdpPacket({ source: valid as Ipv6, destination: node as Ipv6, message: soft });
  bytes.set(addressBytes(source), 8);
  bytes.set(addressBytes(destination), 24);
  if ("target" in message) bytes.set(addressBytes(message.target), 48);
  bytes.set([0, 0], 42);
  const seed = onesComplementSum(bytes.subarray(8, 40), bytes.length - 40 + 58);
  const sum = internetChecksum(bytes.subarray(40), seed);
  bytes.set([sum >>> 8, sum & 0xff], 42);
  return bytes;
}

function addressBytes(ip: string): Uint8Array {
  const [head = "", tail = ""] = ip.split("::");
  const groups = (text: string) =>
    text
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail)];
  const all = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(all.flatMap((group) => [group >>> 8, group & 0xff]));
}
