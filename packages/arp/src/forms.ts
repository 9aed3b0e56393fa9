import { BROADCAST_MAC, type Ipv4, type Mac, ZERO_MAC } from "@heraldlb/net";
import type { ArpPacket } from "./packet.ts";

const UNSPECIFIED = "0.0.0.0" as Ipv4;

/** Who is speaking. */
export interface ArpSender {
  readonly mac: Mac;
  readonly ip: Ipv4;
}

/** Asks all hosts for the MAC behind an address (RFC 826). */
export function arpRequest(sender: ArpSender, targetIp: Ipv4): ArpPacket {
  return { operation: "request", senderMac: sender.mac, senderIp: sender.ip, targetMac: ZERO_MAC, targetIp };
}

/** Answers a request or probe to its sender: the address it asks for is at `mac` (RFC 826). */
export function arpReply(request: ArpPacket, mac: Mac): ArpPacket {
  return {
    operation: "reply",
    senderMac: mac,
    senderIp: request.targetIp,
    targetMac: request.senderMac,
    targetIp: request.senderIp,
  };
}

/** Asks whether anybody uses the address without claiming it, to be broadcast (RFC 5227 section 2.1.1). */
export function arpProbe(mac: Mac, ip: Ipv4): ArpPacket {
  return { operation: "request", senderMac: mac, senderIp: UNSPECIFIED, targetMac: ZERO_MAC, targetIp: ip };
}

/** Says that the address is at `mac`, to be broadcast (RFC 5227 section 2.3). */
export function arpAnnouncement(mac: Mac, ip: Ipv4): ArpPacket {
  return { operation: "request", senderMac: mac, senderIp: ip, targetMac: ZERO_MAC, targetIp: ip };
}

/** The first of MetalLB's two gratuitous forms, to be broadcast: a request with the broadcast MAC as its target. */
export function gratuitousRequest(mac: Mac, ip: Ipv4): ArpPacket {
  return { operation: "request", senderMac: mac, senderIp: ip, targetMac: BROADCAST_MAC, targetIp: ip };
}

/** The second of MetalLB's two gratuitous forms, to be broadcast: a reply that nobody asked for. */
export function gratuitousReply(mac: Mac, ip: Ipv4): ArpPacket {
  return { operation: "reply", senderMac: mac, senderIp: ip, targetMac: BROADCAST_MAC, targetIp: ip };
}

/** Whether the packet asks for its target without claiming an address for its sender (RFC 5227 section 1.1). */
export function isArpProbe({ operation, senderIp }: ArpPacket): boolean {
  return operation === "request" && senderIp === UNSPECIFIED;
}

/** Whether the packet is about its sender's own address: an announcement or either gratuitous form. */
export function isGratuitous({ senderIp, targetIp }: ArpPacket): boolean {
  return senderIp === targetIp && senderIp !== UNSPECIFIED;
}
