import {
  type ArpPacket,
  arpProbe,
  arpReply,
  arpRequest,
  decodeArp,
  encodeArp,
  gratuitousReply,
  gratuitousRequest,
} from "@heraldlb/arp";
import { decodeEthernet, ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { BROADCAST_MAC, type Ipv4, type Mac, macFromBytes } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AddressTable } from "./address-table.ts";
import { arpResponder } from "./arp-responder.ts";
import { OwnMacs } from "./frame-bytes.ts";

const OWN = "02:00:00:00:00:01" as Mac;
const OTHER = "02:00:00:00:00:02" as Mac;
const CLIENT = { mac: OTHER, ip: "192.0.2.9" as Ipv4 };
const SERVED = "192.0.2.1" as Ipv4;

function start(mode: "all" | "requests" | "none" = "all") {
  const table = new AddressTable();
  table.define({ id: SERVED, addresses: [{ address: SERVED, interfaces: ["eth0"] }] });
  table.setMode(SERVED, mode);
  const own = new OwnMacs();
  own.replace([OWN, "02:00:00:00:00:0a" as Mac]);
  const sent: Uint8Array[] = [];
  const heard: string[] = [];
  const output = {
    send: (reply: Uint8Array) => sent.push(reply.slice()) > 0,
    claim: ({ address }: { address: string }, frame: Uint8Array, at: number) =>
      heard.push(`claim ${address} ${macFromBytes(frame.slice(at, at + 6))}`),
    probe: ({ address }: { address: string }, frame: Uint8Array, at: number) =>
      heard.push(`probe ${address} ${macFromBytes(frame.slice(at, at + 6))}`),
  };
  const on = (name: string) => arpResponder({ name, mac: OWN, own }, table, output);
  return { table, sent, heard, on, respond: on("eth0") };
}

const frame = (packet: ArpPacket, destination: Mac = BROADCAST_MAC, source: Mac = packet.senderMac): Uint8Array =>
  encodeEthernet({ destination, source, etherType: ETHER_TYPE.arp, payload: encodeArp(packet) });

const request = arpRequest(CLIENT, SERVED);
const answer = arpReply(request, OWN);

describe("an announced address", () => {
  test.each([
    ["broadcast", BROADCAST_MAC],
    ["sent to this interface", OWN],
  ])("is told in answer to a request that is %s", (_how, destination) => {
    const { respond, sent, heard } = start();
    expect(respond(frame(request, destination))).toBe("answered");
    expect(sent).toEqual([frame(answer, OTHER, OWN)]);
    expect(heard).toEqual([]);
  });

  test("is told to the sender in the ARP packet, even if another one sent the frame", () => {
    const { respond, sent } = start();
    respond(frame(request, BROADCAST_MAC, "02:00:00:00:00:03" as Mac));
    expect(decodeEthernet(sent[0] as Uint8Array).destination).toBe(OTHER);
  });

  test("is defended against a probe, which is reported", () => {
    const { respond, sent, heard } = start();
    const probe = arpProbe(OTHER, SERVED);
    expect(respond(frame(probe))).toBe("answered");
    expect(sent).toEqual([frame(arpReply(probe, OWN), OTHER, OWN)]);
    expect(heard).toEqual([`probe ${SERVED} ${OTHER}`]);
  });

  test("is defended against a gratuitous request, which is reported", () => {
    const { respond, sent, heard } = start();
    expect(respond(frame(gratuitousRequest(OTHER, SERVED)))).toBe("answered");
    expect(sent).toHaveLength(1);
    expect(heard).toEqual([`claim ${SERVED} ${OTHER}`]);
  });

  test("is counted", () => {
    const { respond, table } = start();
    respond(frame(request));
    respond(frame(request));
    expect(table.takeCounts()).toEqual([{ address: SERVED, requests: 2, responses: 2, gratuitous: 0 }]);
    expect(table.takeCounts()).toEqual([]);
  });
});

describe("no answer", () => {
  test.each<[string, Uint8Array, string]>([
    ["to a reply", frame(arpReply(request, OTHER), OWN), "reply-packet"],
    ["to a frame for another host", frame(request, "02:00:00:00:00:03" as Mac), "wrong-destination"],
    ["for an address that is not announced", frame(arpRequest(CLIENT, "192.0.2.2" as Ipv4)), "not-announced"],
    ["to a sender with a group address", frame({ ...request, senderMac: "03:00:00:00:00:02" as Mac }), "malformed"],
    ["to a sender without an address", frame({ ...request, senderMac: "00:00:00:00:00:00" as Mac }), "malformed"],
  ])("%s", (_what, bytes, verdict) => {
    const { respond, sent } = start();
    expect(respond(bytes)).toBe(verdict);
    expect(sent).toEqual([]);
  });

  test("on an interface that the address is not announced on", () => {
    const { on, sent, heard } = start();
    expect(on("eth1")(frame(request))).toBe("wrong-interface");
    on("eth1")(frame(gratuitousReply(OTHER, SERVED)));
    expect(sent).toEqual([]);
    expect(heard).toEqual([]);
  });

  test("in mode none, though probes and claims are reported", () => {
    const { respond, sent, heard, table } = start("none");
    expect(respond(frame(request))).toBe("not-announced");
    expect(respond(frame(arpProbe(OTHER, SERVED)))).toBe("not-announced");
    respond(frame(gratuitousReply(OTHER, SERVED)));
    expect(sent).toEqual([]);
    expect(heard).toEqual([`probe ${SERVED} ${OTHER}`, `claim ${SERVED} ${OTHER}`]);
    expect(table.takeCounts()).toEqual([]);
  });

  test("to probes and claims while the address is handed over, though requests are answered", () => {
    const { respond, sent } = start("requests");
    expect(respond(frame(arpProbe(OTHER, SERVED)))).toBe("leaving");
    expect(respond(frame(gratuitousRequest(OTHER, SERVED)))).toBe("leaving");
    expect(sent).toEqual([]);
    expect(respond(frame(request))).toBe("answered");
  });
});

test("frames of this node's own MAC addresses are neither claims nor probes", () => {
  const { respond, heard } = start();
  respond(frame(gratuitousReply("02:00:00:00:00:0a" as Mac, SERVED)));
  respond(frame(arpProbe(OWN, SERVED)));
  expect(heard).toEqual([]);
});

test.each(Array.from({ length: 42 }, (_, i) => i))("a request cut to %i bytes is malformed", (length) => {
  const { respond } = start();
  expect(respond(frame(request).subarray(0, length))).toBe("malformed");
});

test.each([
  ["EtherType", 13, 0],
  ["hardware type", 15, 6],
  ["protocol type", 16, 0x86],
  ["hardware length", 18, 8],
  ["protocol length", 19, 16],
  ["operation", 21, 3],
])("a request with another %s is malformed", (_field, offset, value) => {
  const { respond } = start();
  expect(respond(frame(request).with(offset, value))).toBe("malformed");
});

test("whatever comes, only valid requests for the address are answered", () => {
  const valid = frame(request);
  const damage = fc.array(fc.tuple(fc.integer({ min: 0, max: valid.length - 1 }), fc.integer({ min: 0, max: 255 })));
  fc.assert(
    fc.property(damage, (changes) => {
      const { respond, sent } = start();
      const bytes = changes.reduce((frame, [at, value]) => frame.with(at, value), valid);
      if (respond(bytes) !== "answered") return sent.length === 0;
      const { operation, targetIp, senderMac } = decodeArp(bytes.subarray(14));
      const reply = decodeEthernet(sent[0] as Uint8Array);
      return operation === "request" && targetIp === SERVED && reply.destination === senderMac;
    }),
  );
});
