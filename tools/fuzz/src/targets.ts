import {
  arpAnnouncement,
  arpProbe,
  arpReply,
  arpRequest,
  decodeArp,
  encodeArp,
  gratuitousReply,
  gratuitousRequest,
} from "@heraldlb/arp";
import { decodeEthernet, ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import {
  ALL_NODES,
  decodeNdpPacket,
  encodeNdpPacket,
  type NdpPacket,
  neighborProbe,
  neighborReply,
  neighborSolicitation,
  unsolicitedAdvertisement,
} from "@heraldlb/ndp";
import {
  BROADCAST_MAC,
  type Ipv4,
  type Ipv6,
  internetChecksum,
  type Mac,
  onesComplementSum,
  type Prefix,
} from "@heraldlb/net";
import { bfdTargets } from "./bfd.ts";
import { bgpTargets } from "./bgp.ts";
import type { Random } from "./random.ts";
import { judgeOf, type Target } from "./target.ts";

const mac = "02:00:00:00:00:0a" as Mac;
const otherMac = "02:00:00:00:00:0b" as Mac;
const ip = "192.0.2.1" as Ipv4;
const request = arpRequest({ mac, ip }, "192.0.2.2" as Ipv4);

const arp: Target = {
  name: "arp",
  samples: [
    encodeArp(request),
    encodeArp(arpReply(request, otherMac)),
    encodeArp(arpProbe(mac, ip)),
    encodeArp(arpAnnouncement(mac, ip)),
    encodeArp(gratuitousRequest(mac, ip)),
    encodeArp(gratuitousReply(mac, ip)),
  ],
  lengthFields: [4, 5],
  judge: judgeOf({ decode: decodeArp, encode: encodeArp }),
  repair: (bytes, random) => overwrite(bytes, 0, [0, 1, 8, 0, 6, 4, 0, 1 + random.below(2)]),
};

const payload = Uint8Array.from({ length: 46 }, (_, i) => i);

const ethernet: Target = {
  name: "ethernet",
  samples: [
    encodeEthernet({ destination: BROADCAST_MAC, source: mac, etherType: ETHER_TYPE.arp, payload }),
    encodeEthernet({
      destination: otherMac,
      source: mac,
      vlan: { id: 7, priority: 3, dropEligible: true },
      etherType: ETHER_TYPE.ipv6,
      payload,
    }),
  ],
  lengthFields: [12, 13, 16, 17],
  judge: judgeOf({
    decode: decodeEthernet,
    encode: encodeEthernet,
    // Short frames come back with the padding that Ethernet wants.
    essence: (frame) => ({ ...frame, payload: withoutPadding(frame.payload) }),
  }),
  repair: (bytes, random) => overwrite(bytes, 12, random.below(2) === 0 ? [0x81, 0] : [0x08, 0x06]),
};

const client = { mac, source: "2001:db8::1" as Ipv6 };
const node = { mac: otherMac, source: "fe80::b" as Ipv6 };
const target = "2001:db8::64" as Ipv6;
const router: NdpPacket = {
  source: node.source,
  destination: ALL_NODES,
  message: {
    type: "routerAdvertisement",
    hopLimit: 64,
    managed: true,
    otherConfig: false,
    lifetimeSeconds: 1_800,
    reachableMs: 30_000,
    retransmitMs: 1_000,
    options: [
      { type: "sourceLinkLayer", mac: otherMac },
      {
        type: "prefixInformation",
        prefix: "2001:db8::/64" as Prefix,
        onLink: true,
        autonomous: true,
        validSeconds: 86_400,
        preferredSeconds: 3_600,
      },
      { type: "mtu", mtu: 1_500 },
      { type: "redirectedHeader", packet: new Uint8Array(8) },
      { type: "unknown", code: 24, value: new Uint8Array(6) },
    ],
  },
};

const IPV6_HEADER = 40;

const ndp: Target = {
  name: "ndp",
  samples: [
    encodeNdpPacket(neighborSolicitation(client, target)),
    encodeNdpPacket(neighborProbe(target)),
    encodeNdpPacket(neighborReply(neighborSolicitation(client, target), node)),
    encodeNdpPacket(unsolicitedAdvertisement(node, target)),
    encodeNdpPacket({
      source: client.source,
      destination: ALL_NODES,
      message: { type: "routerSolicitation", options: [{ type: "sourceLinkLayer", mac }] },
    }),
    encodeNdpPacket(router),
  ],
  // The payload's length, and the options' behind each kind of message.
  lengthFields: [4, 5, IPV6_HEADER + 9, IPV6_HEADER + 17, IPV6_HEADER + 25, IPV6_HEADER + 33, IPV6_HEADER + 57],
  judge: judgeOf({ decode: decodeNdpPacket, encode: encodeNdpPacket }),
  repair: repairNdp,
};

/** All codecs of what strangers may send. */
export const targets: readonly Target[] = [arp, ethernet, ndp, ...bgpTargets, ...bfdTargets];

/** Makes it IPv6 with ICMPv6 of some Neighbor Discovery type in it, of the right length mostly, with a right checksum. */
function repairNdp(bytes: Uint8Array, random: Random): void {
  const length = Math.max(bytes.length - IPV6_HEADER, 0);
  overwrite(bytes, 0, [0x60]);
  if (random.below(4) > 0) overwrite(bytes, 4, [length >>> 8, length & 0xff]);
  overwrite(bytes, 6, [58, 255]);
  if (random.below(4) === 0) overwrite(bytes, IPV6_HEADER, [133 + random.below(5)]);
  if (random.below(8) > 0) overwrite(bytes, IPV6_HEADER + 1, [0]);
  overwrite(bytes, IPV6_HEADER + 2, [0, 0]);
  const said = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  const seed = onesComplementSum(bytes.subarray(8, IPV6_HEADER), said + 58);
  const sum = internetChecksum(bytes.subarray(IPV6_HEADER, IPV6_HEADER + said), seed);
  overwrite(bytes, IPV6_HEADER + 2, [sum >>> 8, sum & 0xff]);
}

/** Writes what there is room for. */
function overwrite(bytes: Uint8Array, at: number, values: readonly number[]): void {
  values.forEach((value, i) => {
    if (at + i < bytes.length) bytes[at + i] = value;
  });
}

function withoutPadding(bytes: Uint8Array): Uint8Array {
  const last = bytes.findLastIndex((byte) => byte !== 0);
  return bytes.slice(0, last + 1);
}
