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
import { type Ipv6, type Mac, macFromBytes, multicastMac, solicitedNodeMulticast } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AddressTable } from "./address-table.ts";
import { OwnMacs } from "./frame-bytes.ts";
import { ndpResponder } from "./ndp-responder.ts";

const OWN = "02:00:00:00:00:01" as Mac;
const OTHER = "02:00:00:00:00:02" as Mac;
const LINK_LOCAL = "fe80::1" as Ipv6;
const CLIENT = { mac: OTHER, source: "fe80::2" as Ipv6 };
const SERVED = "2001:db8::1:1" as Ipv6;
const GROUP_MAC = multicastMac(solicitedNodeMulticast(SERVED));

function start(mode: "all" | "requests" | "none" = "all") {
  const table = new AddressTable();
  table.define({ id: SERVED, addresses: [{ address: SERVED, interfaces: ["eth0"] }] });
  table.setMode(SERVED, mode);
  const own = new OwnMacs();
  own.replace([OWN]);
  const sent: Uint8Array[] = [];
  const heard: string[] = [];
  const output = {
    send: (reply: Uint8Array) => sent.push(reply.slice()) > 0,
    claim: ({ address }: { address: string }, frame: Uint8Array, at: number) =>
      heard.push(`claim ${address} ${macFromBytes(frame.slice(at, at + 6))}`),
    probe: ({ address }: { address: string }, frame: Uint8Array, at: number) =>
      heard.push(`probe ${address} ${macFromBytes(frame.slice(at, at + 6))}`),
  };
  const on = (name: string) => ndpResponder({ name, mac: OWN, own, linkLocal: LINK_LOCAL }, table, output);
  return { table, sent, heard, on, respond: on("eth0") };
}

const frame = (packet: NdpPacket, destination: Mac = GROUP_MAC, source: Mac = OTHER): Uint8Array =>
  encodeEthernet({ destination, source, etherType: ETHER_TYPE.ipv6, payload: encodeNdpPacket(packet) });

function decode(bytes: Uint8Array | undefined) {
  const { destination, source, payload } = decodeEthernet(bytes as Uint8Array);
  return { destination, source, packet: decodeNdpPacket(payload) };
}

const solicitation = neighborSolicitation(CLIENT, SERVED);
const { options: _, ...bare } = solicitation.message;
const withoutOption: NdpPacket = { ...solicitation, message: { ...bare, options: [] } };
const probe = neighborProbe(SERVED);

describe("an announced address", () => {
  test.each([
    ["multicast", GROUP_MAC, solicitation],
    ["sent to this interface", OWN, { ...solicitation, destination: SERVED }],
  ])(
    "is told in answer to a solicitation that is %s, without override, from the address itself",
    (_how, to, packet) => {
      const { respond, sent, heard } = start();
      expect(respond(frame(packet, to))).toBe("answered");
      expect(decode(sent[0])).toEqual({
        destination: OTHER,
        source: OWN,
        packet: neighborReply(solicitation, { mac: OWN, source: SERVED }),
      });
      expect(heard).toEqual([]);
    },
  );

  test("is told to the frame's sender when the solicitation has no link-layer option", () => {
    const { respond, sent } = start();
    expect(respond(frame(withoutOption, GROUP_MAC, "02:00:00:00:00:03" as Mac))).toBe("answered");
    expect(decode(sent[0]).destination).toBe("02:00:00:00:00:03");
  });

  test("is defended against a probe by telling all nodes, with override, and the probe is reported", () => {
    const { respond, sent, heard } = start();
    expect(respond(frame(probe))).toBe("answered");
    expect(decode(sent[0])).toEqual({
      destination: multicastMac(ALL_NODES),
      source: OWN,
      packet: unsolicitedAdvertisement({ mac: OWN, source: LINK_LOCAL }, SERVED),
    });
    expect(heard).toEqual([`probe ${SERVED} ${OTHER}`]);
  });

  test("is told rightly after a probe was answered: replies do not mix", () => {
    const { respond, sent } = start();
    respond(frame(probe));
    respond(frame(solicitation));
    expect(decode(sent[1]).packet).toEqual(neighborReply(solicitation, { mac: OWN, source: SERVED }));
  });

  test("is counted", () => {
    const { respond, table } = start();
    respond(frame(solicitation));
    expect(table.takeCounts()).toEqual([{ address: SERVED, requests: 1, responses: 1, gratuitous: 0 }]);
  });
});

