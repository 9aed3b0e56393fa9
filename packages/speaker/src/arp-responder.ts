import { encodeArp } from "@heraldlb/arp";
import { allowsInterface } from "@heraldlb/election";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { type Ipv4, type Mac, macToBytes, ZERO_MAC } from "@heraldlb/net";
import type { AddressTable, ServedAddress } from "./address-table.ts";
import {
  copyBytes,
  ETHER_TYPE_OFFSET,
  ETHERNET_HEADER,
  i32,
  isBroadcast,
  isHostMac,
  sameBytes,
  u16,
} from "./frame-bytes.ts";
import type { ResponderInterface, ResponderOutput, Verdict } from "./responder.ts";

// Offsets in a frame: RFC 826's fields behind an Ethernet header.
const HARDWARE_AND_PROTOCOL = ETHERNET_HEADER;
const LENGTHS = ETHERNET_HEADER + 4;
const OPERATION = ETHERNET_HEADER + 6;
const SENDER_MAC = ETHERNET_HEADER + 8;
const SENDER_IP = ETHERNET_HEADER + 14;
const TARGET_MAC = ETHERNET_HEADER + 18;
const TARGET_IP = ETHERNET_HEADER + 24;
const LENGTH = ETHERNET_HEADER + 28;

const REQUEST = 1;
const REPLY = 2;

/**
 * Makes the function that answers ARP requests on one interface.
 *
 * It reads the frame in place and patches a reply that was encoded once, so that an answer allocates nothing. The
 * reply handed to `output.send` is overwritten by the next one.
 */
export function arpResponder(
  { name, mac, own }: ResponderInterface,
  table: AddressTable,
  output: ResponderOutput,
): (frame: Uint8Array) => Verdict {
  const ownMac = macToBytes(mac);
  const reply = replyTemplate(mac);

  function answer(frame: Uint8Array, entry: ServedAddress): void {
    copyBytes(frame, SENDER_MAC, reply, 0, 6);
    copyBytes(frame, TARGET_IP, reply, SENDER_IP, 4);
    copyBytes(frame, SENDER_MAC, reply, TARGET_MAC, 10);
    if (output.send(reply)) entry.responses++;
  }

  function request(frame: Uint8Array): Verdict {
    if (!isBroadcast(frame, 0) && !sameBytes(frame, 0, ownMac, 0, 6)) return "wrong-destination";
    const entry = table.findIpv4(frame, TARGET_IP);
    if (!entry) return "not-announced";
    if (!allowsInterface(entry.interfaces, name)) return "wrong-interface";

    const senderIp = i32(frame, SENDER_IP);
    const probe = senderIp === 0;
    const gratuitous = senderIp === i32(frame, TARGET_IP);
    const answered = entry.mode === "all" || (entry.mode === "requests" && !probe && !gratuitous);
    if (entry.mode !== "none") entry.requests++;
    // The answer goes out before anybody is told.
    if (answered) answer(frame, entry);
    if (probe && !own.has(frame, SENDER_MAC)) output.probe(entry, frame, SENDER_MAC);
    if (answered) return "answered";
    return entry.mode === "none" ? "not-announced" : "leaving";
  }

  /** RFC 5227 section 2.4: whoever sends ARP from an address claims it. */
  function noteClaim(frame: Uint8Array): void {
    const entry = table.findIpv4(frame, SENDER_IP);
    if (entry && allowsInterface(entry.interfaces, name) && !own.has(frame, SENDER_MAC))
      output.claim(entry, frame, SENDER_MAC);
  }

  return (frame) => {
    if (!isArp(frame)) return "malformed";
    const operation = u16(frame, OPERATION);
    if (operation !== REQUEST && operation !== REPLY) return "malformed";
    if (!isHostMac(frame, SENDER_MAC)) return "malformed";
    const verdict = operation === REPLY ? "reply-packet" : request(frame);
    noteClaim(frame);
    return verdict;
  };
}

const isArp = (frame: Uint8Array): boolean =>
  frame.length >= LENGTH &&
  u16(frame, ETHER_TYPE_OFFSET) === ETHER_TYPE.arp &&
  i32(frame, HARDWARE_AND_PROTOCOL) === 0x0001_0800 &&
  u16(frame, LENGTHS) === 0x0604;

/** RFC 826: the sender of the reply is this interface; whom it goes to is filled in for each request. */
function replyTemplate(mac: Mac): Uint8Array {
  const anyIp = "0.0.0.0" as Ipv4;
  const payload = encodeArp({
    operation: "reply",
    senderMac: mac,
    senderIp: anyIp,
    targetMac: ZERO_MAC,
    targetIp: anyIp,
  });
  return encodeEthernet({ destination: ZERO_MAC, source: mac, etherType: ETHER_TYPE.arp, payload });
}
