import type { ArpPacket } from "@heraldlb/arp";
import type { EthernetFrame } from "@heraldlb/ethernet";
import type { NdpMessage, NdpOption, NdpPacket } from "@heraldlb/ndp";
import { prefixAddress, prefixLength } from "@heraldlb/net";

/** tshark's fields and the values that they should have; a list where a field comes more than once. */
export type Expectation = Readonly<Record<string, string | readonly string[]>>;

/** What tshark should say of a frame's header. */
export function ethernetFields({ destination, source, vlan, etherType }: EthernetFrame): Expectation {
  const type = `0x${etherType.toString(16).padStart(4, "0")}`;
  const addresses = { "eth.dst": destination, "eth.src": source };
  if (!vlan) return { ...addresses, "eth.type": type };
  return {
    ...addresses,
    "eth.type": "0x8100",
    "vlan.id": String(vlan.id),
    "vlan.priority": String(vlan.priority),
    "vlan.dei": bit(vlan.dropEligible),
    "vlan.etype": type,
  };
}

/** What tshark should say of an ARP packet. */
export function arpFields(packet: ArpPacket): Expectation {
  return {
    "arp.hw.type": "1",
    "arp.proto.type": "0x0800",
    "arp.hw.size": "6",
    "arp.proto.size": "4",
    "arp.opcode": packet.operation === "request" ? "1" : "2",
    "arp.src.hw_mac": packet.senderMac,
    "arp.src.proto_ipv4": packet.senderIp,
    "arp.dst.hw_mac": packet.targetMac,
    "arp.dst.proto_ipv4": packet.targetIp,
  };
}

/** What tshark should say of a Neighbor Discovery packet, its checksum included. */
export function ndpFields({ source, destination, message }: NdpPacket): Expectation {
  return {
    "ipv6.src": source,
    "ipv6.dst": destination,
    "ipv6.nxt": "58",
    "ipv6.hlim": "255",
    "icmpv6.code": "0",
    "icmpv6.checksum.status": "1",
    ...messageFields(message),
    ...optionFields(message.options),
  };
}

function messageFields(message: NdpMessage): Expectation {
  switch (message.type) {
    case "routerSolicitation":
      return { "icmpv6.type": "133" };
    case "routerAdvertisement":
      return {
        "icmpv6.type": "134",
        "icmpv6.nd.ra.cur_hop_limit": String(message.hopLimit),
        "icmpv6.nd.ra.flag.m": bit(message.managed),
        "icmpv6.nd.ra.flag.o": bit(message.otherConfig),
        "icmpv6.nd.ra.router_lifetime": String(message.lifetimeSeconds),
        "icmpv6.nd.ra.reachable_time": String(message.reachableMs),
        "icmpv6.nd.ra.retrans_timer": String(message.retransmitMs),
      };
    case "neighborSolicitation":
      return { "icmpv6.type": "135", "icmpv6.nd.ns.target_address": message.target };
    case "neighborAdvertisement":
      return {
        "icmpv6.type": "136",
        "icmpv6.nd.na.target_address": message.target,
        "icmpv6.nd.na.flag.r": bit(message.router),
        "icmpv6.nd.na.flag.s": bit(message.solicited),
        "icmpv6.nd.na.flag.o": bit(message.override),
      };
  }
}

function optionFields(options: readonly NdpOption[]): Expectation {
  if (options.length === 0) return {};
  const codes = options.map((option) => String(option.type === "unknown" ? option.code : CODES[option.type]));
  return Object.assign({ "icmpv6.opt.type": codes }, ...options.map(valueFields));
}

const CODES = { sourceLinkLayer: 1, targetLinkLayer: 2, prefixInformation: 3, redirectedHeader: 4, mtu: 5 } as const;

function valueFields(option: NdpOption): Expectation {
  switch (option.type) {
    case "sourceLinkLayer":
      return { "icmpv6.opt.src_linkaddr": option.mac };
    case "targetLinkLayer":
      return { "icmpv6.opt.target_linkaddr": option.mac };
    case "prefixInformation":
      return {
        "icmpv6.opt.prefix": prefixAddress(option.prefix),
        "icmpv6.opt.prefix.length": String(prefixLength(option.prefix)),
        "icmpv6.opt.prefix.flag.l": bit(option.onLink),
        "icmpv6.opt.prefix.flag.a": bit(option.autonomous),
        "icmpv6.opt.prefix.valid_lifetime": String(option.validSeconds),
        "icmpv6.opt.prefix.preferred_lifetime": String(option.preferredSeconds),
      };
    case "mtu":
      return { "icmpv6.opt.mtu": String(option.mtu) };
    case "redirectedHeader":
    case "unknown":
      return {};
  }
}

function bit(value: boolean): string {
  return value ? "1" : "0";
}