test("an advertisement by another host is a claim, whether it names its MAC or not", () => {
  const { respond, heard, sent } = start();
  const claim = unsolicitedAdvertisement({ mac: "02:00:00:00:00:03" as Mac, source: "fe80::3" as Ipv6 }, SERVED);
  expect(respond(frame(claim, multicastMac(ALL_NODES)))).toBe("reply-packet");
  respond(frame({ ...claim, message: { ...claim.message, options: [] } }, multicastMac(ALL_NODES)));
  expect(heard).toEqual([`claim ${SERVED} 02:00:00:00:00:03`, `claim ${SERVED} ${OTHER}`]);
  expect(sent).toEqual([]);
});

test("frames of this node's own MAC addresses are neither claims nor probes", () => {
  const { respond, heard } = start();
  respond(frame(unsolicitedAdvertisement({ mac: OWN, source: LINK_LOCAL }, SERVED), multicastMac(ALL_NODES), OWN));
  respond(frame(probe, GROUP_MAC, OWN));
  expect(heard).toEqual([]);
});

describe("no answer", () => {
  test.each<[string, Uint8Array, string]>([
    ["to a frame for another host", frame(solicitation, "02:00:00:00:00:03" as Mac), "wrong-destination"],
    [
      "for an address that is not announced",
      frame(neighborSolicitation(CLIENT, "2001:db8::2:1:1" as Ipv6)),
      "not-announced",
    ],
    ["with a wrong checksum", frame(solicitation).with(57, 0), "malformed"],
    ["from beyond a router", frame(solicitation).with(21, 254), "malformed"],
    ["to another type", frame(solicitation).with(54, 133), "malformed"],
    ["with another code", frame(solicitation).with(55, 1), "malformed"],
    ["behind an extension header", frame(solicitation).with(20, 0), "malformed"],
    ["with an option of length 0", frame(solicitation).with(79, 0), "malformed"],
    ["with an option that goes beyond the end", frame(solicitation).with(79, 2), "malformed"],
    ["with a payload that goes beyond the frame", frame(solicitation).with(19, 33), "malformed"],
    ["to IPv4", frame(solicitation).with(14, 0x45), "malformed"],
    ["to another EtherType", frame(solicitation).with(12, 0x08), "malformed"],
  ])("%s", (_what, bytes, verdict) => {
    const { respond, sent } = start();
    expect(respond(bytes)).toBe(verdict);
    expect(sent).toEqual([]);
  });

  test("on an interface that the address is not announced on", () => {
    const { on, sent } = start();
    expect(on("eth1")(frame(solicitation))).toBe("wrong-interface");
    expect(sent).toEqual([]);
  });

  test("in mode none, though probes are reported", () => {
    const { respond, sent, heard } = start("none");
    expect(respond(frame(solicitation))).toBe("not-announced");
    respond(frame(probe));
    expect(sent).toEqual([]);
    expect(heard).toEqual([`probe ${SERVED} ${OTHER}`]);
  });

  test("to probes while the address is handed over, though solicitations are answered", () => {
    const { respond } = start("requests");
    expect(respond(frame(probe))).toBe("leaving");
    expect(respond(frame(solicitation))).toBe("answered");
  });
});

test.each(Array.from({ length: 86 }, (_, i) => i))("a solicitation cut to %i bytes is malformed", (length) => {
  const { respond } = start();
  expect(respond(frame(solicitation).subarray(0, length))).toBe("malformed");
});

test("whatever comes, nothing is answered that the codec does not accept", () => {
  const valid = [frame(solicitation), frame(probe), frame(withoutOption)];
  const length = Math.max(...valid.map((bytes) => bytes.length));
  const damage = fc.array(fc.tuple(fc.nat(length - 1), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.constantFrom(...valid), damage, (original, changes) => {
      const { respond, sent } = start();
      const bytes = original.slice();
      for (const [at, value] of changes) bytes[at] = value;
      if (respond(bytes) !== "answered") return sent.length === 0;
      const { message } = decodeNdpPacket(bytes.subarray(14));
      return message.type === "neighborSolicitation" && message.target === SERVED && decode(sent[0]) !== undefined;
    }),
  );
});
