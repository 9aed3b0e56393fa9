import { BROADCAST_MAC, type Ipv4, type Mac, ZERO_MAC } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import {
  arpAnnouncement,
  arpProbe,
  arpReply,
  arpRequest,
  gratuitousReply,
  gratuitousRequest,
  isArpProbe,
  isGratuitous,
} from "./forms.ts";

const mac = "02:00:00:00:00:0a" as Mac;
const other = "02:00:00:00:00:0b" as Mac;
const ip = "192.0.2.1" as Ipv4;
const target = "192.0.2.2" as Ipv4;
const nobody = "0.0.0.0" as Ipv4;

const request = arpRequest({ mac, ip }, target);

describe("forms on the wire", () => {
  test.each([
    ["a request does not know its target's MAC", request, ["request", mac, ip, ZERO_MAC, target]],
    ["a probe does not claim an address (RFC 5227 §2.1.1)", arpProbe(mac, ip), ["request", mac, nobody, ZERO_MAC, ip]],
    [
      "an announcement is a probe that claims it (RFC 5227 §2.3)",
      arpAnnouncement(mac, ip),
      ["request", mac, ip, ZERO_MAC, ip],
    ],
    ["a gratuitous request is addressed to all", gratuitousRequest(mac, ip), ["request", mac, ip, BROADCAST_MAC, ip]],
    ["a gratuitous reply is addressed to all", gratuitousReply(mac, ip), ["reply", mac, ip, BROADCAST_MAC, ip]],
    ["a reply goes back to who asked", arpReply(request, other), ["reply", other, target, mac, ip]],
    [
      "a reply to a probe goes to the address it does not have yet",
      arpReply(arpProbe(mac, ip), other),
      ["reply", other, ip, mac, nobody],
    ],
  ] as const)("%s", (_name, packet, [operation, senderMac, senderIp, targetMac, targetIp]) => {
    expect(packet).toEqual({ operation, senderMac, senderIp, targetMac, targetIp });
  });
});

describe("forms are told apart", () => {
  test.each([
    ["request", request, { probe: false, gratuitous: false }],
    ["reply", arpReply(request, other), { probe: false, gratuitous: false }],
    ["probe", arpProbe(mac, ip), { probe: true, gratuitous: false }],
    ["reply to a probe", arpReply(arpProbe(mac, ip), other), { probe: false, gratuitous: false }],
    ["announcement", arpAnnouncement(mac, ip), { probe: false, gratuitous: true }],
    ["gratuitous request", gratuitousRequest(mac, ip), { probe: false, gratuitous: true }],
    ["gratuitous reply", gratuitousReply(mac, ip), { probe: false, gratuitous: true }],
    ["probe for the unspecified address", arpProbe(mac, nobody), { probe: true, gratuitous: false }],
  ])("%s", (_name, packet, { probe, gratuitous }) => {
    expect(isArpProbe(packet)).toBe(probe);
    expect(isGratuitous(packet)).toBe(gratuitous);
  });
});
